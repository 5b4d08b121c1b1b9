"""Long pauses of the garbage collector are kept out of answers."""

from __future__ import annotations

import gc


def settle() -> None:
    """What is loaded by now stays for the life of the process: the collector need not look at it again.

    A whole collection walks every object there is: 150 ms with the application loaded, now and then, in the middle of
    somebody's answer.
    """
    gc.collect()
    gc.freeze()
