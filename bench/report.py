"""What a benchmark found: figures against their goals, and the conditions they were taken under."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Literal

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Conditions = dict[str, object]
LIBRARIES = ("flask", "granian", "sqlalchemy", "pymysql", "rq", "cryptography")


@dataclass(frozen=True)
class Figure:
    """One measured value and the goal it is held against."""

    name: str
    value: float
    goal: float
    better: Literal["higher", "lower"]
    unit: str

    @property
    def is_reached(self) -> bool:
        """Whether the goal is met."""
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal


@dataclass(frozen=True)
class Report:
    """All figures of one benchmark."""

    bench: str
    store: str
    figures: list[Figure]
    conditions: Conditions = field(default_factory=dict)
    seed: int = 1

    def show(self) -> None:
        """Print the table, then the JSON line."""
        print(f"\n{self.bench} on {self.store}")
        for figure in self.figures:
            sign, mark = ("≥", "≤")[figure.better == "lower"], "ok" if figure.is_reached else "MISSED"
            print(
                f"  {figure.name:<24}{figure.value:>12g} {figure.unit:<10} goal {sign} {figure.goal:<8g} {mark}"
            )
        for name, value in self.conditions.items():
            print(f"    {name}: {value}")
        print(json.dumps(asdict(self), ensure_ascii=False), flush=True)


def machine() -> Conditions:
    """The machine and the versions, so that a slow run can be told from a slow product."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "aes_blocks_per_s": round(aes_blocks_per_s()),
        **versions,
    }


def aes_blocks_per_s(rounds: int = 5, blocks: int = 20_000) -> float:
    """Single AES-128 blocks encrypted a second by one core, called one by one as the product does."""
    rates = []
    for _ in range(rounds):
        encryptor = Cipher(algorithms.AES(bytes(16)), modes.ECB()).encryptor()  # noqa: S305 - a yardstick, no secret
        started, block = time.perf_counter(), bytes(16)
        for _ in range(blocks):
            block = encryptor.update(block)
        rates.append(blocks / (time.perf_counter() - started))
    return median(rates)
