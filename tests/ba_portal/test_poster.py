"""A poster is drawn with fitted text, and its code is read back before anybody sees it."""

import io
from pathlib import Path

import pytest
import zxingcpp
from noto_cjk_sans_otc import FONT_PATH
from PIL import Image

from ba_portal import fonts, poster
from ba_portal.errors import PosterUnreadable

FONT = Path(str(FONT_PATH))
URL = "http://weixin.qq.com/q/02Zk9xPmR7eAl1000000Ad"
NAMES = [
    "王小美", "李", "欧阳娜娜", "司马相如的后人", "刘🌸芳", "🌸🌸🌸", "张👩‍🦰丽", "陈 Anna", "Anna Chen", "Q",
    "Alexandria Montgomery-Featherstonehaugh", "Supercalifragilisticexpialidociousnessist",
    "W" * 40, "i" * 40, "王" * 40, "龘靐齉爩", "㐀㐁", "阿依古丽·买买提", "Zoë Müller", "Ólafur Þór", "José Ñandú",
    "Nguyễn Thị Hồng", "Анна Каренина", "Ελένη", "佐々木 希", "김민지", "小美❤️", "小·美", "小-美", "美!", "50% 折扣",
    "a b c d e f g h i j k l m n o p q r s t", "王 小 美", "（王小美）", "“小美”", "小美①", "№1 小美", "Ａｎｎａ",
    "小美\u200d", "O'Neill", "Anna-Maria-Luisa-Carlotta-Beatrice", "𠮷野家", "王小美 Wang Xiaomei", "㍿", "℡", "é" * 40,
    "店长", "导购001",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "汉字Latin混排very-long名字继续继续继续继续",
]  # fmt: skip


def words(**changes):
    """A poster's words, in Chinese."""
    usual = {
        "url": URL, "role": "专属美容顾问", "name": "王小美", "store": "上海南京西路店",
        "call": "微信扫一扫 · 领取会员卡", "slogan": "扫码关注，开启专属护肤服务",
    }  # fmt: skip
    return poster.Words(**{**usual, **changes})


def read(picture):
    """What another program reads from the served file."""
    with Image.open(io.BytesIO(picture)) as opened:
        return [found.text for found in zxingcpp.read_barcodes(opened.convert("RGB"))]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_every_name_leaves_the_code_readable(name):
    assert read(poster.png(words(name=name), FONT)) == [URL]


def test_there_are_fifty_names():
    assert len(NAMES) == len(set(NAMES)) == 50


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_is_cut(name):
    shown = fonts.drawable(FONT, name)
    box = fonts.Box(760, 140, 88, 26)

    fitted = fonts.fit(FONT, shown, box)

    assert "".join("".join(fitted.lines).split()) == "".join(shown.split())
    assert all(fonts.font_at(FONT, fitted.size).getlength(line) <= box.width for line in fitted.lines)
    assert fitted.height <= box.height


def test_the_longest_store_name_stays_above_the_card():
    fitted = fonts.fit(FONT, "店" * 80, fonts.Box(720, 88, 34, 20))

    assert fitted.height <= 88


def test_signs_that_the_font_cannot_draw_are_left_out():
    assert fonts.drawable(FONT, "王🌸小美👩‍🦰") == "王小美"


def test_a_name_of_emoji_alone_gives_way_to_the_store(monkeypatch):
    written = []
    monkeypatch.setattr(poster, "write", lambda _pen, _font, texts, **_place: written.extend(texts))

    poster.draw(words(name="🌸🌸"), FONT)

    assert [text.words for text in written][1:3] == ["上海南京西路店", ""]


def test_latin_words_are_not_broken():
    fitted = fonts.fit(FONT, "Alexandria Montgomery-Featherstonehaugh", fonts.Box(760, 140, 88, 26))

    assert fitted.lines == ("Alexandria Montgomery-", "Featherstonehaugh")


def test_the_same_words_are_drawn_once(monkeypatch):
    drawn = []
    draw = poster.draw
    monkeypatch.setattr(poster, "draw", lambda *args: drawn.append(1) or draw(*args))

    pictures = {poster.png(words(name="只画一次"), FONT) for _ in range(3)}

    assert (len(pictures), len(drawn)) == (1, 1)


def test_another_name_is_another_picture():
    assert poster.png(words(name="王小美"), FONT) != poster.png(words(name="王晓美"), FONT)


def test_a_code_that_cannot_be_read_back_is_never_shown(monkeypatch):
    monkeypatch.setattr(poster, "code_picture", lambda _text, size: Image.new("RGB", (size, size), "white"))

    with pytest.raises(PosterUnreadable):
        poster.png(words(name="看不清"), FONT)


def test_the_shelf_lets_go_of_what_was_unused_longest():
    shelf = poster.Shelf(size=2)
    shelf.put("a", b"1")
    shelf.put("b", b"2")
    shelf.get("a")
    shelf.put("c", b"3")

    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == (b"1", None, b"3")


@pytest.mark.parametrize(
    "url",
    ["http://weixin.qq.com/q/x", "http://127.0.0.1:8001/q/" + "T" * 120, "HTTPS://T.EXAMPLE.CN/" + "A" * 200],
)
def test_short_and_long_addresses_are_readable(url):
    assert read(poster.png(words(url=url), FONT)) == [url]
