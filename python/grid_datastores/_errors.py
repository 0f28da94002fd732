"""What fails is a `GridError` with the kind and the sentence of the product (docs/json-output.md).

Every class is an `OSError`, and those that have a counterpart in Python are of that class too: code that expects
`FileNotFoundError` of a file system need not know of grid.
"""

from __future__ import annotations

import errno
from typing import Any

__all__ = [
    "GridError", "NotFoundError", "AlreadyExistsError", "PermissionDeniedError", "UnavailableError", "IsFolderError",
    "NotFolderError", "error_of",
]


class GridError(OSError):
    """Something could not be done. `str()` is a sentence: what was being done, to what, what happened, what to do.

    `kind` is `not_found`, `already_exists`, `invalid_argument`, `permission_denied`, `no_space`, `unavailable`,
    `unsupported`, `changed` or `corrupt`. `message` is the sentence, `errno` the number that fits best.
    """

    default_kind = "unavailable"

    def __init__(self, message: str, kind: str | None = None, number: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind or self.default_kind
        self.errno = ERRNO_OF.get(self.kind, errno.EIO) if number is None else number

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self.kind, self.errno))


class NotFoundError(GridError, FileNotFoundError):
    """There is no such datastore, version, file or run."""

    default_kind = "not_found"


class AlreadyExistsError(GridError, FileExistsError):
    """Something with this name is there."""

    default_kind = "already_exists"


class PermissionDeniedError(GridError, PermissionError):
    """A token that is unknown or may not do this, or a folder of another user."""

    default_kind = "permission_denied"


class UnavailableError(GridError, ConnectionError):
    """A server, a store or the program did not answer in time: a retry may help."""

    default_kind = "unavailable"


class IsFolderError(GridError, IsADirectoryError):
    """A file was asked for, and this is a folder."""

    default_kind = "invalid_argument"


class NotFolderError(GridError, NotADirectoryError):
    """A folder was asked for, and this is a file."""

    default_kind = "invalid_argument"


ERRNO_OF: dict[str, int] = {
    "not_found": errno.ENOENT,
    "already_exists": errno.EEXIST,
    "invalid_argument": errno.EINVAL,
    "permission_denied": errno.EACCES,
    "no_space": errno.ENOSPC,
    "unavailable": errno.EIO,
    "unsupported": errno.ENOTSUP,
    "changed": getattr(errno, "ESTALE", errno.EIO),
    "corrupt": errno.EIO,
}

CLASS_OF: dict[str, type[GridError]] = {
    "not_found": NotFoundError,
    "already_exists": AlreadyExistsError,
    "permission_denied": PermissionDeniedError,
    "unavailable": UnavailableError,
}


def error_of(kind: str, message: str) -> GridError:
    """The error for a kind and a sentence, as a server or the program gave them."""
    return CLASS_OF.get(kind, GridError)(message, kind)
