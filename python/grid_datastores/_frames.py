"""The binary protocol of a server's Unix socket: parts of files, and what will be read next.

docs/frames.md defines the bytes. It gives what HTTP gives, for less: nothing here says what is wrong with a file, since
whoever gets no content asks over HTTP, which does.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ._fork import tell_after_fork

if TYPE_CHECKING:
    from ._connection import Address, Connection
    from ._version import Version

__all__ = ["PART_SIZE_MAX", "WHOLE", "Frames", "connect_to"]

GREETING = b"\0GRIDF1\n"
PART_SIZE_MAX = 4 << 20  # bytes of a part, the most that the server gives
WHOLE = (1 << 64) - 1  # as a size: to the end of the file
TIMEOUT = 120  # seconds, for each wait
IDLE_COUNT_MAX = 16
READ, EXPECT = 1, 2
CONTENT, REFUSED = 0, 3
HEAD = struct.Struct("<IB")


class Frames:
    """Sends frames to a store's local server. Thread-safe; a forked child makes connections of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._idle: list[tuple[Address, socket.socket]] = []  # guarded by _lock
        self._lock = threading.Lock()
        tell_after_fork(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self.close()

    def close(self) -> None:
        """Closes idle connections. The next request opens one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, found in idle:
            found.close()

    def read(self, version: Version, parts: Sequence[tuple[str, int, int]]) -> Iterator[bytes | None]:
        """For each (path, offset, size) its bytes, fewer if the file ends before; None for what HTTP is to be asked for.

        Whoever stops before the last gives the connection up. An answer that is cut or refused ends early: HTTP is to be
        asked, which says why.
        """
        request = _head(READ, version)
        for path, offset, size in parts:
            raw = path.encode("utf-8", "surrogateescape")
            request += struct.pack("<H", len(raw)) + raw + struct.pack("<QQ", offset, size)
        found, address = self._send(request)
        left = len(parts)
        try:
            while left > 0:
                code, content = _receive(found)
                left = 0 if code == REFUSED else left - 1
                if code == REFUSED:
                    break
                yield content if code == CONTENT else None
        except OSError:  # HTTP, which is asked next, says what is wrong if it lasts
            self._connection.tell_lost(address)
        finally:
            self._give_back(found, address, left == 0)

    def expect(self, version: Version, paths: Sequence[str]) -> int:
        """Has the server bring these files near, in about this order; returns when they are, with the bytes as stored."""
        request = _head(EXPECT, version)
        for path in paths:
            raw = path.encode("utf-8", "surrogateescape")
            request += struct.pack("<H", len(raw)) + raw
        for _ in range(2):  # a server that has died may take a request all the same
            found, address = self._send(request)
            whole = False
            try:
                code, content = _receive(found)
                whole = True
                return int.from_bytes(content, "little") if code == CONTENT else 0
            except OSError:
                self._connection.tell_lost(address)
            finally:
                self._give_back(found, address, whole)
        return 0  # it was a hint

    # What follows is one request's way.

    def _send(self, request: bytearray) -> tuple[socket.socket, Address]:
        frame = struct.pack("<I", len(request)) + request
        for attempt in self._connection._attempts(True):
            with attempt:
                address = attempt.address = self._connection._location.address()
                found = self._taken(address)
                try:
                    if found is None:
                        found = _open(address)
                    found.sendall(frame)
                except BaseException:
                    if found is not None:
                        found.close()
                    self.close()  # those that are idle may be as dead as this one
                    raise
                self._connection.request_count += 1
                return found, address
        raise AssertionError("unreachable")

    def _taken(self, address: Address) -> socket.socket | None:
        stale = []
        found = None
        with self._lock:
            while self._idle and found is None:
                where, candidate = self._idle.pop()
                if where == address:
                    found = candidate
                else:
                    stale.append(candidate)
        for one in stale:
            one.close()
        return found

    def _give_back(self, found: socket.socket, address: Address, whole: bool) -> None:
        if whole:
            self._connection._answered = True
            with self._lock:
                if len(self._idle) < IDLE_COUNT_MAX:
                    self._idle.append((address, found))
                    return
        found.close()


def _head(operation: int, version: Version) -> bytearray:
    name = version.name.encode()
    return bytearray(struct.pack("<BB", operation, len(name)) + name + struct.pack("<Q", version.number))


def _open(address: Address) -> socket.socket:
    found = connect_to(address.socket, None)
    try:
        # The kernel's own limit, so that a call can wait for all bytes of a part.
        limit = struct.pack("@ll", TIMEOUT, 0)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        found.sendall(GREETING)
        if _exactly(found, len(GREETING)) != GREETING:
            raise ConnectionResetError("the server speaks other frames")
    except BaseException:
        found.close()
        raise
    return found


def connect_to(path: str, timeout: float | None) -> socket.socket:
    """A connection to a Unix socket, whose path may be longer than an address."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.settimeout(timeout)
        if len(os.fsencode(path)) < 108:
            found.connect(path)
        else:
            folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                found.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
            finally:
                os.close(folder)
    except BaseException:
        found.close()
        raise
    return found


def _exactly(found: socket.socket, size: int) -> bytes:
    content = found.recv(size, socket.MSG_WAITALL) if size else b""
    while len(content) < size:
        more = found.recv(size - len(content), socket.MSG_WAITALL)
        if not more:
            raise ConnectionResetError("the server has ended the connection")
        content += more
    return content


def _receive(found: socket.socket) -> tuple[int, bytes]:
    size, code = HEAD.unpack(_exactly(found, HEAD.size))
    return code, _exactly(found, size)
