/** A plain mini-program: what it was opened with, login, phone, subscribe messages, and what it received. */
import { api } from "./api.js";
import { clock, h, nav, t } from "./dom.js";

const MOST_ASKED = 3;
const NAMES = { scene: "scene", q: "q", code_ticket: "code_ticket" };
// What the buttons gave last; kept while the view is drawn anew.
const given = { login: "", phone: "" };

/** The mini-program's only page. */
export function miniView(phone) {
  const mini = phone.state.mini;
  if (!mini) return h("section.view", {}, nav(t("小程序"), null), h("div.body", {}, h("div.nobody", {}, h("p", {}, t("正在打开小程序…")))));
  return h("section.view.mini", { "data-test": "mini" },
    h("div.nav.mini-nav", {}, h("span"), h("h2", {}, mini.name), h("span.capsule", { "aria-hidden": "true" }, h("i"), h("b"))),
    h("div.body", {}, opened(mini), actions(phone, mini), templates(phone, mini), received(mini)));
}

function opened(mini) {
  const launch = mini.opened;
  if (!launch) return h("section.mini-part", {}, h("h3", {}, t("打开方式")), h("p.mini-quiet", {}, t("还没有扫码进来过。用扫一扫扫小程序码，或者下面直接试。")));
  const query = Object.entries(launch.query);
  return h("section.mini-part", {}, h("h3", {}, t("打开方式")),
    h("dl.mini-facts", { "data-test": "mini-opened" },
      h("dt", {}, t("页面")), h("dd", {}, h("code", {}, launch.path)),
      h("dt", {}, t("场景值")), h("dd", {}, h("code", {}, String(launch.scene)), ` ${clock(launch.at)}`),
      query.map(([name, value]) => [h("dt", {}, name), h("dd", { "data-test": `mini-${name}` }, h("code", {}, value), decoded(name, value))])));
}

function decoded(name, value) {
  if (!NAMES[name]) return null;
  try {
    const plain = decodeURIComponent(value);
    return plain === value ? null : h("span.mini-plain", {}, plain);
  } catch {
    return null;
  }
}

function actions(phone, mini) {
  const take = (name, work) => async () => {
    const answer = await phone.act(work);
    if (answer) { given[name] = answer.code; phone.go(); }
  };
  const row = (name, label, hint, work) => h("div.mini-action", {},
    h("button.mini-button", { "data-test": `mini-${name}`, onclick: take(name, work) }, t(label)),
    h("p", { "data-test": `mini-${name}-code` }, given[name] ? h("code", {}, given[name]) : t(hint)));
  return h("section.mini-part", {}, h("h3", {}, t("接口")),
    row("login", "登录", "wx.login 给出的 code，用一次", () => api.miniLogin(mini.appid)),
    row("phone", "手机号", "手机号按钮给出的 code，用一次", () => api.miniPhone(mini.appid)),
    h("div.mini-action", {}, h("button.mini-button", { "data-test": "mini-subscribe", onclick: () => ask(phone, mini, mini.templates.slice(0, MOST_ASKED)) }, t("订阅消息")),
      h("p", {}, t("弹出订阅框，最多三个模板"))));
}

function templates(phone, mini) {
  if (!mini.templates.length) return null;
  return h("section.mini-part", {}, h("h3", {}, t("订阅消息")), h("ul.mini-templates", {}, mini.templates.map((one) =>
    h("li", { "data-test": "mini-template", "data-template": one.template_id }, h("span", {}, one.title),
      h("b", {}, t("还可发 {count} 条", { count: one.remaining })),
      h("button.textlink", { onclick: () => ask(phone, mini, [one]) }, t("再问一次"))))));
}

/** The dialog of wx.requestSubscribeMessage: a tick for each template. */
function ask(phone, mini, asked) {
  if (!asked.length) { phone.toast(t("小程序还没有订阅消息模板")); return; }
  const boxes = asked.map((one) => [one, h("input", { type: "checkbox", checked: true, "data-test": "mini-tick" })]);
  const close = async (answer) => {
    dialog.remove();
    const answers = Object.fromEntries(boxes.map(([one, box]) => [one.template_id, answer(box)]));
    if (await phone.act(() => api.miniSubscribe(mini.appid, answers))) phone.toast(t("已回答"));
  };
  const dialog = h("div.mini-dialog", { role: "dialog", "aria-label": t("订阅消息"), "data-test": "mini-dialog" }, h("div", {},
    h("h4", {}, h("span.logo", { "aria-hidden": "true" }, mini.name[0]), t("{name} 申请发送一次以下消息", { name: mini.name })),
    boxes.map(([one, box]) => h("label", {}, box, h("span", {}, one.title))),
    h("footer", {}, h("button", { "data-test": "mini-reject", onclick: () => close(() => "reject") }, t("取消")),
      h("button.yes", { "data-test": "mini-accept", onclick: () => close((box) => (box.checked ? "accept" : "reject")) }, t("允许")))));
  document.getElementById("phone").append(dialog);
  dialog.querySelector(".yes").focus();
}

function received(mini) {
  const messages = [...mini.messages].reverse().filter((message) => message.kind === "subscribe");
  if (!messages.length) return h("section.mini-part", {}, h("h3", {}, t("服务通知")), h("p.mini-quiet", {}, t("还没有收到消息。")));
  return h("section.mini-part", {}, h("h3", {}, t("服务通知")), messages.map((message) =>
    h("article.sheet", { "data-test": "message-subscribe", "data-id": message.id },
      h("div.template-head", {}, message.title, h("time", {}, clock(message.at))),
      h("dl.template-lines", {}, message.fields.map((field) => [h("dt", {}, field.name), h("dd", {}, field.value)])),
      message.page && h("div.sheet-foot", {}, h("span", {}, t("进入小程序")), h("code", {}, message.page)))));
}
