"""The vectors of the reference contract, sections 2.2 and 2.4."""

import base64

import pytest

from sandbox.crypto import BadMessageError, MessageCrypto, signature

MESSAGE = (
    "<xml><ToUserName><![CDATA[gh_test]]></ToUserName><FromUserName><![CDATA[oUSER]]></FromUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content>"
    "<MsgId>1</MsgId></xml>"
)
ENCRYPTED = (
    "Q3stYC6hdFzMh9T8HCvyDMi9bShgmE5Ap1ziJsGG3IbsWDoBBlsVl7X6+xwF9/pOdKgRfJBu1GAqKLuu8v+n/tNrfZWTkXPdsXSBpSXqiee8"
    "NrjKh9FHC+FE/fMN1qT7nLxMr67i61u3momuLOYPqNI1lV9GKDG7FsKyt6iSNTPvlA9IMBG9aTlTk6oDf3J4FiBHQY5lSHh6K3+UVEgtXIgC"
    "o5CirH2nM649qasoFp/dxs+EIJK12iIT944zMAxoCEmaCer1DfS0Q0W4lNwwKI6Z5B4GrE+OPBcqoGb9c9tWctyLudttbp1MJ86Us6huge46"
    "wrwo2epkSkD7RzmoXRXEYdmmlwCheyxB5YsqAKjuJUFAbgbkcrAl2QEjaWUa"
)


@pytest.fixture
def crypto():
    return MessageCrypto(
        token="testtoken", aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", appid="wx0123456789abcdef"
    )


def test_the_official_verification_vector_is_met():
    assert signature("AAAAA", "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature("testtoken", "1700000000", "nonce123") == "ee0843455eb31b87dbf6d6890273a3ab976bd56e"


def test_encrypting_meets_the_vector(crypto):
    assert crypto.encrypt(MESSAGE, prefix="0123456789abcdef") == ENCRYPTED


def test_the_message_signature_meets_the_vector(crypto):
    assert crypto.sign("1700000000", "nonce123", ENCRYPTED) == "15cd25313071bac984b5dc7aedb4a1a85c71bbef"


def test_decrypting_meets_the_vector(crypto):
    assert crypto.decrypt(ENCRYPTED) == MESSAGE


@pytest.mark.parametrize("length", range(33))
def test_every_padding_length_comes_back(crypto, length):
    assert crypto.decrypt(crypto.encrypt("x" * length)) == "x" * length


def test_a_message_for_another_account_is_refused(crypto):
    other = MessageCrypto(token="t", aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", appid="wxother")

    with pytest.raises(BadMessageError):
        crypto.decrypt(other.encrypt("hello"))


@pytest.mark.parametrize(
    "broken", ["", "not base64!", base64.b64encode(b"x" * 31).decode(), ENCRYPTED[:-24] + "AAAA"]
)
def test_a_broken_message_is_refused(crypto, broken):
    with pytest.raises(BadMessageError):
        crypto.decrypt(broken)


def test_a_reply_with_a_wrong_signature_is_refused(crypto):
    with pytest.raises(BadMessageError):
        crypto.open_reply(ENCRYPTED, "1700000000", "nonce124", "15cd25313071bac984b5dc7aedb4a1a85c71bbef")
