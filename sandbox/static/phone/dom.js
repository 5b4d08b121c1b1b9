/** Small helpers: elements, words, times. */
const host = document.getElementById("phone") || document.getElementById("journal");
const words = JSON.parse(host?.dataset.words || "{}");

/** The text in the reader's language; {name} is filled in. */
export function t(text, values = {}) {
  return (words[text] || text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Make an element: h("button.cell", {onclick, "data-test": "x"}, "text", child…). */
export function h(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  if (tag === "button" && !attributes.type) element.type = "button";
  return element;
}

const SHAPES = {
  back: "M15 4l-8 8 8 8",
  close: "M5 5l14 14M19 5L5 19",
  chat: "M4 5h16v11H11l-5 4v-4H4z",
  scan: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M4 12h16",
  card: "M3 6h18v13H3zM3 10h18M6 15h5",
  me: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 20c1-4 4-6 8-6s7 2 8 6",
  keyboard: "M3 6h18v12H3zM6 10h1M10 10h1M14 10h1M18 10h0M7 14h10",
  lines: "M4 7h16M4 12h16M4 17h16",
  mini: "M12 3a9 9 0 100 18 9 9 0 000-18zM9 13.2a1.9 1.9 0 101.9 1.9V8.9a1.9 1.9 0 111.9 1.9M11 13.2",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h1",
};

/** A line icon. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  for (const [key, value] of Object.entries({ fill: "none", stroke: "currentColor", "stroke-width": "1.7", "stroke-linecap": "round", "stroke-linejoin": "round" })) path.setAttribute(key, value);
  svg.append(path);
  return svg;
}

const two = (number) => String(number).padStart(2, "0");

/** Hours and minutes of a Unix time. */
export function clock(at) {
  const date = new Date(at * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Thousands apart. */
export const figure = (number) => Number(number).toLocaleString("zh-CN");

/** A code in groups of four. */
export const grouped = (text) => text.replace(/(.{4})(?=.)/g, "$1 ");

/** The navigation bar of a view. */
export function nav(title, onBack, right = null) {
  const back = onBack ? h("button", { "aria-label": t("返回"), onclick: onBack, "data-test": "back" }, icon("back")) : h("span");
  return h("div.nav", {}, back, h("h2", {}, title), right || h("span"));
}
