/** Cards: the wallet, the offer, one card, and the activation form. */
import { api } from "./api.js";
import { figure, grouped, h, nav, t } from "./dom.js";

function face(card, tag = "div", attributes = {}) {
  const logo = h("span.card-logo", { "aria-hidden": "true" }, card.brand_name[0]);
  if (/^https?:/.test(card.logo_url || "")) {
    const image = h("img", { src: card.logo_url, alt: "", onerror: () => image.replaceWith(card.brand_name[0]) });
    logo.replaceChildren(image);
  }
  const number = card.membership_number || (card.code ? t("待激活") : "");
  const style = `--card-color:${card.color};${card.background_pic_url ? `background-image:url("${encodeURI(card.background_pic_url)}");background-size:cover` : ""}`;
  return h(`${tag}.card`, { style, ...attributes },
    h("span.card-head", {}, logo, h("span", {}, h("strong", {}, card.title), h("span.brand", {}, card.brand_name))),
    h("span.card-foot", {}, h("span.card-number", { "data-test": "card-number" }, number),
      card.status === "active" && card.supply_bonus
        ? h("span.card-points", {}, h("b", { "data-test": "card-points" }, figure(card.bonus)), h("span", {}, t("积分")))
        : h("span.card-small", {}, card.notice || "")));
}

/** The wallet tab. */
export function walletView(phone) {
  const body = h("div.body", {});
  const cards = phone.state.cards;
  if (cards.length) {
    body.append(h("div.wallet", {}, cards.map((card) => face(card, "button", { "data-test": "card", "data-code": card.code, "data-status": card.status, onclick: () => openCard(phone, card.code) }))));
  } else {
    body.append(h("div.nobody", {}, h("p", {}, t("卡包是空的。领取的会员卡会放在这里。"))));
  }
  return h("section.view", {}, nav(t("卡包"), null), body);
}

function openCard(phone, code) {
  phone.open("card", { code });
  api.card(code).catch(() => {});
}

/** The claim sheet. */
export function offerView(phone, { offer }) {
  const claim = async () => {
    button.disabled = true;
    const got = await phone.act(() => api.claim(offer.ticket));
    button.disabled = false;
    if (!got) return;
    phone.path = [{ name: "wallet" }];
    openCard(phone, got.code);
    if (!got.already) phone.toast(t("已领取，放入卡包"));
  };
  const button = h("button.weui-btn.weui-btn_primary", { "data-test": "claim", onclick: claim }, offer.held ? t("查看会员卡") : t("领取会员卡"));
  return h("section.view", {}, nav(offer.brand_name, () => phone.back()),
    h("div.body", {}, h("div.offer", {}, face({ ...offer, code: "" }), h("p.card-text", {}, offer.prerogative), button)));
}

/** One card. */
export function cardView(phone, { code }) {
  const card = phone.state.cards.find((held) => held.code === code);
  if (!card) {
    return h("section.view", {}, nav(t("卡包"), () => phone.back()), h("div.body", {}, h("div.nobody", {}, h("p", {}, t("正在打开会员卡…")))));
  }
  const active = card.status === "active";
  const main = h("div.card-main", {}, face(card, "div", { "data-test": "card-face", "data-status": card.status }));
  if (!active) main.append(h("div.card-action", {}, h("button.weui-btn.weui-btn_primary", { "data-test": "activate", onclick: () => begin(phone, card) }, t("激活会员卡"))));
  const body = h("div.body", {}, main, active && barcode(card), active && figures(card), details(phone, card));
  return h("section.view", {}, nav(card.brand_name, () => phone.back()), body);
}

async function begin(phone, card) {
  if (card.activation === "form" || card.activation === "form_jump") {
    const form = await phone.act(() => api.form(card.code));
    if (form) phone.open("form", { code: card.code, form, card });
    return;
  }
  const answer = await phone.act(() => api.activate(card.code, {}));
  if (answer?.url) phone.visit(answer.url);
}

function barcode(card) {
  return h("div.cells.barcode", {}, h("img", { src: `/sandbox/barcode/${card.code}.svg`, alt: t("条形码") }),
    h("p", { "data-test": "card-code" }, grouped(card.code)), h("p.quiet", {}, card.notice));
}

function figures(card) {
  const lines = card.supply_bonus ? [[t("积分"), figure(card.bonus)]] : [];
  lines.push(...card.custom_fields.filter((field) => field.value).map((field) => [field.name, field.value]));
  return lines.length > 0 && h("dl.figures.cells", {}, lines.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

function details(phone, card) {
  const remove = () => phone.ask(t("删除后可以重新领取，积分会保留。"), t("删除"), async () => {
    if (await phone.act(() => api.removeCard(card.code))) phone.tab("wallet");
  });
  const links = [...card.links];
  if (card.bonus_url) links.unshift({ name: t("积分明细"), url: card.bonus_url, tips: "" });
  return h("div", {},
    card.note && h("p.section-title", { "data-test": "card-note" }, `${t("最近变动")}：${card.note}`),
    links.length > 0 && h("div.cells", {}, links.map((link) => h("button.cell.arrow", { onclick: () => phone.visit(link.url) }, h("span.cell-grow", {}, link.name), h("span.cell-sub", {}, link.tips)))),
    h("p.section-title", {}, t("会员权益")), h("p.card-text", { style: "padding-top:14px" }, card.prerogative),
    h("p.section-title", {}, t("使用须知")), h("p.card-text", { style: "padding-top:14px" }, card.description),
    h("div.cells", { style: "margin:8px 0 24px" },
      card.service_phone && h("div.cell", {}, h("span.cell-label", {}, t("客服电话")), h("span.cell-value", {}, card.service_phone)),
      h("button.cell.danger", { "data-test": "delete-card", onclick: remove }, t("删除会员卡"))));
}

/** The activation form, as WeChat asks it. */
export function formView(phone, { code, form, card }) {
  const inputs = {};
  const cells = form.fields.map((field) => {
    const value = h("input", { value: field.value, readonly: field.verified, "aria-label": t(field.label), "data-test": "form-field", "data-name": field.name, placeholder: field.required ? t("必填") : t("选填"), autocomplete: "off" });
    inputs[field.name] = value;
    return h("label.cell", {}, h("span.cell-label", { style: "margin:0;color:inherit;font-size:inherit" }, t(field.label)), value, field.verified && h("span.verified", { style: "margin:0" }, t("已验证")));
  });
  const agree = h("input", { type: "checkbox", "data-test": "agree", checked: true });
  const problem = h("p.form-problem", { role: "alert", hidden: true });
  const submit = h("button.weui-btn.weui-btn_primary", { type: "submit", "data-test": "submit" }, t("提交"));
  const statement = form.service_statement;
  const send = async (event) => {
    event.preventDefault();
    problem.hidden = agree.checked;
    if (!agree.checked) { problem.textContent = t("请先同意服务声明"); return; }
    submit.disabled = true;
    const fields = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    const answer = await phone.act(() => api.activate(code, fields));
    submit.disabled = false;
    if (!answer) return;
    phone.back();
    if (answer.url) phone.visit(answer.url);
    else phone.toast(t("会员卡已激活"));
  };
  return h("section.view", {}, nav(t("开通会员卡"), () => phone.back()),
    h("form.body", { onsubmit: send, novalidate: true },
      h("div.form-head", {}, h("span.card-logo", { style: `background:${card.color};color:#fff;border:0` }, form.brand_name[0]), h("div", {}, h("strong", {}, form.title), h("div.cell-sub", {}, t("由{name}提供服务", { name: form.brand_name })))),
      h("div.cells", {}, cells),
      h("label.agree", {}, agree, h("span", {}, t("同意将以上信息提供给商户"), statement && [t("，并阅读"), h("button.textlink", { onclick: (event) => { event.preventDefault(); phone.visit(statement.url); } }, `《${statement.name}》`)])),
      problem, submit));
}
