"""What a version has under a name."""

from __future__ import annotations

from typing import Any, NamedTuple

from ._errors import GridError
from ._reference import exact_name

__all__ = ["Entry", "entries_of", "entry_of"]


class Entry(NamedTuple):
    """One name of a version, with all that is kept of it.

    `kind` is `file`, `folder`, `symlink` or `hard_link`. `size` is in bytes, 0 for folders and symbolic links;
    `mtime_ns` in nanoseconds since 1970. `target` is a symbolic link's text, or the path of a hard link's first name.
    Names that are not UTF-8 have surrogate escapes, as `os.listdir` gives them.
    """

    path: str
    kind: str
    size: int = 0
    mtime_ns: int = 0
    executable: bool = False
    target: str = ""

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]

    @property
    def is_file(self) -> bool:
        """A file, also under a further name (a hard link)."""
        return self.kind in ("file", "hard_link")

    @property
    def is_folder(self) -> bool:
        return self.kind == "folder"


TOP = Entry("", "folder")


def entry_of(document: dict[str, Any]) -> Entry:
    """Raises `GridError` (`corrupt`) for a path that no version has, which a server might send to do harm."""
    return entries_of([document])[0]


def entries_of(documents: list[dict[str, Any]]) -> list[Entry]:
    """As `entry_of`, of many: a version has millions, so nothing here is done twice."""
    new = tuple.__new__  # Entry() would call it after a function of its own
    found = []
    for document in documents:
        get = document.get
        path = document["path"] if "path_hex" not in document else exact_name(document, "path")
        if "/." in path or "//" in path or path[:1] in ("/", ".", "") or "\0" in path:  # few names of good servers
            _check(path)
        target = exact_name(document, "target") if "target" in document else ""
        found.append(new(Entry, (path, document["kind"], get("size", 0), document["mtime_ns"],
                                 get("executable", False), target)))
    return found


def _check(path: str) -> None:
    if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path:
        raise GridError(f"the server gives {path!r} as a path of a version, which it cannot be", "corrupt")
