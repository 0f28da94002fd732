"""Bringing files near before they are read: from a store far away into this machine's cache, and into its memory."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._errors import GridError

if TYPE_CHECKING:
    from ._store import Store
    from ._version import Version

__all__ = ["AheadReader", "Places", "bring_near"]

READERS = 8  # threads that read files into memory
SENDERS = 2  # threads that tell the store what comes; one waits while the other's files come
BATCH_MAX = 256  # files that are told together: the store reads them in its own order
WHOLE_SIZE_MAX = 64 << 20  # bytes of a file that are read ahead


class Places:
    """Knows which file of which version lies at a path of this machine."""

    def __init__(self) -> None:
        self._tops: list[tuple[str, Store]] | None = None
        self._pinned: dict[str, Version] = {}
        self._versions: dict[tuple[str, str], Version | None] = {}

    def find(self, path: str) -> tuple[Version, str] | None:
        """The version and the path in it, of a file in a mount of this process or in its run, or `grid://…`; else None."""
        if self._tops is None:
            self._tops = list(self._look())
        for top, store in self._tops:
            if path.startswith(top):
                name, _, rest = path[len(top):].partition("/")
                number, _, inside = rest.partition("/")
                version = self._version(store, name, number)
                if version is not None:
                    return version, inside
                return (self._pinned[name], rest) if name in self._pinned else None
        return None

    def _version(self, store: Store, name: str, number: str) -> Version | None:
        key = (name, number)
        if key not in self._versions:
            from ._version import Version

            is_number = number.isascii() and number.isdigit() and number[0] != "0"
            self._versions[key] = Version(store, name, int(number)) if is_number else None
        return self._versions[key]

    def _look(self) -> list[tuple[str, Store]]:
        from . import _store

        found = [("grid://", _store.open_store())]
        for store in list(_store._stores.values()):
            known = store._shared_mount._known if store._shared_mount is not None else None
            if known is not None:
                found.append((known["folder"].rstrip("/") + "/", store))
        folder = os.environ.get("GRID_DATASTORES")
        if folder:
            from ._run import this_run

            run = this_run()
            if run is not None:
                store = _store.open_store(run.store_location)
                self._pinned = {version.name: version for version in run.versions}
                found.append((folder.rstrip("/") + "/", store))
        return found


class AheadReader:
    """Brings files near in the order in which they are added. How many it is ahead is the caller's to bound.

    Used by one thread; has threads of its own, which `stop` ends. What cannot be read is left to who reads it.
    """

    def __init__(self, path_at: Callable[[int], Any], ahead: int) -> None:
        self._path_at = path_at
        self._batch_size = max(1, min(BATCH_MAX, ahead // (2 * SENDERS)))
        self._batch: list[tuple[int, str]] = []
        self._places = Places()
        self._told: queue.SimpleQueue[list[tuple[int, str]] | None] = queue.SimpleQueue()
        self._near: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._added = self._given = 0  # of the caller's thread; _given is looked at by the others
        self._threads = [0, 0]  # senders, readers

    def add(self, index: int) -> None:
        self._batch.append((self._added, os.fspath(self._path_at(index))))
        self._added += 1
        if len(self._batch) >= self._batch_size:
            self.flush()

    def flush(self) -> None:
        """Nothing is added for now: what was is on its way."""
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        if self._threads[0] < SENDERS:
            self._threads[0] += 1
            threading.Thread(target=self._send, name="grid-expect", daemon=True).start()
        while self._threads[1] < min(READERS, self._added):
            self._threads[1] += 1
            threading.Thread(target=self._read, name="grid-ahead", daemon=True).start()
        self._told.put(batch)

    def skip(self) -> None:
        """The oldest file is read by its reader now."""
        self._given += 1

    def stop(self) -> None:
        self._given = self._added
        for _ in range(self._threads[0]):
            self._told.put(None)
        for _ in range(self._threads[1]):
            self._near.put(None)

    def _send(self) -> None:
        while True:
            batch = self._told.get()
            if batch is None:
                return
            batch = [(number, path) for number, path in batch if number >= self._given]
            try:
                self._expect(batch)
            except (GridError, OSError):
                pass  # a hint
            for task in batch:
                self._near.put(task)

    def _expect(self, batch: Sequence[tuple[int, str]]) -> None:
        wanted: dict[Version, list[str]] = {}
        for _, path in batch:
            found = self._places.find(path)
            if found is not None and found[0].store._is_far:
                wanted.setdefault(found[0], []).append(found[1])
        for version, paths in wanted.items():
            version.expect(paths)

    def _read(self) -> None:
        while True:
            task = self._near.get()
            if task is None:
                return
            number, path = task
            if number < self._given or path.startswith("grid://"):
                continue  # its reader was faster, or has no file
            try:
                bring_near(path)
            except OSError:
                continue


def bring_near(path: str) -> None:
    """Reads a file up to 64 MiB into the memory of the machine, without its bytes coming into this process (on Linux)."""
    with open(path, "rb", buffering=0) as file:
        size = min(os.fstat(file.fileno()).st_size, WHOLE_SIZE_MAX)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, size, os.POSIX_FADV_WILLNEED)
            return
        while size > 0:  # other systems have no such call, and keep what was read
            size -= len(file.read(min(size, 1 << 20))) or size
