"""flask messages prepare: how an account gets its templates."""

from __future__ import annotations

import json


def prepare(app):
    result = app.test_cli_runner().invoke(args=["messages", "prepare", "--json"])
    return result.exit_code, json.loads(result.stdout.splitlines()[-1])


def test_preparing_takes_the_template_of_points_and_repeating_changes_nothing(live_app, live_product):
    first = prepare(live_app)
    again = prepare(live_app)

    exit_code, shown = first
    assert exit_code == 0
    assert [one["title"] for one in shown["templates"]] == ["积分变动"]
    assert again == first
