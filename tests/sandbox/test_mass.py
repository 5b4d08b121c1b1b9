"""Files, drafts and group messages are as strict as WeChat's; permanent codes can be used up."""

import json

import pytest
from urllib3.filepost import encode_multipart_formdata

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
JPEG = b"\xff\xd8\xff" + b"0" * 100
MP4 = b"\0\0\0\x18ftypmp42" + b"0" * 100
SENDALL, SEND = "/cgi-bin/message/mass/sendall", "/cgi-bin/message/mass/send"


def upload(wechat, data, path="/cgi-bin/media/upload", name="media", **query):
    # Encoded here: the test client would leave a temporary file open for a large body.
    fields = {name: ("file.bin", data)} if data is not None else {"other": "field"}
    body, content_type = encode_multipart_formdata(fields)
    query["access_token"] = wechat.token
    answer = wechat.client.post(path, data=body, query_string=query, content_type=content_type)
    return json.loads(answer.data)


@pytest.fixture
def cover(wechat):
    return upload(wechat, JPEG, "/cgi-bin/material/add_material", type="image")["media_id"]


@pytest.fixture
def draft(wechat, cover):
    article = {"title": "新品", "content": "<p>到店</p>", "thumb_media_id": cover}
    return wechat.post("/cgi-bin/draft/add", {"articles": [article]})["media_id"]


@pytest.fixture
def everybody(app):
    """Three followers."""
    client = app.test_client()
    people = client.get("/sandbox/api/people").json[:3]
    for person in people:
        client.post(f"/sandbox/api/people/{person['id']}/follow")
    return people


def said(app, person):
    chat = app.test_client().get(f"/sandbox/api/people/{person['id']}/chat").json
    return [message for message in chat if message["from"] == "account"]


def hello(**more):
    return {"msgtype": "text", "text": {"content": "你好"}, **more}


@pytest.mark.parametrize(
    ("kind", "data", "errcode"),
    [
        ("image", PNG, 0),
        ("image", MP4, 40005),
        ("image", PNG + b"0" * 10 * 1024 * 1024, 40006),
        ("voice", b"ID3" + b"0" * 2 * 1024 * 1024, 40006),
        ("thumb", JPEG + b"0" * 64 * 1024, 40006),
        ("thumb", PNG, 40005),
        ("video", MP4, 0),
        ("gif", PNG, 40004),
        ("image", None, 41005),
    ],
)
def test_a_file_is_of_its_kind_and_size(wechat, kind, data, errcode):
    assert upload(wechat, data, type=kind).get("errcode", 0) == errcode


def test_a_file_comes_back_for_three_days_and_a_film_as_an_address(wechat, world):
    picture, film = upload(wechat, PNG, type="image"), upload(wechat, MP4, type="video")

    def get(media_id):
        query = {"access_token": wechat.token, "media_id": media_id}
        return wechat.client.get("/cgi-bin/media/get", query_string=query)

    back, address = get(picture["media_id"]), get(film["media_id"])
    world.store.run("UPDATE media SET expires = 1 WHERE kind = 'image'")

    assert (back.data, back.content_type) == (PNG, "image/png")
    assert json.loads(address.data)["video_url"].startswith("http")
    assert json.loads(get(picture["media_id"]).data)["errcode"] == 40007


def test_a_draft_is_kept_changed_listed_published_and_deleted(wechat, draft, cover):
    changed = {"title": "上新", "content": "<p>好</p>", "thumb_media_id": cover}

    wechat.post("/cgi-bin/draft/update", {"media_id": draft, "index": 0, "articles": changed})
    kept = wechat.post("/cgi-bin/draft/get", {"media_id": draft})["news_item"]
    listed = wechat.post("/cgi-bin/draft/batchget", {"offset": 0, "count": 20, "no_content": 1})
    publish_id = wechat.post("/cgi-bin/freepublish/submit", {"media_id": draft})["publish_id"]
    published = wechat.post("/cgi-bin/freepublish/get", {"publish_id": publish_id})
    gone = [wechat.post("/cgi-bin/draft/delete", {"media_id": draft})["errcode"] for _ in range(2)]

    assert [one["title"] for one in kept] == ["上新"]
    assert (listed["total_count"], listed["item"][0]["content"]["news_item"][0]["content"]) == (1, "")
    assert (published["publish_status"], gone) == (0, [0, 40007])


@pytest.mark.parametrize(
    ("wrong", "errcode"),
    [
        ({"title": "字" * 65}, 45003),
        ({"digest": "字" * 121}, 45004),
        ({"content": "<script>"}, 45166),
        ({"thumb_media_id": "unknown"}, 40007),
        ({"colour": "red"}, 47001),
    ],
)
def test_an_article_that_wechat_would_refuse_is_refused(wechat, cover, wrong, errcode):
    article = {"title": "新品", "content": "<p>到店</p>", "thumb_media_id": cover} | wrong

    assert wechat.post("/cgi-bin/draft/add", {"articles": [article]})["errcode"] == errcode


def test_a_cover_has_to_be_in_the_library(wechat):
    article = {
        "title": "新品",
        "content": "好",
        "thumb_media_id": upload(wechat, PNG, type="image")["media_id"],
    }

    assert wechat.post("/cgi-bin/draft/add", {"articles": [article]})["errcode"] == 40007


def test_a_group_message_is_on_every_phone_and_its_result_is_pushed(app, wechat, everybody, receiver, draft):
    tag_id = wechat.post("/cgi-bin/tags/create", {"tag": {"name": "老客"}})["tag"]["id"]
    wechat.post(
        "/cgi-bin/tags/members/batchtagging", {"openid_list": [everybody[0]["openid"]], "tagid": tag_id}
    )
    article = {"msgtype": "mpnews", "mpnews": {"media_id": draft}}

    wechat.post(SENDALL, hello(filter={"is_to_all": True}))
    result = receiver.wait_for("MASSSENDJOBFINISH")
    wechat.post(SENDALL, article | {"filter": {"is_to_all": False, "tag_id": tag_id}})

    assert [[one["kind"] for one in said(app, person)] for person in everybody] == [
        ["text", "news"], ["text"], ["text"],
    ]  # fmt: skip
    figures = [result[name] for name in ("Status", "TotalCount", "FilterCount", "SentCount", "ErrorCount")]
    assert figures == ["send success", "3", "3", "3", "0"]


def test_one_clientmsgid_is_one_job_within_a_day(app, wechat, everybody, world):
    body = hello(filter={"is_to_all": True}, clientmsgid="a" * 64)

    first, again = wechat.post(SENDALL, body), wechat.post(SENDALL, body)
    world.store.run("UPDATE mass_jobs SET at = at - 90000")
    third = wechat.post(SENDALL, body)

    assert (again["errcode"], again["msg_id"]) == (45065, first["msg_id"])
    assert third["errcode"] == 0
    assert len(said(app, everybody[0])) == 2
    assert wechat.post(SENDALL, body | {"clientmsgid": "a" * 65})["errcode"] == 45067


def test_nobody_gets_five_in_a_month(app, wechat, everybody):
    two = [person["openid"] for person in everybody[:2]]
    for number in range(4):
        wechat.post(SEND, hello(touser=two, clientmsgid=f"m{number}"))

    refused = wechat.post(SEND, hello(touser=two, clientmsgid="m5"))["errcode"]
    filtered = wechat.post(SENDALL, hello(filter={"is_to_all": True}))["errcode"]

    assert (refused, filtered) == (45028, 0)
    assert [len(said(app, person)) for person in everybody] == [4, 4, 1]
    assert app.test_client().get(f"/sandbox/api/people/{everybody[0]['id']}/mass").json == {"left": 0}


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        (SEND, {"touser": ["oONE"]}, 40130),
        (SEND, {"touser": ["oONE", "oTWO"]}, 40003),
        (SEND, {"touser": ["o"] * 10_001}, 40032),
        (SENDALL, {"filter": {"is_to_all": False, "tag_id": 999}}, 45159),
        (SENDALL, {"filter": {"is_to_all": True}, "text": {"content": "字" * 700}}, 45002),
        (SENDALL, {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": "x"}}, 40007),
        (SENDALL, {"filter": {"is_to_all": True}, "msgtype": "image", "images": {"media_ids": ["x"]}}, 40007),
        (SENDALL, {"filter": {"is_to_all": True}, "msgtype": "voice", "voice": {"media_id": "x"}}, 40007),
        (SENDALL, {"filter": {"is_to_all": True}, "msgtype": "fax"}, 40008),
        (SENDALL, {}, 41011),
        ("/cgi-bin/message/mass/get", {"msg_id": 1}, 40059),
        ("/cgi-bin/message/mass/delete", {"msg_id": 1}, 40059),
        ("/cgi-bin/message/mass/speed/set", {"speed": 5}, 45083),
    ],
)
def test_a_wrong_group_message_is_refused(wechat, everybody, path, body, errcode):
    assert wechat.post(path, hello() | body)["errcode"] == errcode


def test_a_job_that_the_audit_stops_reaches_nobody(app, wechat, everybody, receiver):
    app.test_client().post("/sandbox/api/mass", json={"status": "err(10001)"})

    job = wechat.post(SENDALL, hello(filter={"is_to_all": True}))

    assert receiver.wait_for("MASSSENDJOBFINISH")["Status"] == "err(10001)"
    assert wechat.post("/cgi-bin/message/mass/get", {"msg_id": job["msg_id"]})["msg_status"] == "SEND_FAIL"
    assert said(app, everybody[0]) == []


def test_a_preview_reaches_one_and_counts_for_nothing(app, wechat, everybody):
    wechat.post("/cgi-bin/message/mass/preview", hello(touser=everybody[0]["openid"]))

    assert [len(said(app, person)) for person in everybody] == [1, 0, 0]
    assert app.test_client().get(f"/sandbox/api/people/{everybody[0]['id']}/mass").json == {"left": 4}


def test_permanent_codes_can_be_used_up(wechat, browser):
    browser.post("/sandbox/api/permanent-codes", json={"limit": 1})

    def make(scene):
        body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
        return wechat.post("/cgi-bin/qrcode/create", body)

    first, second, again = make("a"), make("b"), make("a")

    assert second["errcode"] == 45029
    assert again == first
