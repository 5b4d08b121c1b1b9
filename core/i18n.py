"""Language: zh-CN first, English second; the reader chooses by `?lang=`, else by the browser."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flask import current_app, has_request_context, request, session, url_for
from flask_babel import Babel, get_locale

from core.clock import shanghai_time

if TYPE_CHECKING:
    from flask import Flask

LANGUAGES = ("zh_Hans_CN", "en")
ROOT = Path(__file__).parent.parent


def choose_language() -> str:
    """The language of this answer. Chinese unless the reader asked for English."""
    if not has_request_context():
        return LANGUAGES[0]
    asked = request.args.get("lang", "")
    if asked in {"en", "zh"}:
        session["lang"] = asked
    chosen = session.get("lang") or (request.accept_languages.best_match(["zh-CN", "zh", "en"]) or "zh")
    return "en" if chosen.startswith("en") else LANGUAGES[0]


def init_app(app: Flask) -> None:
    """Translate pages, and give templates `get_locale`, `other_language` and `asset`."""
    Babel(
        app,
        default_locale=LANGUAGES[0],
        default_timezone="Asia/Shanghai",
        default_translation_directories=str(ROOT / "translations"),
        locale_selector=choose_language,
    )
    app.jinja_env.globals.update(get_locale=get_locale, other_language=other_language, asset=asset)
    app.jinja_env.filters.setdefault("moment", moment)


def moment(at: datetime) -> str:
    """A moment as people in the shop read it: on the Shanghai clock, to the minute."""
    return shanghai_time(at).strftime("%Y-%m-%d %H:%M")


class Language(NamedTuple):
    """A language to change to: its code and name, and the address of this page in it."""

    code: str
    name: str
    address: str


def other_language() -> Language:
    """The language this page could be read in as well; everything else in its address stays as it is, byte for byte."""
    asked, code, name = ("zh", "zh-CN", "中文") if get_locale().language == "en" else ("en", "en", "English")
    query = request.query_string.decode("ascii", "replace").split("&")
    kept = [part for part in query if part and not part.startswith("lang=")]
    return Language(code, name, "?" + "&".join([*kept, f"lang={asked}"]))


def asset(path: str) -> str:
    """The address of a static file, with its content's hash, so that browsers may keep it for a year."""
    return url_for("static", filename=path, v=_fingerprint(str(Path(current_app.static_folder or "") / path)))


@cache
def _fingerprint(path: str) -> str:
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "missing"
