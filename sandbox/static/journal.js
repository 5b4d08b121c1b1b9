/** The second screen, live. */
import { h, t } from "./phone/dom.js";

const EVERY_MS = 1500;
const MOST = 400;
const page = document.getElementById("journal");
const list = page.querySelector(".entries");
const empty = page.querySelector(".empty");
const filters = page.querySelector(".filters");
const waiting = page.querySelector(".waiting");
let kind = "";
let last = 0;
let wanted = 0;

const two = (number) => String(number).padStart(2, "0");
const time = (at) => { const d = new Date(at * 1000); return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`; };
const failed = (entry) => entry.kind === "push" ? entry.outcome !== "ok" : entry.errcode !== 0;
const OUTCOMES = { ok: "送达", lost: "三次失败", bad_reply: "回复有误" };

async function json(url, options) {
  const response = await fetch(url, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

const send = (url, body, method = "POST") => json(url, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function outcome(entry) {
  if (entry.kind === "push") return `${t(OUTCOMES[entry.outcome] || entry.outcome)} · ${entry.tries.length}${t("次")}`;
  return `${entry.errcode ? entry.errcode : "ok"} · ${entry.ms ?? 0} ms`;
}

function part(title, value) {
  if (value === null || value === undefined || value === "" || (typeof value === "object" && !Object.keys(value).length)) return null;
  return [h("h3", {}, t(title)), h("pre", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2))];
}

function row(entry) {
  const push = entry.kind === "push";
  const about = push ? entry.content?.EventKey || entry.content?.CardId || entry.content?.Content || "" : entry.method;
  const parts = push
    ? [part("内容（已解密）", entry.content), part("回复（已解密）", entry.reply), part("尝试", entry.tries), part("问题", entry.error)]
    : [part("查询参数", entry.query), part("请求", entry.request), part("响应", entry.response)];
  return h("li.entry", { "data-test": "journal-entry", "data-kind": entry.kind, "data-name": push ? entry.event : entry.path },
    h("details", {}, h("summary", {}, h("time", {}, time(entry.at)), h(`span.kind.kind-${entry.kind}`, {}, t(push ? "推送" : "调用")),
      h("span.what", {}, h("b", {}, push ? entry.event : entry.path), h("span", {}, about)),
      h(failed(entry) ? "span.outcome.bad" : "span.outcome", {}, outcome(entry))),
    h("div.detail", {}, parts)));
}

async function look() {
  const mine = wanted;
  const query = new URLSearchParams({ since: last, text: filters.elements.text.value.trim(), kind: kind === "failed" ? "" : kind, limit: last ? 1000 : 200 });
  const entries = await json(`/sandbox/api/journal?${query}`);
  if (mine !== wanted) return;
  for (const entry of entries) {
    last = Math.max(last, entry.id);
    if (kind !== "failed" || failed(entry)) list.prepend(row(entry));
  }
  while (list.children.length > MOST) list.lastChild.remove();
  empty.hidden = list.children.length > 0;
}

function again() {
  wanted += 1;
  last = 0;
  list.replaceChildren();
  look();
}

async function showFaults() {
  const faults = await json("/sandbox/api/faults");
  waiting.replaceChildren(...faults.map((fault) => h("li", {}, h("code", {}, fault.path), h("span", {}, `${describe(fault)} × ${fault.remaining}`))));
  if (faults.length) waiting.append(h("li", {}, h("button", { onclick: async () => { await send("/sandbox/api/faults", {}, "DELETE"); showFaults(); } }, t("全部取消"))));
}

function describe(fault) {
  if (fault.drop) return t(fault.drop === "after" ? "断开，已执行" : "断开，未执行");
  const more = { at_once: "同时推送两次（callback）", reorder: "顺序颠倒（callback）", same_second: "同一秒（callback）" };
  const which = Object.keys(more).find((key) => fault[key]);
  if (which) return t(more[which]);
  if (fault.late_s) return `${t("做了，答得晚（秒）")} ${fault.late_s}`;
  if (fault.twice) return t("推送两次（callback）");
  if (fault.status) return `HTTP ${fault.status}`;
  if (fault.errcode) return String(fault.errcode);
  return `${fault.hang_s} s`;
}

page.querySelector(".segments").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  kind = button.dataset.kind;
  page.querySelectorAll(".segments button").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
  again();
});
filters.addEventListener("submit", (event) => event.preventDefault());
let typed;
filters.elements.text.addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(again, 250); });

page.querySelector(".fault-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { path, kind: which, value, times } = event.target.elements;
  const fault = { path: path.value, times: Number(times.value) };
  if (which.value === "before" || which.value === "after") fault.drop = which.value;
  else if (which.value === "twice") fault.twice = true;
  else fault[which.value] = Number(value.value);
  await send("/sandbox/api/faults", fault).catch((error) => window.alert(error.message));
  showFaults();
});
page.querySelector("[data-test=expire-tokens]").addEventListener("click", async () => { await send("/sandbox/api/tokens/expire", {}); again(); });
page.querySelector("[data-test=verify]").addEventListener("click", async () => {
  const { ok } = await send("/sandbox/api/verify", {});
  page.querySelector(".verify-result").textContent = ok ? t("验证成功") : t("验证失败：没有原样返回 echostr");
});

look();
showFaults();
setInterval(() => { if (filters.elements.live.checked && !document.hidden) { look().catch(() => {}); showFaults().catch(() => {}); } }, EVERY_MS);
