"""Files go to WeChat whole, also the second time; what it would refuse stays here. Drafts are kept and published."""

from datetime import timedelta

import pytest

from core.clock import utc_now
from wechat import drafts, media
from wechat.errors import Permanent, Transient, Unknown
from wechat.media import BadMedia
from wechat.uploads import Download

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 5000
JPEG = b"\xff\xd8\xff" + b"cover" * 1000
MP4 = b"\0\0\0\x18ftypmp42" + b"film" * 100
UPLOADIMG, UPLOAD = "/cgi-bin/media/uploadimg", "/cgi-bin/media/upload"


def test_after_a_dead_token_the_whole_file_is_sent_again(calling_app, server):
    server.answers[UPLOADIMG] = [{"errcode": 42001, "errmsg": "expired"}, {"url": "https://mmbiz.qpic.cn/x"}]

    address = media.upload_picture(PNG)

    first, second = (call for call in server.calls if call["path"] == UPLOADIMG)
    assert address == "https://mmbiz.qpic.cn/x"
    assert first["body"] == second["body"]
    assert PNG in second["body"]
    assert first["query"]["access_token"] != second["query"]["access_token"]


def test_a_token_that_stays_dead_is_tried_twice_and_no_more(calling_app, server):
    server.answers[UPLOADIMG] = [{"errcode": 40001, "errmsg": "invalid credential"}]

    with pytest.raises(Transient):
        media.upload_picture(PNG)

    assert server.count(UPLOADIMG) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [("cut", Unknown), (502, Unknown), (b"<html>", Unknown), ({"errcode": 40009}, Permanent)],
)
def test_an_upload_that_fails_says_how_and_holds_no_secret(calling_app, server, answer, error):
    server.answers[UPLOADIMG] = [answer]

    with pytest.raises(error) as failed:
        media.upload_picture(PNG)

    assert "token-" not in str(failed.value)
    assert failed.value.__context__ is None


@pytest.mark.parametrize(
    ("kind", "data", "reason"),
    [
        ("image", b"GIF", "type"),
        ("image", b"", "type"),
        ("image", PNG + b"0" * media.TEMPORARY["image"].largest, "size"),
        ("voice", MP4, "type"),
        ("thumb", JPEG + b"0" * media.TEMPORARY["thumb"].largest, "size"),
        ("news", PNG, "kind"),
    ],
)
def test_a_file_that_wechat_would_refuse_is_not_sent(calling_app, server, kind, data, reason):
    with pytest.raises(BadMedia) as refused:
        media.upload_temporary(kind, data)

    assert (refused.value.reason, server.count(UPLOAD)) == (reason, 0)


@pytest.mark.usefixtures("live_product")
def test_files_come_back_as_they_went(wechat_sandbox):
    before = utc_now()

    kept = [media.upload_temporary(*file) for file in (("image", PNG), ("thumb", JPEG), ("video", MP4))]
    picture, cover, film = (media.get(one.media_id) for one in kept)

    assert (picture, cover) == (Download(PNG, "image/png"), Download(JPEG, "image/jpeg"))
    assert str(film).startswith("http")
    assert all(before + timedelta(days=3) <= one.until <= utc_now() + timedelta(days=3) for one in kept)
    with pytest.raises(Permanent, match="40007"):
        media.get("unknown")


@pytest.mark.usefixtures("live_product")
def test_a_draft_is_kept_changed_published_and_taken_away(wechat_sandbox):
    cover = media.upload_for_good(JPEG)
    first = drafts.Article("新品到店", "<p>欢迎</p>", cover.media_id, need_open_comment=True)

    media_id = drafts.add([first, drafts.Article("第二篇", "好", cover.media_id)])
    drafts.update(media_id, 1, drafts.Article("改过的", "好", cover.media_id))
    kept = drafts.get(media_id)
    count, listed = drafts.listed()
    done = drafts.publishing(drafts.publish(media_id))
    drafts.delete(media_id)

    assert [(one["title"], one["need_open_comment"]) for one in kept] == [("新品到店", 1), ("改过的", 0)]
    assert (count >= 1, listed[0].media_id, listed[0].articles[0]["content"]) == (True, media_id, "")
    assert (done.state, cover.until) == ("published", None)
    with pytest.raises(Permanent, match="40007"):
        drafts.get(media_id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"), ({"title": "字" * 65}, "title"), ({"digest": "字" * 121}, "digest"),
        ({"content": "A" * 1024 * 1024}, "content"), ({"thumb_media_id": ""}, "thumb_media_id"),
    ],
)  # fmt: skip
def test_an_article_that_wechat_would_refuse_is_not_sent(wrong, field):
    fine = {"title": "新品", "content": "好", "thumb_media_id": "m"}

    with pytest.raises(drafts.BadArticle) as refused:
        drafts.add([drafts.Article(**(fine | wrong))])

    assert refused.value.field == field
