"""Tags, remarks and the blacklist are as strict as WeChat's."""

import pytest


def people(app, count):
    client = app.test_client()
    return [
        client.post("/sandbox/api/people", json={"name": f"客{n}", "phone": f"139001380{n:02}"}).json
        for n in range(count)
    ]


@pytest.fixture
def tag_id(wechat):
    return wechat.post("/cgi-bin/tags/create", {"tag": {"name": "老客"}})["tag"]["id"]


def test_a_tag_is_made_given_seen_and_taken(wechat, follower, tag_id):
    one = {"openid_list": [follower.openid], "tagid": tag_id}

    wechat.post("/cgi-bin/tags/members/batchtagging", one)
    given = wechat.post("/cgi-bin/tags/getidlist", {"openid": follower.openid})["tagid_list"]
    page = wechat.post("/cgi-bin/user/tag/get", {"tagid": tag_id, "next_openid": ""})
    after = wechat.post("/cgi-bin/user/tag/get", {"tagid": tag_id, "next_openid": page["next_openid"]})
    counted = {tag["id"]: tag["count"] for tag in wechat.get("/cgi-bin/tags/get")["tags"]}
    seen = wechat.get("/cgi-bin/user/info", openid=follower.openid)["tagid_list"]
    wechat.post("/cgi-bin/tags/members/batchuntagging", one)

    assert (given, seen, counted[tag_id]) == ([tag_id], [tag_id], 1)
    assert (page["count"], page["data"]["openid"]) == (1, [follower.openid])
    assert (after["count"], "data" in after, after["next_openid"]) == (0, False, "")
    assert wechat.post("/cgi-bin/tags/getidlist", {"openid": follower.openid})["tagid_list"] == []


@pytest.mark.parametrize(
    ("name", "errcode"), [("老客", 45157), ("", 45157), ("星标组", 45157), ("字" * 11, 45158)]
)
def test_a_name_that_wechat_would_refuse_is_refused(wechat, tag_id, name, errcode):
    assert wechat.post("/cgi-bin/tags/create", {"tag": {"name": name}})["errcode"] == errcode


def test_an_account_has_a_hundred_tags_and_a_person_twenty(wechat, follower):
    made = [wechat.post("/cgi-bin/tags/create", {"tag": {"name": f"标签{n}"}}) for n in range(101)]
    answers = [
        wechat.post(
            "/cgi-bin/tags/members/batchtagging",
            {"openid_list": [follower.openid], "tagid": one["tag"]["id"]},
        )["errcode"]
        for one in made[:21]
    ]

    assert made[100]["errcode"] == 45056
    assert answers == [0] * 20 + [45059]


def test_wechats_own_tags_and_unknown_ones_cannot_be_changed(wechat, tag_id):
    changes = [
        wechat.post("/cgi-bin/tags/update", {"tag": {"id": wanted, "name": "新名"}})["errcode"]
        for wanted in (2, 999, tag_id)
    ]
    gone = [wechat.post("/cgi-bin/tags/delete", {"tag": {"id": tag_id}})["errcode"] for _ in range(2)]

    assert changes == [45058, 45159, 0]
    assert gone == [0, 45159]


@pytest.mark.parametrize(
    ("path", "most"), [("batchtagging", 50), ("batchuntagging", 50), ("batchblacklist", 20)]
)
def test_a_list_is_not_too_long_and_of_followers_only(wechat, follower, mei, app, tag_id, path, most):
    stranger = people(app, 1)[0]["openid"]

    def answer(openids):
        body = {"openid_list": openids, "tagid": tag_id}
        return wechat.post(f"/cgi-bin/tags/members/{path}", body)["errcode"]

    assert answer([follower.openid] * most) == 0
    assert [answer([follower.openid] * (most + 1)), answer([])] == [40032, 40032]
    assert [answer([stranger]), answer(["oNOBODY"])] == [40003, 40003]


def test_who_is_on_the_blacklist_gets_no_message(wechat, follower):
    one = {"openid_list": [follower.openid]}
    message = {"touser": follower.openid, "msgtype": "text", "text": {"content": "你好"}}

    wechat.post("/cgi-bin/tags/members/batchblacklist", one)
    listed = wechat.post("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""})
    refused = wechat.post("/cgi-bin/message/custom/send", message)["errcode"]
    wechat.post("/cgi-bin/tags/members/batchunblacklist", one)

    assert (listed["total"], listed["data"]["openid"], refused) == (1, [follower.openid], 43019)
    assert wechat.post("/cgi-bin/message/custom/send", message)["errcode"] == 0


def test_a_remark_is_short_and_shown(wechat, follower):
    path = "/cgi-bin/user/info/updateremark"
    answers = [
        wechat.post(path, {"openid": follower.openid, "remark": text})["errcode"]
        for text in ("A" * 30, "门店熟客")
    ]

    assert answers == [40035, 0]
    assert wechat.get("/cgi-bin/user/info", openid=follower.openid)["remark"] == "门店熟客"
