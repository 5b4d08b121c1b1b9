"""Tags, remarks and the blacklist, against the sandbox; long lists are cut as WeChat takes them."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wechat import tags
from wechat.errors import Permanent
from wechat.mass_rules import FEWEST, MOST
from wechat.pieces import pieces

openids = st.lists(st.integers(0, 300).map(lambda n: f"o{n}"), max_size=400)


@given(openids, st.integers(4, 60), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_any_list_is_cut_into_pieces_with_everybody_once(items, longest, shortest):
    found = pieces(items, longest, shortest=shortest)

    together = [item for piece in found for item in piece]
    assert together == list(dict.fromkeys(items))
    assert all(len(piece) <= longest for piece in found)
    assert all(len(piece) >= shortest for piece in found) or len(together) < shortest


def test_nobody_is_left_alone_at_the_end_of_a_group_message():
    sizes = [len(piece) for piece in pieces((f"o{n}" for n in range(20_001)), MOST, shortest=FEWEST)]

    assert sizes == [10_000, 9_999, 2]


@pytest.fixture
def wechat(calling_app, server):
    """A WeChat that takes every list."""
    for path in ("tags/members/batchtagging", "tags/members/batchblacklist"):
        server.answers[f"/cgi-bin/{path}"] = [{"errcode": 0}]
    return server


@pytest.mark.parametrize(
    ("act", "path", "sizes"),
    [(tags.tag, "batchtagging", [50, 50, 20]), (tags.block, "batchblacklist", [20] * 6)],
)
def test_everybody_is_named_once_in_calls_of_the_right_size(wechat, act, path, sizes):
    people = [f"o{n}" for n in range(120)]

    done = act(people * 2, *([7] if act is tags.tag else []))

    sent = [json.loads(call["body"])["openid_list"] for call in wechat.calls if path in call["path"]]
    assert (done, [len(piece) for piece in sent]) == (120, sizes)
    assert [openid for piece in sent for openid in piece] == people


@pytest.fixture
def mei(live_product, wechat_sandbox):
    mei = wechat_sandbox.person("林小美", "13800138911")
    if not mei.see("state")["person"]["following"]:
        mei.follow()
    return mei


def test_a_tag_lives_from_its_making_to_its_end(mei):
    made = tags.create("华东老客")
    tags.tag([mei.openid], made.id)
    counted = {one.id: one for one in tags.everyone()}[made.id]
    have = list(tags.members(made.id)), tags.tags_of(mei.openid)
    tags.rename(made.id, "华南老客")
    renamed = {one.id: one.name for one in tags.everyone()}[made.id]
    tags.untag([mei.openid], made.id)
    left = list(tags.members(made.id))
    tags.delete(made.id)

    assert (made.name, counted.count, have) == ("华东老客", 1, ([mei.openid], [made.id]))
    assert (renamed, left) == ("华南老客", [])
    with pytest.raises(Permanent, match="45159"):
        list(tags.members(made.id))


@pytest.mark.parametrize("name", ["", "字" * 11])
def test_a_name_that_wechat_would_refuse_is_not_sent(wechat, name):
    with pytest.raises(tags.BadTag):
        tags.create(name)

    assert wechat.count("/cgi-bin/tags/create") == 0


def test_the_blacklist_and_remarks_are_kept_by_wechat(mei):
    tags.block([mei.openid])
    blocked = mei.openid in set(tags.blacklist())
    tags.unblock([mei.openid])
    tags.remark(mei.openid, "门店熟客")

    assert (blocked, mei.openid in set(tags.blacklist())) == (True, False)
    with pytest.raises(tags.BadTag):
        tags.remark(mei.openid, "A" * 30)


def test_operators_see_the_tags_and_what_wechat_refuses(mei, live_app, wechat_sandbox):
    made = tags.create("给运维看")
    runner = live_app.test_cli_runner()

    listed = json.loads(runner.invoke(args=["wechat", "tags", "--json"]).output)
    in_words = runner.invoke(args=["wechat", "tags"]).output
    wechat_sandbox.fault("/cgi-bin/tags/get", errcode=48001)
    refused = runner.invoke(args=["wechat", "tags"])
    tags.delete(made.id)

    assert {"id": made.id, "name": "给运维看", "count": 0} in listed["accounts"][0]["tags"]
    assert "给运维看" in in_words
    assert (refused.exit_code, "48001" in refused.output) == (1, True)
