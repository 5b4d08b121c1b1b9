"""flask sync add: how an operator connects a shop."""

from __future__ import annotations

import json

import pytest

from sync import queries
from tests.console.desk import commands

FEED = "https://shop.example.cn/feed"


@pytest.fixture
def add(app, store):
    runner = app.test_cli_runner()

    def run(slug, *, name="线上商城", url=FEED, secret="agreed with the shop"):
        words = ["sync", "add", slug, "--name", name, "--url", url, "--key", "yima", "--json"]
        return runner.invoke(args=words, input=f"{secret}\n")

    return run


def test_an_added_source_is_read_from_then_on(add):
    result = add("tmall")

    made = queries.source_by_slug("tmall")
    assert json.loads(result.stdout.splitlines()[-1]) == {"id": str(made.id), "source": "tmall"}
    assert (made.feed_url, made.key_name, made.enabled) == (FEED, "yima", True)


def test_adding_stands_in_the_audit_without_the_secret(add):
    made = json.loads(add("tmall").stdout.splitlines()[-1])

    [(act, subject, details)] = commands()
    assert (act, subject, details["slug"]) == ("sync.source_set", f"order_source:{made['id']}", "tmall")
    assert "agreed" not in str(details)


def test_the_secret_is_not_stored_in_the_clear(add):
    result = add("tmall", secret="agreed with the shop")

    assert result.exit_code == 0
    assert b"agreed" not in queries.source_by_slug("tmall").secret_sealed


def test_adding_it_again_changes_its_address_and_keeps_its_id(add):
    first = add("tmall")
    again = add("tmall", url=f"{FEED}/v2")

    assert first.stdout.splitlines()[-1] == again.stdout.splitlines()[-1]
    assert queries.source_by_slug("tmall").feed_url == f"{FEED}/v2"


@pytest.mark.parametrize(
    "url", ["ftp://shop.example.cn/feed", "https://me:pass@shop.example.cn/feed", "shop"]
)
def test_an_unusable_address_is_refused_and_leaves_nothing(add, url):
    result = add("tmall", url=url)

    assert result.exit_code == 1
    assert queries.source_by_slug("tmall") is None
    assert commands() == []
