/** Scanning: pick a code of the account, a picture, or paste a text. */
import { api, me } from "./api.js";
import { h, icon, nav, t } from "./dom.js";

const KINDS = { card: "会员卡", follow: "关注码", mini: "小程序码" };

/** The scan view. */
export function scanView(phone) {
  const field = h("input", { "data-test": "paste", placeholder: t("粘贴链接或文字"), "aria-label": t("粘贴链接或文字"), autocomplete: "off" });
  const paste = h("form.paste", { onsubmit: (event) => { event.preventDefault(); go(phone, field); } }, field,
    h("button", { type: "submit", "data-test": "go" }, t("识别")));
  const file = h("input", { type: "file", accept: "image/*", "data-test": "picture", onchange: () => decode(phone, file) });
  const grid = h("div.code-grid", { "data-test": "codes" });
  fill(phone, grid);
  return h("section.view.scan", {}, nav(t("扫一扫"), null),
    h("div.finder", { "aria-hidden": "true" }), h("p.scan-note", {}, t("选一个码、一张图片，或者粘贴内容")),
    h("div.scan-sheet", {}, paste, h("label.album", {}, icon("picture"), h("span", {}, t("从相册选取图片")), file),
      h("h3", {}, t("公众号最近生成的码")), grid));
}

function go(phone, field) {
  const text = field.value.trim();
  if (text) { field.value = ""; phone.scan(text); }
}

async function decode(phone, file) {
  if (!file.files.length) return;
  const found = await phone.act(() => api.decode(file.files[0]));
  file.value = "";
  if (!found) return;
  if (found.texts.length) phone.scan(found.texts[0]);
  else phone.toast(t("图片里没有找到码"));
}

async function fill(phone, grid) {
  const codes = await api.codes().catch(() => []);
  if (!codes.length) { grid.replaceWith(h("p.quiet", {}, t("还没有。公众号生成带参数的二维码或卡券码后会出现在这里。"))); return; }
  grid.append(...codes.map((code) => h("button", { "data-test": "code", "data-scene": code.scene || code.outer_str, "data-kind": code.kind, onclick: () => phone.scan(code.url) },
    h("img", { src: code.picture || `${me.base}/cgi-bin/showqrcode?ticket=${encodeURIComponent(code.ticket)}`, alt: "", loading: "lazy" }),
    h("b", {}, t(KINDS[code.kind])), h("span", {}, code.scene || code.outer_str || "—"))));
}
