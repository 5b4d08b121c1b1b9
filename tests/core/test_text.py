"""What strangers call things is made to fit the column it is kept in, or names nothing."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import LARGEST_ID
from core.text import as_ascii, fits_ascii, read_id


@given(text=st.text(), length=st.integers(1, 80))
def test_whatever_the_text_is_its_written_form_fits(text, length):
    written = as_ascii(text, length)

    assert written == "" or fits_ascii(written, length)


@given(text=st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=64))
def test_what_fits_already_is_kept_as_it_is(text):
    assert as_ascii(text, 64) == text


def test_other_letters_can_be_read_again_and_none_is_cut_in_two():
    assert unquote(as_ascii("门店 counter_é", 64)) == "门店 counter_é"
    assert unquote(as_ascii("山茶" * 40, 20)) == "山茶"


@pytest.mark.parametrize("text", ["", "é", "a" * 65, "a\n", "\x00", "中"])
def test_what_does_not_fit_is_told_apart(text):
    assert not fits_ascii(text, 64)


@pytest.mark.parametrize(
    "text", [None, "", "-1", "1.5", "٣", "１", "9" * 19, str(LARGEST_ID + 1), "9" * 5000, "0x1", " 1"]
)
def test_a_text_that_no_id_can_be_names_none(text):
    assert read_id(text) is None


def test_an_id_is_read_up_to_the_largest():
    assert [read_id(text) for text in ("0", "7", str(LARGEST_ID))] == [0, 7, LARGEST_ID]
