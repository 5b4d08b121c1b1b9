/** Arm, see and take back what goes wrong. */
import { h, icon, t } from "./phone/dom.js";

const EVERY_MS = 1500;
const page = document.getElementById("journal");
const armed = page.querySelector(".armed");
const none = page.querySelector(".none");
const clearAll = page.querySelector("[data-test=clear-faults]");
const problem = page.querySelector(".problem");
const FLAGS = { before: { drop: "before" }, after: { drop: "after" }, twice: { twice: true }, at_once: { at_once: true }, reorder: { reorder: true }, same_second: { same_second: true } };

const CALLS = [
  ["busy", "系统繁忙", "任何接口，下一次返回 -1", { path: "*", errcode: -1 }],
  ["bad_gateway", "网关错误", "任何接口，下一次是 502 网页", { path: "*", status: 502 }],
  ["hang", "迟迟不答", "8 秒后才开始做", { path: "*", hang_s: 8 }],
  ["late", "做了，答得晚", "马上做完，8 秒后才回答", { path: "*", late_s: 8 }],
  ["cut_after", "做了，连接断开", "事情已经做完，回答没有送到", { path: "*", drop: "after" }],
  ["cut_before", "没做，连接断开", "什么都没有发生", { path: "*", drop: "before" }],
  ["quota", "今天的额度用完", "模板消息，下一次返回 45009", { path: "/cgi-bin/message/template/send", errcode: 45009 }],
  ["whitelist", "IP 不在白名单", "换令牌时返回 40164", { path: "/cgi-bin/stable_token", errcode: 40164 }],
];
const PUSHES = [
  ["lost", "推送丢失", "三次都没有送到", { path: "callback", drop: "before" }],
  ["answer_lost", "回答丢失", "服务器答了，微信没收到，再推一次", { path: "callback", drop: "after" }],
  ["twice", "推送两次", "一次接着一次", { path: "callback", twice: true }],
  ["at_once", "同时推送两次", "两次在同一刻到达", { path: "callback", at_once: true }],
  ["reorder", "顺序颠倒", "等下一个推送之后才到", { path: "callback", reorder: true }],
  ["delay", "推送迟到", "晚 10 秒", { path: "callback", hang_s: 10 }],
  ["same_second", "同一秒", "接下来三个推送的 CreateTime 相同", { path: "callback", same_second: true, times: 3 }],
];
const WORDS = { before: "没有送到", after: "做了，回答没有送到", twice: "两次", at_once: "同时两次", reorder: "顺序颠倒", same_second: "同一秒" };

async function json(url, body, method = "POST") {
  const response = await fetch(url, body ? { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : { method });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

async function arm(fault) {
  problem.hidden = true;
  try {
    await json("/sandbox/api/faults", { times: 1, ...fault });
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
  await show();
}

function preset([name, title, what, fault]) {
  return h("li", {}, h("button.preset", { "data-test": "preset", "data-name": name, onclick: () => arm(fault) },
    h("strong", {}, t(title)), h("span", {}, t(what)), h("code", {}, fault.path === "*" ? t("任何接口") : fault.path)));
}

function describe(fault) {
  const seconds = fault.hang_s ? `${t("晚")} ${fault.hang_s} s` : fault.late_s ? `${t("做了，答得晚")} ${fault.late_s} s` : "";
  const words = Object.keys(WORDS).filter((key) => fault[key] === true || fault.drop === key).map((key) => t(WORDS[key]));
  return [fault.errcode && String(fault.errcode), fault.status && `HTTP ${fault.status}`, seconds, ...words].filter(Boolean).join(" · ");
}

function line(fault) {
  const about = [fault.path === "*" ? t("任何接口") : fault.path, fault.event, fault.appid].filter(Boolean).join(" · ");
  const remove = async () => { await json(`/sandbox/api/faults/${fault.id}`, null, "DELETE").catch(() => {}); show(); };
  return h("li", { "data-test": "armed-fault" }, h("b", {}, `${describe(fault)} × ${fault.remaining}`), h("code", {}, about),
    h("button", { "aria-label": t("取消"), "data-test": "remove-fault", onclick: remove }, icon("close")));
}

let known = "";
async function show() {
  const faults = await json("/sandbox/api/faults", null, "GET");
  const shape = JSON.stringify(faults);
  if (shape === known) return;
  known = shape;
  armed.replaceChildren(...faults.map(line));
  none.hidden = faults.length > 0;
  clearAll.hidden = faults.length === 0;
}

page.querySelector("[data-test=presets-call]").append(...CALLS.map(preset));
page.querySelector("[data-test=presets-push]").append(...PUSHES.map(preset));
clearAll.addEventListener("click", async () => { await json("/sandbox/api/faults", null, "DELETE"); show(); });
page.querySelector(".own-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { path, kind, value, times, event: which, appid } = event.target.elements;
  const what = FLAGS[kind.value] || { [kind.value]: Number(value.value) };
  arm({ path: path.value, times: Number(times.value), event: which.value.trim(), appid: appid.value, ...what });
});
page.querySelector("[data-test=expire-tokens]").addEventListener("click", async () => {
  const { expired } = await json("/sandbox/api/tokens/expire", {});
  page.querySelector(".verify-result").textContent = t("已作废 {count} 个", { count: expired });
});
show();
setInterval(() => { if (!document.hidden) show().catch(() => {}); }, EVERY_MS);
