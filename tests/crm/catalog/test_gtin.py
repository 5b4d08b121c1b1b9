"""What is a GTIN and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.catalog.errors import WrongGtin
from crm.catalog.rules import check_digit, check_gtin


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("40170725", "00000040170725"),
        ("012345678905", "00012345678905"),
        ("9520123456788", "09520123456788"),
        ("09520123456788", "09520123456788"),
        (" 6901234500011 ", "06901234500011"),
    ],
)
def test_every_length_is_kept_as_fourteen_digits(written, kept):
    assert check_gtin(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "9520123456789",
        "952012345678",
        "95201234567880000",
        "00000000000000",
        "952012345678X",
        "９５２０１２３４５６７８８",
        "-9520123456788",
    ],
)
def test_what_is_no_gtin_is_refused(written):
    with pytest.raises(WrongGtin):
        check_gtin(written)


@given(st.from_regex(r"[1-9][0-9]{12}", fullmatch=True), st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(body, at, change):
    gtin = body + check_digit(body)
    wrong = gtin[:at] + str((int(gtin[at]) + change) % 10) + gtin[at + 1 :]

    assert check_gtin(gtin) == gtin
    with pytest.raises(WrongGtin):
        check_gtin(wrong)
