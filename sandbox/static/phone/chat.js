/** The conversation with the account. */
import { api, me } from "./api.js";
import { clock, h, icon, nav, t } from "./dom.js";

const GAP_S = 300;
const LINK = /<a\s[^>]*href=["']([^"']+)["'][^>]*>(.*?)<\/a>|(https?:\/\/[^\s<>"'，。）]+)/gi;
let keyboard = false;
let opened = null;

/** One line about a message, for lists and banners. */
export function preview(message) {
  if (message.kind === "news") return message.articles[0]?.title || "";
  if (message.kind === "template" || message.kind === "wxcard") return message.title;
  return (message.text || `[${message.kind}]`).replace(/<[^>]+>/g, "");
}

/** The first tab. */
export function chatList(phone) {
  const { chat, person } = phone.state;
  const last = chat.at(-1);
  const view = h("section.view", {}, nav(t("微信"), null));
  const body = h("div.body", {});
  if (person.following || last) {
    const unread = phone.unread();
    body.append(h("button.row", { "data-test": "chat-row", onclick: () => phone.open("chat") },
      h("span.logo", { "aria-hidden": "true" }, me.account[0]), unread > 0 && h("span.badge", {}, String(unread)),
      h("span.row-text", {}, h("span.row-top", {}, h("span", {}, me.account), last && h("time", {}, clock(last.at))),
        h("span.row-last", {}, last ? preview(last) : t("已关注，打个招呼吧")))));
  } else {
    body.append(h("div.nobody", {}, h("p", {}, t("还没有会话。扫一扫品牌顾问的二维码，或者搜索公众号。")),
      h("button.weui-btn.weui-btn_primary", { onclick: () => phone.tab("scan") }, t("扫一扫")),
      h("button.textlink", { "data-test": "follow", onclick: () => followIt(phone) }, t("搜索并关注“{name}”", { name: me.account }))));
  }
  view.append(body);
  return view;
}

async function followIt(phone) {
  if (await phone.act(() => api.follow())) { phone.open("chat"); phone.toast(t("已关注")); }
}

/** The chat itself. */
export function chatView(phone) {
  const stream = h("div.stream", { "data-test": "chat", role: "log" });
  let before = 0;
  for (const message of phone.state.chat) {
    if (message.at - before > GAP_S) stream.append(h("time", {}, clock(message.at)));
    before = message.at;
    stream.append(shown(phone, message));
  }
  stream.append(h("span", { "data-end": true }));
  return h("section.view", {}, nav(me.account, () => phone.back()), h("div.body", {}, stream), footer(phone));
}

function shown(phone, message) {
  const hook = { "data-test": `message-${message.kind}`, "data-id": message.id };
  if (message.kind === "notice") return h("p.notice", hook, message.text);
  if (message.kind === "news") return news(phone, message.articles[0] || {}, hook);
  if (message.kind === "template") return template(phone, message, hook);
  if (message.pictures) return h("div.sheet", hook, message.pictures.map((src) => h("img.news-picture", { src, alt: "" })));
  const mine = message.from === "person";
  const face = mine ? h(`span.face.face-${me.id % 6}`, { "aria-hidden": "true" }, me.name[0]) : h("span.logo", { "aria-hidden": "true" }, me.account[0]);
  return h(mine ? "div.bubble-row.mine" : "div.bubble-row", hook, face, h("div.bubble", {}, linked(phone, preview2(message))));
}

const preview2 = (message) => message.text || (message.title ? `[${t("卡券")}] ${message.title}` : `[${message.kind}]`);

/** A text whose links open inside the phone; nothing else of it is markup. */
function linked(phone, text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(end, found.index));
    const url = found[1] || found[3];
    parts.push(h("button", { onclick: () => phone.visit(url) }, found[2] || url));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)].filter(Boolean);
}

function news(phone, article, hook) {
  const picture = article.picture && h("img.news-picture", { src: article.picture, alt: "" });
  return h("button.sheet", { ...hook, onclick: () => article.url && phone.visit(article.url) }, picture,
    h("span.sheet-text", { style: "display:block" }, h("strong", {}, article.title), article.description && h("p", {}, article.description)));
}

function template(phone, message, hook) {
  const lines = message.fields.flatMap((field) => [h("dt", {}, field.name), h("dd", {}, field.value)]);
  const inside = [h("div.template-head", {}, message.title), h("dl.template-lines", {}, lines),
    message.url && h("div.sheet-foot.arrow", {}, t("查看详情"))];
  if (!message.url) return h("div.sheet", hook, inside);
  return h("button.sheet", { ...hook, onclick: () => phone.visit(message.url) }, inside);
}

function footer(phone) {
  const { menu, person } = phone.state;
  if (!person.following) {
    return h("div.composer", {}, h("button.textlink", { style: "margin:0 auto", onclick: () => followIt(phone) }, t("关注公众号")));
  }
  const buttons = menu?.button || [];
  if (buttons.length && !keyboard) {
    const toggle = h("button.icon", { "aria-label": t("切换到键盘"), "data-test": "to-keyboard", onclick: () => { keyboard = true; phone.back(); phone.open("chat"); } }, icon("keyboard"));
    return h("div.composer", {}, toggle, h("div.menu-bar", { "data-test": "menu" }, buttons.map((button, index) => menuItem(phone, button, index))));
  }
  const input = h("input", { "aria-label": t("发消息"), "data-test": "message-field", autocomplete: "off", enterkeyhint: "send" });
  const form = h("form.composer", { onsubmit: (event) => { event.preventDefault(); say(phone, input); } },
    buttons.length > 0 && h("button.icon", { "aria-label": t("切换到菜单"), onclick: () => { keyboard = false; phone.back(); phone.open("chat"); } }, icon("lines")),
    input, h("button.send", { type: "submit", "data-test": "send" }, t("发送")));
  return form;
}

async function say(phone, input) {
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  await phone.act(() => api.message(text));
}

function menuItem(phone, button, index) {
  const below = button.sub_button || [];
  const press = () => {
    if (!below.length) { tap(phone, button); return; }
    opened = opened === index ? null : index;
    item.parentElement.querySelectorAll(".submenu").forEach((other) => other.remove());
    if (opened === index) item.prepend(h("div.submenu", {}, below.map((entry) => h("button", { "data-test": "menu-item", onclick: () => { opened = null; tap(phone, entry); } }, entry.name))));
  };
  const item = h("div.menu-item", {}, h("button", { "data-test": below.length ? "menu-button" : "menu-item", onclick: press }, below.length > 0 && h("i.lines"), button.name));
  return item;
}

async function tap(phone, button) {
  document.querySelectorAll(".submenu").forEach((open) => open.remove());
  if (button.type.startsWith("scancode")) { phone.tab("scan"); return; }
  const what = button.type === "view" ? { url: button.url }
    : button.type === "miniprogram" ? { url: button.url, pagepath: button.pagepath }
      : { key: button.key || button.media_id || button.article_id };
  await phone.act(() => api.menu(what));
  if (what.url) phone.visit(what.url);
}
