"""What the documentation names is there, and what is there is documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

import models
from core import tables
from core.db import db
from crm.orders.schemas import read_record
from settings import ROOT, Settings, WebSettings
from sync.http_feed import signature

DOCS = ROOT / "docs"
CHINESE = sorted(DOCS.glob("*.md"))
ENGLISH = sorted((DOCS / "en").glob("*.md"))
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
PAGES = [*CHINESE, *ENGLISH, *READMES]
# They change or remove nothing that happened; see docs/production.md.
APPEND_ONLY = {"audit_entry", "audit_seal", "consent", "posting", "scan", "touch", "transfer"}
# A file's own lines, as `flask codes show SERIAL`; options and values end the name of a command.
COMMAND = re.compile(r"(?:^|[\s`/])flask ((?:[a-z]+(?:-[a-z]+)* ?)+)")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_both_languages_have_the_same_pages():
    own = {"performance.md"}

    assert {page.name for page in CHINESE} - own == {page.name for page in ENGLISH} - own


@pytest.mark.parametrize("page", [DOCS / "settings.md", DOCS / "en" / "settings.md"], ids=name)
def test_every_setting_stands_in_the_reference(page):
    written = set(re.findall(r"`([A-Z_]+)`", page.read_text(encoding="utf-8")))

    assert {
        field.upper() for kind in (Settings, WebSettings) for field in kind.model_fields
    } - written == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_that_is_shown_exists(app, page):
    for words in COMMAND.findall(page.read_text(encoding="utf-8")):
        group, rest = app.cli, words.split()
        assert rest[0] in group.commands, words
        while rest and isinstance(group, click.Group) and rest[0] in group.commands:
            group = group.commands[rest.pop(0)]
        # A group that does nothing by itself was followed by something that it does not have.
        assert not isinstance(group, click.Group) or group.invoke_without_command or not rest, words


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_picture_that_is_shown_exists(page):
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))

    assert [picture for picture in shown if not (page.parent / picture).exists()] == []


@pytest.mark.parametrize("page", [DOCS / "production.md", DOCS / "en" / "production.md"], ids=name)
def test_the_grants_name_every_table_and_let_history_only_grow(page):
    text = page.read_text(encoding="utf-8")
    grants = {
        table: rights
        for rights, table in re.findall(r"^GRANT ([A-Z, ]+) ON yima\.(\w+) TO", text, re.MULTILINE)
    }

    assert models.__all__  # these imports declare the tables
    assert tables.Task
    assert set(grants) == set(db.metadata.tables)
    assert {table for table, rights in grants.items() if rights == "INSERT"} == APPEND_ONLY


@pytest.mark.parametrize("page", [DOCS / "orders-feed.md", DOCS / "en" / "orders-feed.md"], ids=name)
def test_the_example_order_can_be_read_and_its_signature_is_right(page):
    text = page.read_text(encoding="utf-8")
    example = json.loads(re.search(r"```json\n(.+?)```", text, re.DOTALL).group(1))
    timestamp = re.search(r"X-Yima-Timestamp: (\d+)", text).group(1)
    signed = re.search(r"X-Yima-Signature: (\w+)", text).group(1)

    (order,) = example["orders"]
    assert read_record(order).id == order["id"]
    assert signature("shared-secret-for-the-example", timestamp, "GET", "/yima/orders") == signed
