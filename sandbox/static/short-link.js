/** A short link inside the phone is the phone's business; anywhere else the page explains itself. */
const page = document.getElementById("short-link");
if (window.parent !== window) {
  document.body.classList.add("framed");
  if (page.dataset.url) window.parent.postMessage({ type: "sandbox-scan", text: page.dataset.url }, window.location.origin);
}
