"""What staff call the things the code names: tasks, acts of the audit trail, and what they are about.

Packages name theirs with `name_acts` and `name_tasks`; pages show the words, with the code's name beneath for whoever
reads the logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _

if TYPE_CHECKING:
    from collections.abc import Mapping

_acts: dict[str, object] = {
    "jobs.replayed": _("重试了已放弃的任务"),
    "staff.added": _("添加了员工账号"),
    "staff.password_changed": _("修改了自己的密码"),
    "staff.password_set": _("重设了员工的密码"),
    "staff.disabled": _("停用了员工账号"),
    "staff.enabled": _("恢复了员工账号"),
}
_tasks: dict[str, object] = {"core.forget_done": _("清理旧的任务记录")}
# The kind of a subject such as `batch:42`.
_subjects: dict[str, object] = {"task": _("任务"), "staff": _("员工")}


def name_acts(acts: Mapping[str, object], **subjects: object) -> None:
    """Give acts of staff, and the kinds of things they act on, their lazy texts."""
    _acts.update(acts)
    _subjects.update(subjects)


def name_tasks(tasks: Mapping[str, object]) -> None:
    """Give tasks their lazy texts."""
    _tasks.update(tasks)


def act(name: str) -> str:
    """What staff did, in words; the code's name where nobody gave any."""
    return str(_acts.get(name, name))


def task(name: str) -> str:
    """A task in words; the code's name where nobody gave any."""
    return str(_tasks.get(name, name))


def subject(name: str) -> str:
    """What an act was about: `batch:42` in words."""
    kind, _colon, which = name.partition(":")
    return f"{_subjects[kind]} {which}" if kind in _subjects else name
