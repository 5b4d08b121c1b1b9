"""Personal values: sealed for their row, found by a keyed index, struck out of logs."""

from __future__ import annotations

import base64

import pytest

from core.errors import Invalid
from core.logs import scrub
from core.phones import normalize_phone
from core.pii import Unreadable, Vault, mask_phone


def _ring(*names: str) -> dict[str, bytes]:
    return {
        name: base64.b64decode("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")[:-1] + name[-1:].encode()
        for name in names
    }


VAULT = Vault(_ring("p1"), _ring("i1"))


def test_a_sealed_value_opens_in_its_own_row_only():
    sealed = VAULT.seal("+8613800138001", aad="identity.sealed:1")

    assert VAULT.unseal(sealed, aad="identity.sealed:1") == "+8613800138001"
    with pytest.raises(Unreadable):
        VAULT.unseal(sealed, aad="identity.sealed:2")


def test_sealing_twice_gives_two_ciphertexts():
    assert VAULT.seal("x", aad="a") != VAULT.seal("x", aad="a")


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x05abc", b"\xff" * 40])
def test_a_damaged_value_is_refused_with_one_error(damage):
    with pytest.raises(Unreadable):
        VAULT.unseal(damage, aad="a")


def test_any_flipped_bit_is_noticed():
    sealed = VAULT.seal("+8613800138001", aad="a")

    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(Unreadable):
            VAULT.unseal(bytes(changed), aad="a")


def test_after_rotation_old_values_open_and_old_indexes_are_searched():
    rotated = Vault(_ring("p2", "p1"), _ring("i2", "i1"))
    sealed = VAULT.seal("x", aad="a")

    assert rotated.unseal(sealed, aad="a") == "x"
    assert rotated.seal("x", aad="a")[1:3] == b"p2"
    assert VAULT.indexes("phone", "x")[0] in rotated.indexes("phone", "x")[1:]


def test_the_index_of_another_kind_differs():
    assert VAULT.indexes("phone", "1") != VAULT.indexes("card", "1")


@pytest.mark.parametrize(
    "written",
    [
        "13800138001",
        "+86 138-0013-8001",
        "008613800138001",
        "86 13800138001",
        "１３８００１３８００１",
        " 138 0013 8001 ",
    ],
)
def test_every_way_to_write_a_mobile_gives_one_number(written):
    assert normalize_phone(written) == "+8613800138001"


@pytest.mark.parametrize("written", ["", "abc", "010-62345678", "12345", "1380013800100000", "\u0000"])
def test_what_is_not_a_mobile_is_refused_without_repeating_it(written):
    with pytest.raises(Invalid) as refused:
        normalize_phone(written)

    assert not written or written not in str(refused.value)


def test_foreign_mobiles_keep_their_country():
    assert normalize_phone("+85251234567").startswith("+852")


def test_staff_see_the_first_three_and_last_four_digits():
    assert mask_phone("+8613800138001") == "138****8001"


@pytest.mark.parametrize(
    "leak",
    [
        "call 13800138001 now",
        {"note": "+8613800138001"},
        ["8613800138001"],
        {"phone": "anything"},
        {"openid": "oABC"},
        "https://x/?access_token=SECRETSECRET&a=1",
        "appsecret=SECRETSECRET",
    ],
)
def test_logs_strike_out_phones_and_credentials(leak):
    text = str(scrub(leak))

    assert "13800138001" not in text
    assert "SECRETSECRET" not in text
    assert "anything" not in text
    assert "oABC" not in text
