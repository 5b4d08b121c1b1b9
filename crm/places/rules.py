"""Pure decisions about stores, beauty advisors and their codes."""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from datetime import timedelta

from crm.places.errors import BadName

INVITATION_LASTS = timedelta(days=7)
TOKEN_BYTES = 16
SCENE_PREFIX = "ba_"
# Crockford's alphabet in lower case: no letter that is read as a digit.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
CODE_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,31}", re.ASCII)
SCENE_FORM = re.compile(r"[a-z0-9_]{1,24}", re.ASCII)


def scene_for(ba_id: int) -> str:
    """The scene of a beauty advisor's first code, 16 characters of `[a-z0-9_]`.

    Made from her id, so that two requests at once allocate the same scene and none is wasted: WeChat gives no
    permanent scene back (contract section 7). At most 24 characters, so that it also fits mini-program codes
    and a card's `outer_str`.
    """
    digits = ""
    while ba_id:
        ba_id, digit = divmod(ba_id, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return SCENE_PREFIX + digits


def is_scene(text: str) -> bool:
    """Whether `text` has the form of a scene of ours; others never reach the store."""
    return SCENE_FORM.fullmatch(text) is not None


def new_token() -> str:
    """An invitation's secret: 128 random bits as 22 characters that are safe in an address."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is kept of an invitation's token. It has 128 random bits, so it needs no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_code(text: str, *, field: str) -> str:
    """A store's code or a BA's number: 1 to 32 ASCII letters, digits, `-` or `_`. Raises BadName."""
    code = text.strip()
    if CODE_FORM.fullmatch(code) is None:
        raise BadName(field)
    return code


def check_name(text: str, *, field: str, longest: int, required: bool = True) -> str:
    """A name as people write it, spaces folded, at most `longest` characters. Raises BadName."""
    name = " ".join(text.split())
    if len(name) > longest or any(_is_hidden(sign) for sign in name) or (required and not name):
        raise BadName(field)
    return name


def _is_hidden(sign: str) -> bool:
    """Controls and direction marks, which could make one name look like another; joined emoji need U+200D."""
    return sign != "\u200d" and unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
