"""Sends a folder or a file to a grid server, which cuts and stores it: for machines without the program."""

from __future__ import annotations

import http.client
import json
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from ._errors import GridError
from ._reference import exact_name, in_query, in_url
from ._version import Version

if TYPE_CHECKING:
    from ._connection import Connection
    from ._datastore import Datastore

PART_SIZE = 64 << 20  # bytes of a file in a request; the server takes up to 256 MiB
THREADS = 6
AHEAD = 64  # files that wait for a thread
ENTRIES_IN_REQUEST = 5000
FAILURES_MAX = 5  # of one part, one after the other


class _Found(NamedTuple):
    path: str  # in the version
    place: str  # on this machine
    status: os.stat_result


def upload(datastore: Datastore, source: str, message: str, show: Callable[[dict[str, Any]], None]) -> Version:
    """Sends everything and publishes it. Nothing is visible before; if it fails, the upload is given up.

    Raises `GridError`: `changed` for a file that changes while it is read, `unsupported` for a socket or a device.
    """
    found = list(_walk(source))
    connection = datastore.store._connection
    base = f"/api/v1/datastores/{datastore.name}/uploads"
    identity = connection.document("POST", base, body=b"")["upload"]
    sender = _Sender(connection, f"{base}/{in_url(identity)}", found, show)
    try:
        sender.send_names()
        sender.send_files()
        document = connection.call("POST", f"{sender.base}/commit?message={in_query(message)}", body=b"",
                                   timeout=3600).document()
    except BaseException:
        try:
            connection.call("DELETE", sender.base, timeout=5, repeat=False)
        except GridError:
            pass  # the server removes it by itself after a while
        raise
    sender.report("end", "done")
    return Version(datastore.store, datastore.name, int(document["version"]))


def _walk(source: str) -> Iterator[_Found]:
    """What a version of this source has. Raises `GridError` for what cannot be kept."""
    try:
        top = os.stat(source)
    except OSError as failure:
        raise GridError(f"cannot read {source}: {failure.strerror}",
                        "not_found" if isinstance(failure, FileNotFoundError) else "permission_denied") from failure
    if not stat.S_ISDIR(top.st_mode):
        yield _Found(os.path.basename(source), source, top)
        return
    folders = [("", source)]
    while folders:
        inside, place = folders.pop()
        try:
            with os.scandir(place) as entries:
                ordered = sorted(entries, key=lambda entry: entry.name)
            for entry in ordered:
                path = f"{inside}/{entry.name}" if inside else entry.name
                status = entry.stat(follow_symlinks=False)
                if os.name == "nt":
                    status = os.lstat(entry.path)
                if stat.S_ISDIR(status.st_mode):
                    folders.append((path, entry.path))
                elif not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                    raise GridError(f"cannot send {entry.path}: it is neither a file, a folder nor a link, and no "
                                    "version can have it", "unsupported")
                yield _Found(path, entry.path, status)
        except OSError as failure:
            if isinstance(failure, GridError):
                raise
            raise GridError(f"cannot read {place}: {failure.strerror}", "permission_denied") from failure


class _Sender:
    def __init__(self, connection: Connection, base: str, found: list[_Found],
                 show: Callable[[dict[str, Any]], None]) -> None:
        self.base = base
        self._connection, self._found, self._show = connection, found, show
        self._files = [one for one in found if stat.S_ISREG(one.status.st_mode)]
        self._bytes_total = sum(one.status.st_size for one in self._files)
        self._files_done = self._bytes_done = 0  # of the calling thread alone
        self._began = time.monotonic()
        self._shown = 0.0

    def report(self, event: str, status: str = "") -> None:
        """Tells the progress, at most ten times a second."""
        now = time.monotonic()
        if event == "progress" and now - self._shown < 0.1:
            return
        self._shown = now
        members: dict[str, Any] = {
            "event": event, "doing": self.base.split("/")[4], "phase": "storing", "files_done": self._files_done,
            "bytes_done": self._bytes_done, "files_total": len(self._files), "bytes_total": self._bytes_total,
            "seconds": now - self._began}
        if status:
            members["status"] = status
        self._show(members)

    def send_names(self) -> None:
        """Folders and symbolic links, which have no bytes."""
        entries = []
        for one in self._found:
            if stat.S_ISDIR(one.status.st_mode):
                entries.append({"path": _for_json(one.path), "kind": "folder", "mtime_ns": one.status.st_mtime_ns})
            elif stat.S_ISLNK(one.status.st_mode):
                entries.append({"path": _for_json(one.path), "kind": "symlink", "mtime_ns": one.status.st_mtime_ns,
                                "target": _for_json(os.readlink(one.place))})
        for at in range(0, len(entries), ENTRIES_IN_REQUEST):
            body = json.dumps({"files": entries[at:at + ENTRIES_IN_REQUEST]}).encode()
            self._connection.call("POST", f"{self.base}/files", body=body, timeout=300)

    def send_files(self) -> None:
        waiting: set[Future[int]] = set()
        threads = ThreadPoolExecutor(THREADS)
        try:
            for one in self._files:
                waiting.add(threads.submit(self._send_file, one))
                if len(waiting) >= AHEAD:
                    waiting = self._take(waiting)
            while waiting:
                waiting = self._take(waiting)
        finally:
            for left in waiting:
                left.cancel()
            threads.shutdown()

    def _take(self, waiting: set[Future[int]]) -> set[Future[int]]:
        done, left = wait(waiting, return_when=FIRST_COMPLETED)
        for one in done:
            self._bytes_done += one.result()
            self._files_done += 1
        self.report("progress")
        return left

    def _send_file(self, one: _Found) -> int:
        size = one.status.st_size
        mode = "true" if one.status.st_mode & 0o111 and os.name != "nt" else "false"
        target = (f"{self.base}/files/{in_url(one.path)}?size={size}&mtime_ns={one.status.st_mtime_ns}"
                  f"&executable={mode}")
        try:
            with open(one.place, "rb", buffering=0) as file:
                if size <= PART_SIZE:
                    # Sent again, a whole file takes the place of the first.
                    self._connection.call("PUT", target, body=self._part(file, one, 0), timeout=300)
                else:
                    self._send_parts(file, one, target)
                now = os.fstat(file.fileno())
                if (now.st_size, now.st_mtime_ns) != (size, one.status.st_mtime_ns):
                    raise self._changed(one)
        except OSError as failure:
            if isinstance(failure, GridError):
                raise
            raise GridError(f"cannot read {one.place}: {failure.strerror or failure}", "permission_denied") from failure
        return size

    def _part(self, file: Any, one: _Found, offset: int) -> bytes:
        wanted = min(PART_SIZE, one.status.st_size - offset)
        part = _read_exactly(file, offset, wanted)
        if len(part) != wanted:
            raise self._changed(one)
        return part

    def _send_parts(self, file: Any, one: _Found, target: str) -> None:
        """A part may have arrived, or a piece of it, though its answer was lost: the server says where to go on."""
        size, sent, failures = one.status.st_size, 0, 0
        while sent < size:
            part = self._part(file, one, sent)
            try:
                answer = self._connection.call("PUT", f"{target}&offset={sent}", body=part, timeout=300, repeat=False)
                sent, failures = int(answer.document()["received"]), 0
            except GridError as failure:
                failures += 1
                if failure.kind not in ("unavailable", "changed") or failures > FAILURES_MAX:
                    raise
                sent = self._received(one, was_last=sent + len(part) == size)

    def _received(self, one: _Found, *, was_last: bool) -> int:
        """How much of a large file is there. The server lists those of which something is missing."""
        for part in self._connection.document("GET", self.base)["parts"]:
            if exact_name(part, "path") == one.path:
                return int(part["received"])
        return one.status.st_size if was_last else 0

    @staticmethod
    def _changed(one: _Found) -> GridError:
        return GridError(f"cannot send {one.place}: it changed while it was read; send it when nothing writes to it",
                         "changed")


def _read_exactly(file: Any, offset: int, size: int) -> bytes:
    file.seek(offset)
    pieces, left = [], size
    while left:
        piece = file.read(left)
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _for_json(name: str) -> str:
    """Raises `GridError` for a name that is not UTF-8, which a JSON document cannot carry."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise GridError(f"cannot send {name!r}: its name is not UTF-8, which only the program grid can send",
                        "unsupported") from None
    return name
