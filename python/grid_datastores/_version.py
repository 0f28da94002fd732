"""One version of a datastore: its names and its bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from . import _names as names
from ._connection import CutShort
from ._entry import Entry
from ._frames import PART_SIZE_MAX, WHOLE
from ._errors import GridError, IsFolderError, NotFoundError
from ._reference import canonical_path, checked_name, checked_version, in_url

if TYPE_CHECKING:
    from ._diff import Diff
    from ._file import VersionFile
    from ._progress import Progress
    from ._store import Store

__all__ = ["Version"]

OFFSET_MAX = (1 << 63) - 1


class Version:
    """A version, such as `grid.datastore("cats")[3]`. It never changes, so what was learnt of it stays true.

    Thread-safe. Can be pickled and used in forked and spawned processes. Paths are those inside the version, as in
    `images/7.jpg`, given as `str`, `bytes` or `PathLike`; symbolic links are followed inside the version. Sizes are
    bytes. What fails raises a `GridError`, which for a missing file is also a `FileNotFoundError`.
    """

    def __init__(self, store: Store, name: str, number: int, record: dict[str, Any] | None = None) -> None:
        self.store, self.name, self.number = store, checked_name(name), number
        self._base = f"/api/v1/datastores/{name}/versions/{checked_version(number)}"
        self._known = record
        self._names = names.Names(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Version, (self.store, self.name, self.number, self._known))

    def __repr__(self) -> str:
        return f"<Version {self}>"

    def __str__(self) -> str:
        return f"{self.name}:{self.number}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and (self.store, self.name, self.number) == (
            other.store, other.name, other.number)

    def __hash__(self) -> int:
        return hash((self.name, self.number))

    def _repr_html_(self) -> str:
        from ._notebook import version_html

        return version_html(self)

    # What is recorded of it.

    @property
    def record(self) -> dict[str, Any]:
        """All that is recorded of the version: the members of "A version" in docs/json-output.md."""
        if self._known is None:
            self._known = self.store._connection.document("GET", self._base)["versions"][0]
        return self._known

    @property
    def root(self) -> str:
        """The digest of all its content, 64 hexadecimal digits: equal roots are equal trees."""
        return str(self.record["root"])

    @property
    def message(self) -> str:
        return str(self.record["message"])

    @property
    def source(self) -> str:
        """What it was made of, as its maker wrote it."""
        return str(self.record["source"])

    @property
    def created(self) -> str:
        """When it was made: RFC 3339, UTC."""
        return str(self.record["created"])

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return int(self.record["bytes"])

    def __len__(self) -> int:
        """How many files it has."""
        return int(self.record["files"])

    def __bool__(self) -> bool:
        return True

    # Names.

    def __iter__(self) -> Iterator[str]:
        """The paths of all files, in tree order."""
        return (entry.path for entry in self.find() if entry.is_file)

    def __contains__(self, path: object) -> bool:
        return self.exists(path)

    def entries(self, path: Any = "") -> list[Entry]:
        """What a folder holds, in the order of the names. Raises `NotFoundError`, `NotFolderError`."""
        return self._names.in_folder(canonical_path(path))

    def info(self, path: Any, *, follow: bool = True) -> Entry:
        """What is at a path; of a symbolic link, what it leads to, or with `follow` false the link itself.

        Raises `NotFoundError`, also for links that lead out of the version.
        """
        path = canonical_path(path)
        found = self._names.find(path, follow)
        if found is None:
            raise NotFoundError(f"{self} has no {path}")
        return found

    def exists(self, path: Any) -> bool:
        """Whether there is something at the path (a link that leads nowhere is nothing)."""
        return self._names.find(canonical_path(path), True) is not None

    def is_file(self, path: Any) -> bool:
        found = self._names.find(canonical_path(path), True)
        return found is not None and found.is_file

    def is_folder(self, path: Any) -> bool:
        found = self._names.find(canonical_path(path), True)
        return found is not None and found.is_folder

    def find(self, top: Any = "") -> Iterator[Entry]:
        """Everything below a folder, at any depth, in tree order: of each folder first its own entries, by name.

        10,000 entries are asked for at a time. Raises `NotFoundError`, `NotFolderError` when it is begun.
        """
        return self._names.below(canonical_path(top))

    def walk(self, top: Any = "") -> Iterator[tuple[str, list[str], list[str]]]:
        """As `os.walk`, from the top: a folder's path, the names of its folders, those of everything else in it.

        Names that are removed from the list of folders are left out with what is below them.
        """
        entries = self.find(top)
        real = self._names.real_path(canonical_path(top)) if self._has_links() else canonical_path(top)
        return names.walk(real or "", entries)

    def glob(self, pattern: str) -> list[str]:
        """The paths that match, in tree order.

        `*`, `?` and `[…]` match in a name, leading dots included, and `**` as a component any number of folders.
        """
        return self._names.glob(pattern)

    # Bytes.

    def open(self, path: Any, mode: str = "rb", *, encoding: str | None = None, errors: str | None = None,
             newline: str | None = None) -> IO[Any]:
        """A file for reading: a `VersionFile`, or with mode "r" a text file (UTF-8 if nothing else is said)."""
        if mode not in ("rb", "br", "r", "rt", "tr"):
            raise GridError(f"{self}: {path} cannot be opened with the mode {mode!r}: versions never change; make the "
                            f"next one with grid.datastore({self.name!r}).create(folder)", "unsupported")
        import io

        from ._file import VersionFile

        file: Any = VersionFile(self, canonical_path(path))
        if "b" in mode:
            return file  # type: ignore[no-any-return]
        return io.TextIOWrapper(file, encoding=encoding or "utf-8", errors=errors, newline=newline)

    def read_bytes(self, path: Any, offset: int = 0, size: int | None = None) -> bytes:
        """The bytes of a file, or of a part of it: fewer than `size` only if it ends before."""
        if offset < 0 or (size is not None and size < 0):
            raise GridError(f"{self}: {path}: a part has a size and an offset of at least 0", "invalid_argument")
        return self._read_part(canonical_path(path), offset, size)

    def read_text(self, path: Any, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text of a file."""
        return self.read_bytes(path).decode(encoding, errors)

    def read_many(self, paths: Sequence[Any]) -> Iterator[bytes]:
        """The bytes of many files, in the order of `paths`: small ones (256 KiB) many in a request.

        Raises the error of the first file that cannot be read, when its turn comes.
        """
        from ._batch import read_many

        return read_many(self, [canonical_path(path) for path in paths])

    def expect(self, paths: Sequence[Any]) -> int:
        """Says that these files are read next, in about this order: what lies in a store far away comes into this
        machine's cache, where mounts, runs and this package find it. Returns when it has come, with the bytes as stored.

        A hint: what is missing or out of reach is passed over, to fail when it is read. Raises `GridError` where there is
        no program grid.
        """
        return self.store._frames_here().expect(self, [canonical_path(path) for path in paths])

    def digest(self, path: Any = None) -> str:
        """What names the content of a file, or without a path of the whole version (its root).

        Files with equal digests have equal bytes. 64 hexadecimal digits are the BLAKE3 digest of the file, as b3sum
        prints it. A file that is stored in parts has that of the list of its parts, followed by `-` and a number.
        """
        if path is None:
            return self.root
        answer = self._of_file("HEAD", canonical_path(path), {})[0]
        digest, _, depth = str(answer.headers.get("etag", "")).strip('"').partition("-")
        return digest if depth in ("", "0") else f"{digest}-{depth}"

    def diff(self, newer: Version | int) -> Diff:
        """What differs in another version of the datastore, seen from this one: what was added there, and so on."""
        from ._diff import Diff

        if isinstance(newer, int):
            newer = Version(self.store, self.name, newer)
        if newer.name != self.name or newer.store != self.store:
            raise GridError(f"{self} and {newer} are not versions of one datastore", "invalid_argument")
        return Diff(self, newer)

    # Folders on this machine.

    def path(self, path: Any = "") -> str:
        """The version, or what is at a path in it, as a path of this machine, read-only and as fast as a local disk.

        The store is mounted if it is not yet. All Python processes of this user share the mount, and it ends a minute
        after the last of them. In a `grid run` of this store it is the folder that the run has.

        Raises `GridError` of the kind `unsupported`, which says why, where nothing can be mounted.
        """
        inside = canonical_path(path)
        top = os.path.join(self.store._folder_of_datastores(), self.name, str(self.number))
        found = os.path.join(top, *inside.split("/")) if inside else top
        if not os.path.lexists(found):
            self.info(inside, follow=False)  # says what is missing
            raise GridError(f"{self} is not to be seen in {os.path.dirname(top)}", "unavailable")
        return found

    def download(self, folder: Any, *, progress: Progress = None) -> str:
        """Makes a folder a copy of this version and returns its path; again, for this or another version, updates it.

        Only what differs is read. Files that are not of the version stay, unless an earlier download brought them.
        """
        from ._download import download

        return download(self, os.fspath(folder), progress)

    # For the modules of the package.

    def _has_links(self) -> bool:
        return int(self.record["symlinks"]) > 0

    def _size_of(self, path: str) -> int:
        """A file's size in bytes. Raises `NotFoundError`, `IsFolderError`."""
        found = self.info(path)
        if found.is_folder:
            raise IsFolderError(f"{self}: {path} is not a file but a folder")
        return found.size

    def _of_file(self, method: str, path: str, headers: dict[str, str]) -> tuple[Any, str]:
        """The answer for a file, and its path without symbolic links."""
        accept = (416, 400, 404) if method == "HEAD" else (416,)
        target = f"{self._base}/files/{in_url(path)}"
        if not path:
            raise IsFolderError(f"{self} is not a file but a folder")
        try:
            answer = self.store._connection.call(method, target, headers=headers, accept=accept)
            if answer.status in (400, 404):  # without a body, which would say why
                self.store._connection.call("GET", target, headers={"Range": "bytes=0-0"}, accept=(416,))
            return answer, path
        except CutShort as failure:
            raise GridError(f"{self}: {path}: {failure}", failure.kind) from None
        except GridError as failure:
            if failure.kind not in ("not_found", "invalid_argument"):
                raise
            real = self._names.real_path(path) if self._has_links() else path
            if real is None:
                raise NotFoundError(f"{self} has no {path}") from None
            if real != path:
                return self._of_file(method, real, headers)
            if failure.kind == "invalid_argument":
                found = self._names.find(path, False)
                if found is not None and found.is_folder:
                    raise IsFolderError(f"{self}: {path} is not a file but a folder") from None
            raise

    def _read_part(self, path: str, offset: int, size: int | None) -> bytes:
        whole = offset == 0 and size is None
        if size == 0:
            return b""
        if offset > OFFSET_MAX:
            return b""
        frames = self.store._frames
        if frames is not None and (size is None or size <= PART_SIZE_MAX):
            for part in frames.read(self, [(path, offset, WHOLE if size is None else size)]):
                if part is not None:
                    return part
        last = "" if size is None else str(min(offset + size - 1, OFFSET_MAX))
        answer, _ = self._of_file("GET", path, {} if whole else {"Range": f"bytes={offset}-{last}"})
        if answer.status == 416:  # the file ends before
            return b""
        content: bytes = answer.body
        if answer.status == 200 and not whole:
            return content[offset:None if size is None else offset + size]
        return content

    def _read_head(self, path: str, size: int) -> tuple[bytes, int, str]:
        """The first bytes of a file, its size, and its path without symbolic links."""
        if self.store._frames is not None:
            for content in self.store._frames.read(self, [(path, 0, size)]):
                if content is not None and len(content) < size:
                    return content, len(content), path
        answer, real = self._of_file("GET", path, {"Range": f"bytes=0-{size - 1}"})
        if answer.status == 416:
            return b"", 0, real
        if answer.status == 200:
            return answer.body, len(answer.body), real
        return answer.body, int(answer.headers["content-range"].rpartition("/")[2]), real
