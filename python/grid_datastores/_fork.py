"""Makes objects whole again in the child of a fork: locks that another thread held, connections that the parent uses.

A forked process has a copy of each lock in the state of that moment, and shares each socket with its parent. An object
that has either registers itself here, and is told in the child before any other code runs there.
"""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forked(Protocol):
    def after_fork(self) -> None:
        """Called in the child, which has one thread: make new locks, and drop what is the parent's."""


_known: weakref.WeakSet[Forked] = weakref.WeakSet()


def tell_after_fork(thing: Forked) -> None:
    """Has `thing.after_fork()` called in every child, for as long as the object lives."""
    _known.add(thing)


def _in_child() -> None:
    for thing in list(_known):
        thing.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
