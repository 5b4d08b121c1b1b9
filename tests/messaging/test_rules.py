"""A wording becomes values that WeChat accepts, and nothing in it can run."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messaging import rules
from messaging.errors import BadWording, EmptyValue

FACTS = {variable.name: variable.example for variable in rules.VARIABLES}


@pytest.mark.parametrize("variable", rules.VARIABLES, ids=lambda variable: variable.name)
def test_every_variable_offered_can_be_used(variable):
    for wording in (f"{{{{ {variable.name} }}}}", f"{{{{{variable.name}}}}}"):
        rules.check_wording(wording)
        assert rules.render("thing1", wording, FACTS) == variable.example


def test_plain_words_and_variables_stand_together():
    assert rules.render("thing1", "{{ member.name }}获得{{ points.delta }}", FACTS) == "林小美获得+328"


@pytest.mark.parametrize(
    "wording",
    [
        "", "   ", "\n",
        "{{ member.phone }}", "{{ points }}", "{{ member }}", "{{ nobody.name }}", "{{ name }}", "{{ }}",
        "{{ member.name", "{% if member.name %}x{% endif %}", "{% for one in points %}{% endfor %}",
        "{% set x = 1 %}", "{% include '/etc/passwd' %}", "{% import 'os' as os %}", "{% raw %}",
        "{% raw %}{{ x }}{% endraw %}", "a {# b #} c", "a %} b",
        "{{ 7 * 7 }}", "{{ 'text' }}", "{{ member['name'] }}", "{{ member.name | upper }}", "{{ member.name() }}",
        "{{ member.__class__ }}", "{{ member.name.__class__ }}", "{{ member.name.upper }}", "{{ points.at.year }}",
        "{{ ''.__class__.__mro__ }}", "{{ cycler.__init__.__globals__.os }}", "{{ self }}", "{{ lipsum() }}",
        "{{ member.name ~ points.at }}", "{{ [member.name] }}", "{{ member.name if points.at }}",
        "{{ namespace.x }}", "{{ config.SECRET_KEY }}", "{{ request.cookies }}",
    ],
)  # fmt: skip
def test_what_is_no_plain_text_with_known_variables_is_refused(wording):
    with pytest.raises(BadWording):
        rules.check_wording(wording)
    with pytest.raises(BadWording):
        rules.render("thing1", wording, FACTS)


def test_a_wording_may_have_two_hundred_characters_and_no_more():
    rules.check_wording("山" * 200)

    with pytest.raises(BadWording):
        rules.check_wording("山" * 201)


@pytest.mark.parametrize(
    "payload", ["{{ 7 * 7 }}", "{% raw %}", "{{ points.balance }}", "{#", "]]>", "\\u0000"]
)
def test_what_a_member_is_called_is_never_read_as_a_wording(payload):
    assert rules.render("thing1", "{{ member.name }}", FACTS | {"member.name": payload}) == payload


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("thing3", "山" * 20, "山" * 20),
        ("thing3", "山" * 21, "山" * 19 + "…"),
        ("phrase4", "一二三四五六", "一二三四…"),
        ("character_string2", "9" * 33, "9" * 32),
        ("character_string2", "积分+128", "+128"),
        ("number1", "一共 128", "128"),
        ("amount1", "1" * 14, "1" * 13),
        ("unheard_of", "山" * 21, "山" * 19 + "…"),
        ("thing1", " a \n\n b\t", "a b"),
        ("thing1", "a\u2028b\u202ec\u200bd\ufeffe", "a b c d e"),
        ("thing1", "a\x00b\x1f", "a b"),
    ],
)
def test_a_value_is_one_clean_line_no_longer_than_its_type_allows(key, text, value):
    assert rules.fitted(key, text) == value


@pytest.mark.parametrize(
    ("key", "text"), [("thing1", ""), ("thing1", " \n\u200b"), ("number2", "没有数字"), ("thing1", "\ufeff")]
)
def test_an_empty_value_is_refused_because_wechat_would(key, text):
    with pytest.raises(EmptyValue):
        rules.fitted(key, text)


@given(st.text(max_size=60), st.sampled_from(["thing1", "character_string2", "phrase3", "amount4", "time5"]))
@example("000000000000 0", "amount4")
def test_whatever_a_member_is_called_the_value_fits_or_is_refused(name, key):
    try:
        value = rules.render(key, "{{ member.name }}", FACTS | {"member.name": name})
    except EmptyValue:
        return

    assert 0 < len(value) <= rules.LONGEST[rules.kind_of(key)]
    assert len(value.splitlines()) == 1
    assert value == value.strip()


@given(st.text(alphabet="{}%#.[]()|'\"_ ampebrnositl山\n", max_size=40))
def test_no_wording_does_anything_but_say_something_or_be_refused(wording):
    try:
        rules.render("thing1", wording, FACTS)
    except (BadWording, EmptyValue):
        return
    rules.check_wording(wording)
