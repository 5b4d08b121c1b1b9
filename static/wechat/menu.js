// The menu editor while somebody types: sizes, the phone beside it, and the fields that a kind of button needs.
// Without it the page works too: everything is checked and drawn again when the draft is saved.
const encoder = new TextEncoder();
const bytes = (text) => encoder.encode(text).length;
// As menu_rules.py counts: a Chinese character is two halves, a Latin letter one.
const halves = (text) => [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) <= 0xff ? 1 : 2), 0);

function shown(text, most) {
  if (halves(text) <= most) return text;
  const kept = [...text];
  while (halves(kept.join("")) > most) kept.pop();
  return `${kept.join("")}…`;
}

function mark(counter, size, most) {
  counter.textContent = size;
  counter.toggleAttribute("data-over", size > most);
}

function count(input) {
  const hint = document.getElementById(`${input.id}-size`);
  const text = input.value.trim();
  mark(hint.querySelector("[data-count=bytes]"), bytes(text), Number(input.dataset.counted));
  if (!input.dataset.shown) return;
  const most = Number(input.dataset.shown);
  mark(hint.querySelector("[data-count=shown]"), Math.ceil(halves(text) / 2), most / 2);
  const place = input.closest("[data-node]").id;
  const preview = document.querySelector(`[data-preview="${place}"] [data-name]`);
  if (preview) preview.textContent = shown(text, most) || "…";
}

function fit(select) {
  const node = select.closest("[data-node]");
  node.querySelectorAll("[data-for]").forEach((part) => {
    part.hidden = !part.dataset.for.split(" ").includes(select.value);
  });
}

document.querySelectorAll("[data-counted]").forEach((input) => input.addEventListener("input", () => count(input)));
document.querySelectorAll("[data-type]").forEach((select) => select.addEventListener("change", () => fit(select)));
