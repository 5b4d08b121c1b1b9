"""Answers that may be a few seconds old, and none that is older than the last change its maker wants to see."""

import threading

from core import recent


def test_a_burst_asks_once_and_forgetting_asks_again():
    asked = []

    @recent.recent(4)
    def look(what):
        asked.append(what)
        return len(asked)

    answers = [look("a"), look("a"), look("b")]
    recent.forget()

    assert (answers, look("a"), asked) == ([1, 1, 2], 3, ["a", "b", "a"])


def test_what_was_being_found_while_all_was_forgotten_does_not_come_back():
    truth, reading, forgotten = ["old"], threading.Event(), threading.Event()

    @recent.recent(4)
    def look():
        found = truth[0]
        reading.set()
        forgotten.wait(5)
        return found

    slow = threading.Thread(target=look)
    slow.start()
    reading.wait(5)
    truth[0] = "new"
    recent.forget()
    forgotten.set()
    slow.join(5)

    assert look() == "new"
