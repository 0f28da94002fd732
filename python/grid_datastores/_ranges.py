"""Several parts of one file in one request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional, Tuple

if TYPE_CHECKING:
    from ._version import Version

RANGES_MAX = 32  # in a request, as the server takes them
GAP = 64 << 10  # bytes between two parts that are cheaper read than left out

Range = Tuple[Optional[int], Optional[int]]


def read_ranges(version: Version, path: str, ranges: list[Range]) -> list[bytes]:
    """The bytes of each range, as of a slice of the file: `(start, end)`, either may be None or negative."""
    size = None
    if any((start or 0) < 0 or end is None or end < 0 for start, end in ranges):
        size = version._size_of(path)
    exact = [slice(start, end).indices(size)[:2] if size is not None else (start or 0, end or 0)
             for start, end in ranges]
    parts = merged([(start, end) for start, end in exact if end > start])
    contents = []
    for at in range(0, len(parts), RANGES_MAX):
        contents += _read(version, path, parts[at:at + RANGES_MAX])
    if not parts:
        version._size_of(path)  # says if it is missing
    return [_cut(parts, contents, start, end) for start, end in exact]


def merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, and one where two overlap or nearly touch."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1] + GAP:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _cut(parts: list[tuple[int, int]], contents: list[bytes], start: int, end: int) -> bytes:
    for (begin, until), content in zip(parts, contents):
        if begin <= start < until:
            return content[start - begin:max(start, end) - begin]
    return b""


def _read(version: Version, path: str, parts: list[tuple[int, int]]) -> list[bytes]:
    if len(parts) == 1:
        return [version.read_bytes(path, parts[0][0], parts[0][1] - parts[0][0])]
    header = "bytes=" + ", ".join(f"{start}-{end - 1}" for start, end in parts)
    answer, _ = version._of_file("GET", path, {"Range": header})
    if answer.status == 416:
        return [b""] * len(parts)
    if answer.status == 200:
        return [answer.body[start:end] for start, end in parts]
    found = dict(_bodies(answer.headers, answer.body))
    return [found.get(start, b"") for start, _ in parts]


def _bodies(headers: dict[str, str], body: bytes) -> list[tuple[int, bytes]]:
    """Where each part of an answer begins in the file, and its bytes. What lies beyond the file's end is missing."""
    kind = headers.get("content-type", "")
    if not kind.startswith("multipart/byteranges"):
        start, end = _span(headers["content-range"])
        return [(start, body[:end - start])]
    out: list[tuple[int, bytes]] = []
    at = 0
    while True:
        head_end = body.find(b"\r\n\r\n", at)
        if head_end < 0:
            return out
        match = re.search(rb"(?i)content-range: *([^\r\n]*)", body[at:head_end + 2])
        if match is None:
            return out
        start, end = _span(match.group(1).decode("latin-1"))
        out.append((start, body[head_end + 4:head_end + 4 + end - start]))
        at = head_end + 4 + end - start


def _span(content_range: str) -> tuple[int, int]:
    match = re.match(r"bytes (\d+)-(\d+)/", content_range)
    if match is None:
        raise ConnectionError(f"the server gives {content_range!r} as a range")
    return int(match.group(1)), int(match.group(2)) + 1
