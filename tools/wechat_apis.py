"""The table of every API of WeChat and WeCom that the product calls, read from the docstrings of `wechat/`.

python -m tools.wechat_apis write    docs/wechat-apis.md and docs/en/wechat-apis.md
python -m tools.wechat_apis check    they are up to date, and every path that is called is described; exit 1 otherwise
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tools.processes import ROOT

PRODUCT = (
    "ba_portal", "bench", "console", "core", "crm", "demo", "member_card", "messaging", "qrcode_service", "sync",
    "wechat",
)  # fmt: skip
SAID = re.compile(r"(WeChat|WeCom): (GET|POST) (/[A-Za-z0-9_/-]+)(.*)", re.DOTALL)
SECTION = re.compile(r"[Cc]ontract sections? ([0-9.]+)")
CALLED = re.compile(r"[a-z_-]+(?:/[a-z0-9_-]+)+")
HEADS = {
    "docs/wechat-apis.md": (
        """# 用到的微信接口

由代码里的说明自动生成（`python -m tools.wechat_apis write`）：每个接口做什么、有什么限制、从哪里调用。
说明保留代码中的英文原文，编号是平台事实清单里的章节。
""",
        ("接口", "用途与限制", "函数", "调用处", "章节"),
    ),
    "docs/en/wechat-apis.md": (
        """# WeChat APIs that are used

Made from the docstrings of the code (`python -m tools.wechat_apis write`): what each API does, its limits, and where
it is called from. The numbers are sections of the list of platform facts.
""",
        ("API", "What for, limits", "Function", "Called from", "Section"),
    ),
}


@dataclass(frozen=True)
class Api:
    """One API as a function of `wechat/` describes it."""

    platform: str
    method: str
    path: str
    about: str
    function: str
    section: str


def apis() -> list[Api]:
    """All of them, by platform and path."""
    found = [api for module, tree in modules("wechat") for api in _described(module, tree)]
    return sorted(found, key=lambda api: (api.platform, api.path, api.function))


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every module of some folders, with its dotted name."""
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(file.read_text(encoding="utf-8"))


def _described(module: str, tree: ast.Module) -> Iterator[Api]:
    whole = SECTION.search(_flat(ast.get_docstring(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (
            said := SAID.search(text := _flat(ast.get_docstring(node)))
        ):
            platform, method, path, rest = said.groups()
            section = SECTION.search(text) or whole
            yield Api(
                platform, method, path, _about(text[: said.start()], rest), f"{module}.{node.name}",
                section[1].rstrip(".") if section else "",
            )  # fmt: skip


def _flat(docstring: str | None) -> str:
    return re.sub(r"\s+", " ", docstring or "")


def _about(before: str, rest: str) -> str:
    """What stands before the path, then the limits: what stands behind it, without the section."""
    limits = SECTION.split(rest)[0].strip(" .,;:")
    return " ".join(part for part in (before.strip(), f"({limits})" if limits else "") if part)


def callers() -> dict[str, set[str]]:
    """Which modules use which function of `wechat/`, by the names they import."""
    used: dict[str, set[str]] = {}
    for module, tree in modules(*PRODUCT):
        names = dict(_imported(tree))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in names
            ):
                used.setdefault(f"{names[node.value.id]}.{node.attr}", set()).add(module)
            elif isinstance(node, ast.Name) and names.get(node.id, "").count(".") > 1:
                used.setdefault(names[node.id], set()).add(module)
            elif isinstance(node, ast.Name):
                # A helper beside the function, in its own module.
                used.setdefault(f"{module}.{node.id}", set()).add(module)
    return used


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "wechat":
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def undescribed() -> list[str]:
    """Paths that `wechat/` calls by name and no docstring describes."""
    known = {api.path.lstrip("/") for api in apis()}
    called = {
        node.args[0].value
        for _, tree in modules("wechat")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"call", "plain"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and CALLED.fullmatch(node.args[0].value)
    }
    return sorted(str(path) for path in called - known)


def page(head: str, columns: tuple[str, ...]) -> str:
    """One page of documentation."""
    used = callers()
    lines = [head, "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for api in apis():
        where = sorted(used.get(api.function, set()) - {api.function.rpartition(".")[0]})
        cells = (
            f"{api.platform} {api.method} `{api.path}`",
            api.about.replace("|", "\\|"),
            f"`{api.function}`",
            ", ".join(f"`{module}`" for module in where) or "—",
            api.section,
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the pages, or say what is out of date."""
    match sys.argv[1:]:
        case ["write"]:
            for name, (head, columns) in HEADS.items():
                (ROOT / name).write_text(page(head, columns), encoding="utf-8")
        case ["check"]:
            wrong = [f"{path} is called and described nowhere" for path in undescribed()]
            for name, (head, columns) in HEADS.items():
                file = ROOT / name
                if not file.exists() or file.read_text(encoding="utf-8") != page(head, columns):
                    wrong.append(f"{name} is out of date: python -m tools.wechat_apis write")
            sys.exit("\n".join(wrong) or 0)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
