"""Staff word templates and greetings, and see what became of every message."""

import html
import re
import threading

import pytest

from core.work import transact
from messaging import queries, rules, service
from tests.console.desk import acts, send, signed_in, token_on
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


def word(browser, template, *, seen=1, **entered):
    """Fill in the form of a template, as it was when its version was `seen`."""
    return send(browser, address_of(template), version=str(seen), **entered)


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
    page = text(word(marketer, template, act="preview", **wording))

    assert "林小美的礼物" in shown(page)
    assert 'value="{{ member.name }}的礼物"' in page
    assert stored(template) == before
    assert acts() == []


def test_publishing_makes_the_next_version_and_is_written_down(marketer, template):
    wording = wording_of(template, thing3="  山茶礼 ")
    answer = word(marketer, template, act="publish", **wording)
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
    answer = word(marketer, template, act=act, **wording_of(template, thing3=wrong))
    page = text(answer)

    assert answer.status_code == 400
    assert 'data-test="problem"' in page
    assert "只能使用右侧列出的变量" in page
    assert f'value="{wrong}"' in page
    assert stored(template) == before
    assert acts() == []


def test_a_wording_with_markup_is_shown_as_text(marketer, template):
    wording = wording_of(template, thing3='"><script>x()</script>')
    answer = word(marketer, template, act="preview", **wording)

    assert "<script>x()" not in answer.get_data(as_text=True)


def test_fields_that_the_template_does_not_have_are_left_aside(marketer, template):
    word(marketer, template, act="publish", **wording_of(template, thing99="x"))

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
    versions = [
        transact(lambda words=words, seen=seen: service.publish(template.id, {"thing3": words}, seen=seen))
        for seen, words in ((1, "山茶礼"), (2, "山茶记"))
    ]

    assert versions == [2, 3]
    assert stored(template) == (3, wording_of(template, thing3="山茶记"))


@pytest.mark.parametrize("seen", ["1", "", "中文", "-1", "9" * 30])
def test_who_publishes_over_what_somebody_else_published_hears_so_and_keeps_her_words(
    marketer, template, seen
):
    word(marketer, template, act="publish", **wording_of(template, thing3="山茶礼"))
    answer = word(marketer, template, seen=seen, act="publish", **wording_of(template, thing3="我的措辞"))
    page = text(answer)

    assert answer.status_code == 409
    assert "其他人刚刚发布了第 2 版" in page
    assert 'value="我的措辞"' in page
    assert "山茶礼</dd>" in page.partition('data-test="published-now"')[2]
    assert stored(template) == (2, wording_of(template, thing3="山茶礼"))
    assert len(acts()) == 1

    again = re.search(r'name="version" value="(\d+)"', page)[1]
    assert word(marketer, template, seen=again, act="publish", **wording_of(template, thing3="我的措辞"))
    assert stored(template) == (3, wording_of(template, thing3="我的措辞"))


def test_a_preview_is_still_of_the_version_she_opened(marketer, template):
    page = text(word(marketer, template, seen=1, act="preview", **wording_of(template)))

    assert 'name="version" value="1"' in page


def test_of_six_who_publish_at_one_moment_one_does(live_app, product, template):
    browsers = [signed_in(live_app, "marketer", f"m{number}") for number in range(6)]
    tokens = [token_on(browser, address_of(template)) for browser in browsers]
    words = wording_of(template)
    start, answers = threading.Barrier(6), []

    def publish(number):
        form = words | {
            "thing3": f"词{number}",
            "act": "publish",
            "version": "1",
            "csrf_token": tokens[number],
        }
        start.wait()
        answers.append((browsers[number].post(address_of(template), data=form).status_code, f"词{number}"))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [said for status, said in answers if status == 303]
    assert sorted(status for status, _said in answers) == [303, *[409] * 5]
    assert stored(template) == (2, words | {"thing3": winner})
    assert acts() == [("messaging.published", f"template:{template.id}")]
