/** The phone itself: which view is shown, and the regular look at what is new. */
import { api, me } from "./api.js";
import { chatList, chatView, preview } from "./chat.js";
import { clock, h, icon, t } from "./dom.js";
import { miniView } from "./mini.js";
import { profileView } from "./profile.js";
import { scanView } from "./scan.js";
import { cardView, formView, offerView, walletView } from "./wallet.js";
import { WebView } from "./web.js";

const EVERY_MS = 1500;
const screen = document.getElementById("phone");
const views = screen.querySelector(".views");
const SEEN = `sandbox-seen-${me.id}`;
const DARK = new Set(["scan"]);
const TABS = [["chats", "微信", "chat"], ["scan", "扫一扫", "scan"], ["wallet", "卡包", "card"], ["mini", "小程序", "mini"], ["profile", "我", "me"]].filter(([name]) => name !== "mini" || screen.dataset.mini);

/** What every view may use. */
export const phone = {
  state: { person: {}, chat: [], cards: [], menu: null, mini: null, current: true },
  mini: "",
  path: [{ name: "chats" }],
  seen: Number(localStorage.getItem(SEEN) || 0),

  /** Show a view over the present one. */
  open(name, values = {}) {
    this.path.push({ name, ...values });
    this.go();
  },
  /** Back to the view before. */
  back() {
    if (this.path.length > 1) this.path.pop();
    this.go();
  },
  /** Another view is on top: what was said about the last one is over. */
  go() {
    screen.querySelector(".toast")?.remove();
    draw();
  },
  /** One of the four tabs. */
  tab(name) {
    this.path = [{ name }];
    this.go();
  },
  unread() {
    return this.state.chat.filter((message) => message.id > this.seen && message.from === "account").length;
  },
  readAll() {
    const last = this.state.chat.at(-1);
    if (last && last.id > this.seen) {
      this.seen = last.id;
      localStorage.setItem(SEEN, String(last.id));
    }
  },
  /** Do something, show what went wrong, look at what is new. */
  async act(work) {
    try {
      return await work();
    } catch (error) {
      this.toast(t(error.message));
      return null;
    } finally {
      await refresh();
    }
  },
  toast(text) {
    screen.querySelector(".toast")?.remove();
    const toast = h("div.toast", { role: "status", "data-test": "toast" }, text);
    screen.append(toast);
    setTimeout(() => toast.remove(), 2000);
  },
  ask(text, yes, onYes, no = t("取消")) {
    const close = () => dialog.remove();
    const dialog = h("div.dialog", { role: "alertdialog", "data-test": "dialog" }, h("div", {}, h("p", {}, text), h("footer", {},
      no && h("button", { onclick: close }, no),
      h("button", { "data-test": "dialog-yes", onclick: () => { close(); onYes(); } }, yes))));
    screen.append(dialog);
    dialog.querySelector("button:last-child").focus();
  },
  /** Open an address: our own short links are scanned, everything else is a page. */
  visit(url) {
    if (url.startsWith(`${me.base}/q/`) || url.startsWith(`${me.base}/m/`)) this.scan(url);
    else web.open(url);
  },
  /** The mini-program comes to the front. */
  async enter(appid) {
    web.close();
    this.mini = appid;
    this.path = [{ name: "mini" }];
    await refresh();
    this.go();
  },
  async scan(text) {
    const found = await this.act(() => api.scan(text));
    if (!found) return;
    if (found.kind === "web") web.open(found.url);
    else if (found.kind === "text") this.ask(found.text, t("知道了"), () => {}, null);
    else if (found.kind === "official" && !found.mini) this.ask(`${t("打开小程序")} ${found.wxa_appid} ${found.opens}`, t("知道了"), () => {}, null);
    else if (found.kind === "official") await this.enter(found.mini.appid);
    else if (found.kind === "mini") await this.enter(found.appid);
    else if (found.kind === "card") { web.close(); this.open("offer", { offer: found }); }
    else {
      web.close();
      this.path = [{ name: "chats" }, { name: "chat" }];
      draw();
      if (found.kind === "followed") this.toast(t("已关注"));
    }
  },
};

const web = new WebView(screen, views, phone);
const DRAWERS = { chats: chatList, chat: chatView, scan: scanView, wallet: walletView, profile: profileView, mini: miniView, offer: offerView, card: cardView, form: formView };

function tabs(current) {
  const unread = phone.unread();
  return h("nav.tabs", { "aria-label": t("主要功能") }, TABS.map(([name, label, shape]) =>
    h("button", { "aria-current": String(name === current), "data-test": `tab-${name}`, onclick: () => phone.tab(name) },
      icon(shape), h("span", {}, t(label)), name === "chats" && unread > 0 && h("span.badge", {}, String(unread)))));
}

function draw() {
  const top = phone.path.at(-1);
  if (top.name === "chat") {
    phone.readAll();
    screen.querySelector(".banner")?.remove();
  }
  const view = DRAWERS[top.name](phone, top);
  const isTab = phone.path.length === 1;
  if (isTab) view.append(tabs(top.name));
  screen.classList.toggle("dark", DARK.has(top.name));
  views.querySelectorAll(".view:not(.web)").forEach((old) => old.remove());
  views.prepend(view);
  view.querySelector("[data-end]")?.scrollIntoView({ block: "end" });
}

function announce(fresh) {
  const last = fresh.filter((message) => message.from === "account").at(-1);
  if (!last || phone.path.at(-1).name === "chat" && !web.isOpen) return;
  screen.querySelector(".banner")?.remove();
  const show = () => { banner.remove(); web.close(); phone.path = [{ name: "chats" }, { name: "chat" }]; draw(); };
  const banner = h("button.banner", { onclick: show, "data-test": "banner" }, h("span.logo", { "aria-hidden": "true" }, me.account[0]),
    h("span", {}, h("strong", {}, me.account), h("span", {}, preview(last))));
  screen.append(banner);
  setTimeout(() => banner.remove(), 5000);
}

let known = "";
let first = true;
let asking = null;

async function look() {
  const since = phone.state.chat.at(-1)?.id || 0;
  const state = await api.state(since, phone.mini);
  const fresh = state.chat;
  phone.state = { ...state, chat: [...phone.state.chat, ...fresh] };
  const shape = JSON.stringify([state.person, state.cards, state.menu, state.mini, phone.state.chat.length, state.current]);
  if (shape !== known) {
    known = shape;
    redraw();
    if (!first) announce(fresh);
  }
  first = false;
  if (!state.current) takeBack();
}

/** Draw again, but never under somebody's fingers. */
function redraw() {
  const top = phone.path.at(-1).name;
  const typing = views.contains(document.activeElement) && document.activeElement.matches("input") && document.activeElement.value;
  if (["form", "offer", "scan"].includes(top) || typing && top !== "chat") return;
  const kept = views.querySelector(".composer input");
  const text = kept?.value || "";
  const focused = document.activeElement === kept;
  draw();
  const input = views.querySelector(".composer input");
  if (input && text) input.value = text;
  if (input && focused) input.focus();
}

function refresh() {
  asking ||= look().catch(() => {}).finally(() => { asking = null; });
  return asking;
}

function takeBack() {
  if (screen.querySelector(".dialog")) return;
  phone.ask(t("这个浏览器已经拿起了另一部手机。"), t("换回{name}", { name: me.name }), () => window.location.reload(), null);
}

window.addEventListener("message", (event) => {
  if (event.origin === window.location.origin && event.data?.type === "sandbox-scan") phone.scan(event.data.text);
});
setInterval(() => { screen.querySelector(".status-time").textContent = clock(Date.now() / 1000); }, 1000);
setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
draw();
refresh();
