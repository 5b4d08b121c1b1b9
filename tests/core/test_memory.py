"""The collector's whole rounds leave alone what is there for good."""

import gc

from core import memory


def test_what_is_loaded_is_not_looked_at_again():
    before = gc.get_freeze_count()
    loaded = [[number] for number in range(100)]
    try:
        memory.settle()

        assert gc.get_freeze_count() > before
        assert not any(thing is loaded for thing in gc.get_objects())
    finally:
        # As it was found: a whole run is frozen at its beginning.
        gc.unfreeze()
        if before:
            gc.freeze()
