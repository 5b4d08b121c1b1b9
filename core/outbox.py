"""Facts: what happened, recorded in the transaction in which it happened.

A fact becomes one task for each handler that asked for it. Packages learn from each other upwards by facts,
downwards by calls.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from core import tasks

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Fact:
    """Something that happened. Fields are ids (int) and plain codes (str): nothing personal."""


F = TypeVar("F", bound=Fact)
_handlers: dict[type[Fact], list[str]] = {}


def on(fact: type[F], *, task: str) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Hand every `fact` to the decorated function, later, in a worker, inside a unit of work, at least once.

    `task` is the handler's lasting name: rows in the store carry it, so renaming the function changes nothing.
    """

    def register(handler: Callable[[F], None]) -> Callable[[F], None]:
        tasks.task(task)(lambda body: handler(_read(fact, body)))
        if task not in _handlers.setdefault(fact, []):
            _handlers[fact].append(task)
        return handler

    return register


def record(fact: Fact) -> None:
    """Record a fact in the current unit of work, for everybody who asked for it."""
    for name in _handlers.get(type(fact), ()):
        tasks.enqueue(name, _write(fact))


def _write(fact: Fact) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, int) else value for name, value in asdict(fact).items()}


def _read(kind: type[F], body: dict[str, Any]) -> F:
    integers = {field.name for field in fields(kind) if field.type in ("int", int)}
    return kind(**{name: int(value) if name in integers else value for name, value in body.items()})
