/**
 * A page inside WeChat: what is shared of it, and a button that scans a code (JS-SDK, contract sections 1.3 and 12.2).
 *
 * A page says what it wants: <meta name="wx:share" content="title" data-link="/path" data-text="…"> and
 * <button data-wx-scan hidden>. A page that wants nothing loads nothing. Outside WeChat nothing happens either: the
 * button stays hidden.
 */
(function () {
  "use strict";
  var own = document.currentScript.dataset;
  var share = document.querySelector('meta[name="wx:share"]');
  var scan = document.querySelector("[data-wx-scan]");
  if (!/MicroMessenger/i.test(navigator.userAgent) || !(share || scan)) return;

  function load(done) {
    // The package is made for bundlers: it hands itself to `module`.
    window.module = { exports: {} };
    var script = document.createElement("script");
    script.src = own.sdk;
    script.onload = function () { done(window.jWeixin || window.module.exports); };
    document.head.appendChild(script);
  }

  function whole(path) { return new URL(path, location.origin).href; }

  function offer(wx) {
    var shown = { title: share.content, desc: share.dataset.text || "", link: whole(share.dataset.link), imgUrl: share.dataset.picture ? whole(share.dataset.picture) : "" };
    wx.updateAppMessageShareData(shown);
    wx.updateTimelineShareData(shown);
  }

  function scanning(wx) {
    scan.hidden = false;
    scan.addEventListener("click", function () {
      wx.scanQRCode({ needResult: 1, scanType: ["qrCode"], success: function (found) { follow(found.resultStr); } });
    });
  }

  /** Codes of ours only: a foreign address stays unopened, and she is told so. */
  function follow(text) {
    var hosts = (scan.dataset.hosts || "").split(" ").concat(location.host);
    try {
      var url = new URL(text);
      if (/^https?:$/.test(url.protocol) && hosts.indexOf(url.host) >= 0) { location.href = url.href; return; }
    } catch (error) { /* no address at all */ }
    var note = document.querySelector("[data-wx-scan-note]");
    if (note) { note.hidden = false; }
  }

  fetch(own.config + "?url=" + encodeURIComponent(location.href.split("#")[0]), { credentials: "same-origin" })
    .then(function (answer) { if (!answer.ok) throw new Error(String(answer.status)); return answer.json(); })
    .then(function (config) {
      load(function (wx) {
        config.jsApiList = ["updateAppMessageShareData", "updateTimelineShareData", "scanQRCode"];
        wx.config(config);
        wx.ready(function () { if (share) offer(wx); if (scan) scanning(wx); });
      });
    })
    .catch(function () { /* The page is whole without it. */ });
})();
