"""Translations: Chinese is written in the code, English stands in translations/en.

python -m tools.translations update    read the code for new texts, into the English catalogue
python -m tools.translations check     every text of the code has an English one; exit 1 names those that have none
python -m tools.translations compile   make the .mo files that the product reads (git ignores them)

Only Babel is needed, which comes with the product.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "translations"
ENGLISH = TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po"
# The argument positions of each function that marks a text.
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}
PRODUCT = (
    "app.py", "ba_portal", "console", "core", "crm", "member_card", "messaging", "models", "qrcode_service", "sync",
    "wechat",
)  # fmt: skip


def texts_of_the_code() -> Catalog:
    """Every text that the product's code and templates mark."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    catalog = Catalog(project="Yima", charset="utf-8")
    found = extract_from_dir(
        ROOT, methods, options, KEYWORDS, comment_tags=("i18n:",), strip_comment_tags=True
    )
    for filename, line, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        if filename.startswith(PRODUCT):
            catalog.add(message, None, [(filename, line)], auto_comments=comments, context=context)
    return catalog


def read(path: Path) -> Catalog:
    """A catalogue from its file; an empty one where there is none."""
    if not path.exists():
        return Catalog(locale="en", project="Yima", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def update() -> None:
    """Bring the texts of the code into the English catalogue, keeping what is translated."""
    catalog = read(ENGLISH)
    catalog.update(texts_of_the_code(), no_fuzzy_matching=True)
    catalog.fuzzy = False
    catalog.obsolete.clear()
    ENGLISH.parent.mkdir(parents=True, exist_ok=True)
    content = BytesIO()
    write_po(content, catalog, width=110, include_lineno=False, omit_header=False, ignore_obsolete=True)
    # The moment of the run says nothing about the texts and would make every run a change.
    lines = content.getvalue().decode().splitlines(keepends=True)
    ENGLISH.write_text(
        "".join(line for line in lines if not line.startswith('"POT-Creation-Date')), encoding="utf-8"
    )


def untranslated() -> Iterator[str]:
    """The texts of the code that have no English, or one that nobody confirmed."""
    english = read(ENGLISH)
    for message in texts_of_the_code():
        known = english.get(message.id, message.context) if message.id else None
        parts = known.string if known else ""
        complete = all(parts) if isinstance(parts, (tuple, list)) else bool(parts)
        if message.id and not (known and complete and not known.fuzzy):
            yield str(message.id)


def check() -> int:
    """Name what has no English; the number of those."""
    missing = list(untranslated())
    for text in missing:
        print(f"no English: {text}")
    return len(missing)


def compile_all() -> None:
    """Make each .mo that is older than its .po. Written aside first: a running product reads whole files only."""
    for source in TRANSLATIONS.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        unfinished = target.with_suffix(".part")
        with unfinished.open("wb") as file:
            write_mo(file, read(source))
        unfinished.replace(target)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["check"]:
            sys.exit(1 if check() else 0)
        case ["compile"]:
            compile_all()
        case _:
            sys.exit(__doc__)
