"""Nothing that only the code understands stands alone on a page of staff."""

from __future__ import annotations

import re

import pytest

from console import words
from core.tasks import kinds
from settings import ROOT

ACT = re.compile(
    r"\b(?:audit|audit_command|after)\(\s*(?:\w+,\s*)?\"([a-z_]+\.[a-z_]+)\"(?:,\s*subject=f\"(\w+):)?"
)
PACKAGES = ("ba_portal", "console", "crm", "member_card", "messaging", "qrcode_service", "sync", "wechat")
SOURCES = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
FOUND = sorted({found for file in SOURCES for found in ACT.findall(file.read_text(encoding="utf-8"))})


def test_the_acts_of_the_code_are_found():
    assert len(FOUND) > 8


@pytest.mark.parametrize(("name", "kind"), FOUND)
def test_every_act_of_staff_and_its_subject_have_words(app, name, kind):
    with app.test_request_context("/console/audit"):
        assert words.act(name) != name
        assert not kind or words.subject(f"{kind}:7") != f"{kind}:7"


def test_every_task_has_words(app):
    product = [name for name, kind in kinds.items() if not kind.run.__module__.startswith("test")]
    with app.test_request_context("/console/jobs"):
        nameless = [name for name in product if words.task(name) == name]

    assert len(product) > 20
    assert [name for name in nameless if not name.startswith("tests.")] == []
