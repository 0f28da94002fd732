"""Many small files in one request."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ._errors import GridError
from ._frames import WHOLE

if TYPE_CHECKING:
    from ._frames import Frames
    from ._version import Version

FILE_SIZE_MAX = 256 << 10  # bytes; the most that the server gives of a file in a batch
BODY_SIZE_MAX = 900_000  # bytes of a request
COUNT_MAX = 2000  # files in a request
FRAMES_COUNT_MAX = 512  # of those in frames


def read_many(version: Version, paths: list[str]) -> Iterator[bytes]:
    """The bytes of the files, in this order. What is no small file is read by itself, which says what is wrong with it.

    An answer that is cut is asked for again, from the first file that is missing.
    """
    if version.store._frames is not None:
        yield from _read_in_frames(version, version.store._frames, paths)
        return
    at = 0
    while at < len(paths):
        batch = _next_batch(paths, at)
        if not batch:
            yield version.read_bytes(paths[at])
            at += 1
            continue
        try:
            for content in _read_batch(version, batch):
                yield version.read_bytes(paths[at]) if content is None else content
                at += 1
        except GridError:
            raise
        except (OSError, http.client.HTTPException):
            if at < len(paths):  # the rest, of which the first is asked for with all patience
                yield version.read_bytes(paths[at])
                at += 1


def _read_in_frames(version: Version, frames: Frames, paths: list[str]) -> Iterator[bytes]:
    at = 0
    while at < len(paths):
        batch = paths[at:at + FRAMES_COUNT_MAX]
        end = at + len(batch)
        for content in frames.read(version, [(path, 0, WHOLE) for path in batch]):
            yield version.read_bytes(paths[at]) if content is None else content
            at += 1
        if at < end:  # the answer was cut: this one is asked for with all patience
            yield version.read_bytes(paths[at])
            at += 1


def _next_batch(paths: list[str], at: int) -> list[str]:
    """The next paths that fit into a request; none if the next cannot be in one: JSON has no bytes."""
    batch: list[str] = []
    size = 100
    for path in paths[at:at + COUNT_MAX]:
        try:
            size += len(json.dumps(path)) + 2
            path.encode("utf-8")
        except UnicodeEncodeError:
            break
        if size > BODY_SIZE_MAX:
            break
        batch.append(path)
    return batch


def _read_batch(version: Version, paths: list[str]) -> Iterator[bytes | None]:
    """For each path its bytes, or None for what the server does not give in a batch."""
    body = json.dumps({"paths": paths, "size_max": FILE_SIZE_MAX}).encode()
    with version.store._connection.stream("POST", f"{version._base}/batch", body=body) as stream:
        for _ in paths:
            head = stream.read(5)
            if len(head) != 5:
                raise ConnectionResetError("the batch ended early")
            size = int.from_bytes(head[1:], "little")
            content = stream.read(size)
            if len(content) != size:
                raise ConnectionResetError("the batch ended early")
            yield content if head[0] == 0 else None
        stream.read(1)  # the end, so that the connection can be used again
