"""Write the list of decision records from their titles: `python -m tools.decisions`."""

from __future__ import annotations

from tools.processes import ROOT

FOLDER = ROOT / "docs" / "decisions"
HEAD = """# 各项决定 Decisions

每项一页：背景、决定、后果、其他选择。
One page each: context, decision, consequences, alternatives.

"""


def main() -> None:
    """One line a record, by number."""
    records = sorted(FOLDER.glob("[0-9]*.md"))
    titles = [record.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for record in records]
    lines = [f"- [{title}]({record.name})\n" for record, title in zip(records, titles, strict=True)]
    (FOLDER / "index.md").write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
