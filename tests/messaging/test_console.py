"""Staff word templates and greetings, and see what became of every message."""

import html
import re

import pytest

from core.work import transact
from messaging import queries, rules, service
from tests.console.desk import acts, send, signed_in
from tests.member_card.people import work_off
from tests.messaging.member import SEND

pytestmark = pytest.mark.store
INDEX, SENT = "/console/messages/", "/console/messages/sent"


@pytest.fixture
def marketer(live_app, product):
    return signed_in(live_app, "marketer")


@pytest.fixture
def reader(live_app, product):
    return signed_in(live_app, "service")


@pytest.fixture
def template(product):
    return queries.template_by_slug(service.POINTS_CHANGED)


def address_of(template):
    return f"/console/messages/templates/{template.id}"


def wording_of(template, **changes):
    return {field["key"]: field["content"] for field in template.fields} | changes


def text(answer):
    return html.unescape(answer.get_data(as_text=True))


def shown(page):
    """The preview: values as on the phone."""
    return re.findall(r'<dd class="col-8">([^<]*)</dd>', page)


def stored(template):
    queries.db.session.rollback()
    found = queries.template(template.id)
    return found.version, {field["key"]: field["content"] for field in found.fields}


def test_the_list_leads_to_the_template_and_shows_both_greetings(marketer, template):
    page = text(marketer.get(INDEX))

    assert f'href="{address_of(template)}"' in page
    assert page.count('data-test="welcome-form"') == 2
    assert service.WELCOMES["ba"] in page


def test_the_preview_is_what_would_be_sent_and_changes_nothing(marketer, template):
    before = stored(template)
    wording = wording_of(template, thing3="{{ member.name }}的礼物")
    page = text(send(marketer, address_of(template), act="preview", **wording))

    assert "林小美的礼物" in shown(page)
    assert 'value="{{ member.name }}的礼物"' in page
    assert stored(template) == before
    assert acts() == []


def test_publishing_makes_the_next_version_and_is_written_down(marketer, template):
    wording = wording_of(template, thing3="  山茶礼 ")
    answer = send(marketer, address_of(template), act="publish", **wording)
    page = text(marketer.get(answer.headers["Location"]))

    assert answer.status_code == 303
    assert 'data-test="published"' in page
    assert "山茶礼" in shown(page)
    assert stored(template) == (2, wording_of(template, thing3="山茶礼"))
    assert acts() == [("messaging.published", f"template:{template.id}")]


@pytest.mark.parametrize("act", ["preview", "publish"])
@pytest.mark.parametrize(
    "wrong",
    ["", "{{ member.phone }}", "{{ points.delta", "{% for x in y %}", "山" * 201, "{{ config }}", "\u200b"],
)
def test_a_wording_that_cannot_be_used_is_explained_and_what_was_typed_stays(marketer, template, wrong, act):
    before = stored(template)
    answer = send(marketer, address_of(template), act=act, **wording_of(template, thing3=wrong))
    page = text(answer)

    assert answer.status_code == 400
    assert 'data-test="problem"' in page
    assert "只能使用右侧列出的变量" in page
    assert f'value="{wrong}"' in page
    assert stored(template) == before
    assert acts() == []


def test_a_wording_with_markup_is_shown_as_text(marketer, template):
    wording = wording_of(template, thing3='"><script>x()</script>')
    answer = send(marketer, address_of(template), act="preview", **wording)

    assert "<script>x()" not in answer.get_data(as_text=True)


def test_fields_that_the_template_does_not_have_are_left_aside(marketer, template):
    send(marketer, address_of(template), act="publish", **wording_of(template, thing99="x"))

    assert "thing99" not in stored(template)[1]


def test_every_variable_is_explained(marketer, template):
    page = text(marketer.get(address_of(template)))

    assert [one.name for one in rules.VARIABLES if f"{{{{ {one.name} }}}}</code></td><td></td>" in page] == []
    assert [one.name for one in rules.VARIABLES if f"<code>{{{{ {one.name} }}}}</code>" not in page] == []


def test_a_template_nobody_knows_is_not_found(marketer):
    assert marketer.get("/console/messages/templates/12345").status_code == 404
    assert send(marketer, INDEX, "/console/messages/templates/12345").status_code == 404


def test_a_greeting_is_worded_and_written_down(marketer):
    answer = send(marketer, INDEX, "/console/messages/welcome/plain", content=" 山茶记欢迎您 ")

    assert answer.status_code == 303
    assert ">山茶记欢迎您</textarea>" in text(marketer.get(INDEX))
    assert acts() == [("messaging.welcome_worded", "welcome:plain")]


@pytest.mark.parametrize("words", ["", "   ", "山" * 301])
def test_a_greeting_that_cannot_be_used_is_explained_and_what_was_typed_stays(marketer, words):
    answer = send(marketer, INDEX, "/console/messages/welcome/ba", content=words)

    assert answer.status_code == 400
    assert "最多 300 个字" in text(answer)
    assert f">{words}</textarea>" in text(answer)
    assert service.WELCOMES["ba"] in text(marketer.get(INDEX))
    assert acts() == []


@pytest.mark.parametrize("source", ["nobody", "中文", "x" * 200])
def test_a_greeting_for_a_way_nobody_comes_is_not_found(marketer, source):
    assert send(marketer, INDEX, f"/console/messages/welcome/{source}", content="您好").status_code == 404
    assert acts() == []


def test_who_may_only_read_sees_no_buttons_to_change(reader, template):
    pages = text(reader.get(INDEX)) + text(reader.get(address_of(template)))

    assert 'data-test="publish"' not in pages
    assert 'data-test="preview-button"' not in pages
    assert "保存" not in pages


@pytest.mark.parametrize(
    ("errcode", "reason", "english"),
    [
        (43004, "没有关注公众号", "not following the account"),
        (43101, "会员拒收", "refused by the member"),
        (47003, "内容不符合微信的格式", "WeChat"),
        (48001, "微信未接受（48001）", "48001"),
    ],
)
def test_staff_read_in_words_why_a_message_did_not_arrive(
    reader, mei, wechat_sandbox, errcode, reason, english
):
    wechat_sandbox.fault(SEND, errcode=errcode)
    mei.earns()
    work_off()

    page = text(reader.get(SENT))
    assert page.count('data-test="message-row"') == 1
    assert f'data-test="reason">{reason}<' in page
    assert english.casefold() in said(reader.get(f"{SENT}?lang=en"))


def said(answer):
    return re.search(r'data-test="reason">([^<]*)<', text(answer))[1].casefold()


def test_somebody_who_does_not_follow_is_listed_with_the_reason(reader, stranger):
    stranger.earns()
    work_off()

    assert 'data-test="reason">没有关注公众号<' in text(reader.get(SENT))


def test_a_message_that_was_sent_has_no_reason(reader, mei):
    mei.earns()
    work_off()
    page = text(reader.get(SENT))

    assert page.count('data-test="message-row"') == 1
    assert 'data-test="reason"' not in page


def test_the_home_page_counts_templates_that_are_live(marketer):
    assert re.search(r'消息模板</div><div class="y-figure">1<', text(marketer.get("/console/")))


def test_two_who_publish_one_after_the_other_make_two_versions(marketer, template):
    for words in ("山茶礼", "山茶记"):
        transact(lambda words=words: service.publish(template.id, {"thing3": words}))

    assert stored(template)[0] == 3
