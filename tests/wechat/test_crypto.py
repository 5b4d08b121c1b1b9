"""The contract's vectors, and what must be refused."""

import base64

import pytest

from wechat.crypto import BadBody, MessageCrypto, is_signed, signature
from wechat.passive import NewsReply, TextReply, to_xml

AES_KEY, APPID, TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "wx0123456789abcdef", "testtoken"
MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><FromUserName><![CDATA[oUSER]]></FromUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>"
    "<MsgId>1</MsgId></xml>"
)
ENCRYPTED = (
    "Q3stYC6hdFzMh9T8HCvyDMi9bShgmE5Ap1ziJsGG3IbsWDoBBlsVl7X6+xwF9/pOdKgRfJBu1GAqKLuu8v+n/tNrfZWTkXPdsXSBpSXqiee8N"
    "rjKh9FHC+FE/fMN1qT7nLxMr67i61u3momuLOYPqNI1lV9GKDG7FsKyt6iSNTPvlA9IMBG9aTlTk6oDf3J4FiBHQY5lSHh6K3+UVEgtXIgCo5"
    "CirH2nM649qasoFp/dxs+EIJK12iIT944zMAxoCEmaCer1DfS0Q0W4lNwwKI6Z5B4GrE+OPBcqoGb9c9tWctyLudttbp1MJ86Us6huge46wrw"
    "o2epkSkD7RzmoXRXEYdmmlwCheyxB5YsqAKjuJUFAbgbkcrAl2QEjaWUa"
)


@pytest.fixture
def crypto():
    return MessageCrypto(token=TOKEN, aes_key=AES_KEY, appid=APPID)


def test_the_contracts_signatures():
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature(TOKEN, "1700000000", "nonce123") == "ee0843455eb31b87dbf6d6890273a3ab976bd56e"
    signed = signature(TOKEN, "1700000000", "nonce123", ENCRYPTED)
    assert signed == "15cd25313071bac984b5dc7aedb4a1a85c71bbef"


def test_the_contracts_message_both_ways(crypto):
    assert crypto.encrypt(MESSAGE, head="0123456789abcdef") == ENCRYPTED
    assert crypto.decrypt(ENCRYPTED).decode() == MESSAGE


@pytest.mark.parametrize("length", range(64))
def test_every_length_comes_back_whatever_its_padding(crypto, length):
    message = "x" * length

    assert crypto.decrypt(crypto.encrypt(message)).decode() == message


def test_a_message_to_another_account_is_refused(crypto):
    other = MessageCrypto(token=TOKEN, aes_key=AES_KEY, appid="wx0123456789abcdee")

    with pytest.raises(BadBody):
        other.decrypt(ENCRYPTED)


def test_every_changed_byte_is_the_same_refusal(crypto):
    data = base64.b64decode(ENCRYPTED)
    # A byte before the last two blocks garbles only the text: the signature is what covers that.
    for place in [*range(32), *range(len(data) - 32, len(data))]:
        changed = bytearray(data)
        changed[place] ^= 0x80
        try:
            assert crypto.decrypt(base64.b64encode(changed).decode()) != MESSAGE.encode()
        except BadBody:
            continue


@pytest.mark.parametrize(
    "text", ["", "=", "你好", "AAAA", "A" * 43, "!" * 44, ENCRYPTED[:-4], ENCRYPTED[:64]]
)
def test_garbage_is_refused_without_another_error(crypto, text):
    with pytest.raises(BadBody):
        crypto.decrypt(text)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "x",
        "é" * 40,
        "你" * 40,
        "0" * 39,
        "0" * 41,
        "\ud800" * 40,
        "EE0843455EB31B87DBF6D6890273A3AB976BD56E",
    ],
)
def test_a_wrong_signature_is_refused_whatever_it_is_made_of(given):
    assert not is_signed(given, TOKEN, "1700000000", "nonce123")


def test_a_signature_with_something_behind_it_is_refused():
    right = signature(TOKEN, "1700000000", "nonce123")

    assert is_signed(right, TOKEN, "1700000000", "nonce123")
    assert not is_signed(right + "0", TOKEN, "1700000000", "nonce123")
    assert not is_signed(right[:-1], TOKEN, "1700000000", "nonce123")


def test_a_reply_cannot_end_its_own_field():
    import xmltodict

    nasty = "a]]><MsgType>news</MsgType><![CDATA[\x00\x08b&lt;\ud800"

    text = xmltodict.parse(to_xml(TextReply(nasty), openid="oA", original_id="gh_1", at=1))["xml"]
    news = xmltodict.parse(to_xml(NewsReply(nasty, nasty, nasty), openid="oA", original_id="gh_1", at=1))[
        "xml"
    ]

    plain = "a]]><MsgType>news</MsgType><![CDATA[b&lt;"
    assert (text["MsgType"], text["Content"]) == ("text", plain)
    assert (text["ToUserName"], text["FromUserName"]) == ("oA", "gh_1")
    assert news["Articles"]["item"]["Title"] == plain
