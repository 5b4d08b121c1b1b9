"""flask jobs: what an operator may type, and mistype."""

import pytest

from core.ids import LARGEST_ID

pytestmark = pytest.mark.store


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [("7", 1), (str(LARGEST_ID), 1), (str(LARGEST_ID + 1), 2), ("9" * 30, 2), ("0", 2), ("中文", 2)],
)
def test_a_number_that_no_task_has_is_no_crash(app, store, number, exit_code):
    result = app.test_cli_runner().invoke(args=["jobs", "replay", number])

    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == exit_code
