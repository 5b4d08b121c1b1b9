"""Packs of official codes by vectors made by hand: one padding, no more (contract section 11)."""

import base64
import traceback

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wechat.marketpack import BadPack, OfficialCode, Segment, decrypt, parse, read_pack

SECRET = "0123456789abcdef"
URL = "https://wx.test/0123456789ab"
# openssl enc -aes-128-cbc -K 30313233343536373839616263646566 -iv (the same) over b"0\t000000001\t<URL>\n":
# 41 bytes, so the padding is seven times 07, and the text before it ends in 0A.
VECTOR = "qMXXS8zM18ItwcPS7kI5/YGuyfK6+8nJSYJNBlDseJ0TKQVyjczKnBbFZYqHZaBN"


def encrypted(plain: bytes, secret: str = SECRET) -> str:
    """AES-128-CBC of bytes that are whole blocks: the padding is the test's own."""
    encryptor = Cipher(algorithms.AES(secret.encode()), modes.CBC(secret.encode())).encryptor()
    return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()


def padded(text: str) -> bytes:
    pad = 16 - len(text.encode()) % 16
    return text.encode() + bytes([pad]) * pad


def lines(first: int, last: int) -> str:
    return "".join(f"{at}\t{at:09}\thttps://wx.test/{at:012}\n" for at in range(first, last + 1))


def test_a_vector_made_by_hand_is_read():
    assert decrypt(VECTOR, SECRET) == f"0\t000000001\t{URL}\n"
    assert read_pack(VECTOR, SECRET, Segment(0, 0)) == [OfficialCode(0, "000000001", URL)]


@pytest.mark.parametrize("tail", ["\n", "\n" * 10, "\n" * 16, "\t" * 9, "x", ""])
@pytest.mark.parametrize("size", [0, 5, 6, 15, 16])
def test_the_padding_is_stripped_once_whatever_the_text_ends_in(tail, size):
    text = "x" * size + tail

    assert decrypt(encrypted(padded(text)), SECRET) == text


@pytest.mark.parametrize(
    "plain",
    [
        b"x" * 15 + b"\x00",
        b"x" * 15 + b"\x11",
        b"x" * 13 + b"\x02\x03\x03",
        b"x" * 15 + b"\x02",
        b"\xff" * 15 + b"\x01",
        b"",
    ],
)
def test_a_wrong_padding_or_text_is_a_bad_pack(plain):
    with pytest.raises(BadPack):
        decrypt(encrypted(plain), SECRET)


@pytest.mark.parametrize(
    ("buffer", "secret"),
    [
        (VECTOR, "fedcba9876543210"),
        (VECTOR, "short"),
        (VECTOR, "密钥密钥密钥密钥密钥密钥密钥密钥"),
        (VECTOR[:-8], SECRET),
        (VECTOR[:-1], SECRET),
        (f"*{VECTOR}", SECRET),
        ("", SECRET),
        ("码", SECRET),
    ],
)
def test_a_wrong_secret_or_a_cut_pack_is_one_error_without_content(buffer, secret):
    with pytest.raises(BadPack) as refused:
        decrypt(buffer, secret)

    told = "".join(traceback.format_exception(refused.value)) + repr(vars(refused.value))
    assert refused.value.__context__ is None
    assert "000000001" not in told
    assert (SECRET in told, secret in told) == (False, False)


def test_a_pack_in_lines_of_base64_is_read():
    assert decrypt("\r\n".join((VECTOR[:40], VECTOR[40:], "")), SECRET).startswith("0\t")


@pytest.mark.parametrize(
    "line",
    [
        f"7\t000000012\t{URL}",
        f"7,000000012,{URL}\r",
        f"7 000000012  {URL}",
        f" 7, 000000012,\t{URL} ",
        f"000000012\t{URL}\t7",
    ],
)
def test_a_line_is_read_in_every_form_and_keeps_leading_zeros(line):
    assert list(parse(f"{line}\n\n")) == [OfficialCode(7, "000000012", URL)]


def test_a_printed_code_may_have_no_address():
    assert list(parse(f"7\t0000000ab\t{'c' * 28}")) == [OfficialCode(7, "0000000ab", "c" * 28)]


@pytest.mark.parametrize(
    "line",
    [
        "7\t000000012",
        f"7\t000000012\t{URL}\tmore",
        f"07\t000000012\t{URL}",
        f"-7\t000000012\t{URL}",
        f"٧\t000000012\t{URL}",
        f"7\t00000012\t{URL}",
        f"7\t00000001码\t{URL}",
        "7\t000000012\thttps://wx.test/0",
        f"7\t8\t{URL}",
        "index\tcode\turl",
    ],
)
def test_a_line_of_another_form_is_a_bad_pack_without_content(line):
    with pytest.raises(BadPack) as refused:
        list(parse(f"6\t000000011\t{URL}\n{line}\n"))

    assert "wx.test" not in "".join(traceback.format_exception_only(refused.value))


@pytest.mark.parametrize(
    "text",
    [
        lines(10, 12),
        lines(10, 14),
        lines(9, 13),
        lines(10, 13) + lines(13, 13),
        lines(10, 11) + lines(11, 12),
        "",
    ],
)
def test_a_pack_without_each_offset_once_is_a_bad_pack(text):
    with pytest.raises(BadPack):
        read_pack(encrypted(padded(text)), SECRET, Segment(10, 13))


def test_codes_come_in_order_and_print_nothing():
    text = lines(12, 13) + lines(10, 11)

    codes = read_pack(encrypted(padded(text)), SECRET, Segment(10, 13))

    assert [code.offset for code in codes] == [10, 11, 12, 13]
    assert repr(codes[0]) == "OfficialCode(offset=10)"
