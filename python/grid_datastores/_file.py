"""A file of a version, open for reading without a mount."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ._errors import GridError

if TYPE_CHECKING:
    from ._version import Version

__all__ = ["VersionFile"]

FIRST_SIZE = 256 << 10  # bytes that opening reads: whole small files
WINDOW_MAX = 8 << 20  # bytes that reading in order asks for at a time


class VersionFile(io.BufferedIOBase):
    """Reads a file of a version: seekable, buffered, read-only.

    Opening reads the first 256 KiB in one request, so a small file is there whole. Reading in order asks for more
    and more at a time, up to 8 MiB; reading elsewhere for little. It can be pickled, and used after a fork: each copy
    has its own position. Like other files it is used by one thread at a time; `pread` may be called by many.

    What fails raises the `GridError` of the file. There is no descriptor: `fileno()` raises `OSError`, and for `mmap`
    there is `version.path()`.
    """

    def __init__(self, version: Version, path: str) -> None:
        self._version, self.path = version, path
        self.name = f"{version}/{path}"
        self.mode = "rb"
        self._at = 0
        self._ahead = FIRST_SIZE
        self._window, self.size, self.path = version._read_head(path, FIRST_SIZE)
        self._start = 0  # of the window

    def __reduce__(self) -> tuple[Any, ...]:
        return (_opened_at, (self._version, self.path, self._at))

    def __repr__(self) -> str:
        return f"<VersionFile {self.name!r}>"

    def __len__(self) -> int:
        """The size in bytes."""
        return self.size

    def __bool__(self) -> bool:
        return True

    def pread(self, size: int, offset: int) -> bytes:
        """The bytes from `offset`, fewer than `size` only at the file's end. Thread-safe; moves nothing."""
        if size < 0 or offset < 0:
            raise GridError(f"{self.name}: a part has a size and an offset of at least 0", "invalid_argument")
        size = min(size, self.size - offset)
        return self._version._read_part(self.path, offset, size) if size > 0 else b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._check_open()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}.get(whence)
        if base is None or base + offset < 0:
            raise ValueError(f"{self.name}: cannot seek to {offset} from {whence}")
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        self._check_open()
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        self._check_open()
        left = max(0, self.size - self._at)
        size = left if size is None or size < 0 else min(size, left)
        inside = self._inside(size)
        if len(inside) == size:
            self._at += size
            return inside
        rest = size - len(inside)
        if rest >= WINDOW_MAX:  # straight to the caller
            content = inside + self._version._read_part(self.path, self._at + len(inside), rest)
        else:
            self._fill(self._at + len(inside), rest)
            content = inside + self._window[:rest]
        self._at += len(content)
        return content

    def read1(self, size: int = -1) -> bytes:
        self._check_open()
        if not self._inside(1) and self._at < self.size:
            self._fill(self._at, 1)
        content = self._inside(len(self._window) if size is None or size < 0 else size)
        self._at += len(content)
        return content

    def peek(self, size: int = 0) -> bytes:
        """Bytes from here on, at least one unless the file ends here; the position stays."""
        self._check_open()
        if not self._inside(1) and self._at < self.size:
            self._fill(self._at, max(1, size))
        return self._inside(len(self._window))

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        content = self.read(len(view))
        view[:len(content)] = content
        return len(content)

    def readline(self, size: int | None = -1) -> bytes:
        limit = self.size if size is None or size < 0 else size
        pieces = []
        while limit > 0:
            ahead = self.peek()[:limit]
            if not ahead:
                break
            end = ahead.find(b"\n") + 1
            piece = ahead[:end] if end else ahead
            self._at += len(piece)
            limit -= len(piece)
            pieces.append(piece)
            if end:
                break
        return b"".join(pieces)

    def _inside(self, size: int) -> bytes:
        """What the window has from the position on, at most so much."""
        begin = self._at - self._start
        return self._window[begin:begin + size] if 0 <= begin < len(self._window) else b""

    def _fill(self, offset: int, size: int) -> None:
        in_order = offset == self._start + len(self._window)
        self._ahead = min(WINDOW_MAX, self._ahead * 2) if in_order else FIRST_SIZE
        wanted = min(max(size, self._ahead), self.size - offset)
        self._window = self._version._read_part(self.path, offset, wanted)
        self._start = offset
        if len(self._window) != wanted:
            raise GridError(f"{self.name}: the server gave {len(self._window)} bytes of {wanted}", "corrupt")

    def _check_open(self) -> None:
        if self.closed:
            raise ValueError(f"{self.name} is closed")

    def close(self) -> None:
        self._window = b""
        super().close()


def _opened_at(version: Version, path: str, at: int) -> VersionFile:
    file = VersionFile(version, path)
    file.seek(at)
    return file
