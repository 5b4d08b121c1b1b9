/** The web view: the product's pages inside the phone. */
import { h, icon, t } from "./dom.js";

export class WebView {
  constructor(screen, views, phone) {
    this.screen = screen;
    this.views = views;
    this.phone = phone;
    this.view = null;
  }

  get isOpen() {
    return this.view !== null;
  }

  /** Open an address in a fresh frame. */
  open(url) {
    this.close();
    // The first page of a frame adds nothing to the browser's history; every further one adds one step.
    this.pages = 0;
    const title = h("h2", { "data-test": "web-title" }, hostOf(url));
    const bar = h("div.progress.busy");
    this.frame = h("iframe", { src: url, title: t("网页"), name: "webview", "data-test": "webview", allow: "clipboard-write" });
    this.frame.addEventListener("load", () => { this.pages += 1; bar.classList.remove("busy"); });
    const left = h("div.nav-left", {}, h("button", { "aria-label": t("返回"), "data-test": "web-back", onclick: () => this.back() }, icon("back")),
      h("button", { "aria-label": t("关闭"), "data-test": "web-close", onclick: () => this.close() }, icon("close")));
    this.view = h("section.view.web", {}, h("div.nav", {}, left, title, h("span")), bar, this.frame);
    this.views.append(this.view);
    this.screen.classList.remove("dark");
  }

  back() {
    if (this.pages > 1) {
      this.pages -= 2;
      window.history.back();
    } else {
      this.close();
    }
  }

  close() {
    this.view?.remove();
    this.view = null;
  }
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}
