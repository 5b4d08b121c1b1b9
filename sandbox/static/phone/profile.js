/** Who holds the phone. */
import { api, me } from "./api.js";
import { h, nav, t } from "./dom.js";

/** The last tab. */
export function profileView(phone) {
  const person = phone.state.person;
  const leave = () => phone.ask(t("取消关注后，将不再收到该公众号的消息。"), t("取消关注"), async () => {
    if (await phone.act(() => api.unfollow())) phone.toast(t("已取消关注"));
  });
  const join = async () => { if (await phone.act(() => api.follow())) phone.toast(t("已关注")); };
  const line = (label, value) => h("div.cell", {}, h("span.cell-label", {}, label), h("span.cell-value", {}, value || "—"));
  return h("section.view", {}, nav(t("我"), null), h("div.body", {},
    h("div.profile", {}, h(`span.face.face-${me.id % 6}`, { "aria-hidden": "true" }, me.name[0]), h("div", {}, h("strong", {}, me.name), h("p", {}, person.openid || ""))),
    h("div.cells", {}, line(t("绑定手机号"), person.phone), line("UnionID", person.unionid)),
    h("div.cells", {}, line(t("公众号"), me.account),
      person.following ? h("button.cell.danger", { "data-test": "unfollow", onclick: leave }, t("取消关注"))
        : h("button.cell", { "data-test": "follow", style: "justify-content:center;color:#05803f", onclick: join }, t("关注公众号"))),
    h("div.cells", {}, h("a.cell.arrow", { href: "/" }, h("span.cell-grow", {}, t("换一个人"))))));
}
