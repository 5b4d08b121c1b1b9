"""The simulation's own small dictionary: Chinese first, English by `?lang=en`, a cookie or the browser's wish."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, has_request_context, request

ENGLISH: dict[str, str] = json.loads(Path(__file__).with_name("words_en.json").read_text(encoding="utf-8"))
COOKIE = "sandbox_lang"
LANGUAGES = ("zh", "en")


def language() -> str:
    """The language of the current request: zh or en."""
    if not has_request_context():
        return "zh"
    wished = request.args.get("lang") or request.cookies.get(COOKIE) or ""
    if wished[:2] in LANGUAGES:
        return wished[:2]
    return (request.accept_languages.best_match(["zh-CN", "zh", "en"]) or "zh")[:2]


def translated(text: str) -> str:
    """The text in the reader's language; unknown texts stay as they are."""
    return ENGLISH.get(text, text) if language() == "en" else text


def dictionary() -> dict[str, str]:
    """What scripts need to translate: empty for Chinese."""
    return ENGLISH if language() == "en" else {}


def install(app: Flask) -> None:
    """Give templates `t()`, and remember the language that was asked for in the address."""
    app.jinja_env.globals.update(t=translated, language=language, dictionary=dictionary)
    app.after_request(_remember)


def _remember(response: Response) -> Response:
    if request.args.get("lang", "")[:2] in LANGUAGES and response.mimetype == "text/html":
        response.set_cookie(COOKIE, request.args["lang"][:2], max_age=31_536_000, samesite="Lax")
    return response
