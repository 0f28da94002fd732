"""`grid://NAME/VERSION/path` for fsspec, and so for pandas, dask, xarray, zarr and all others that use it.

    pandas.read_csv("grid://cats/3/labels.csv")
    fsspec.filesystem("grid").find("cats/3/images")

Options: `store` (a place as of `grid.store`), or `server` and `token` (as of `grid.connect`); without them the default
store. Everything but a listing of more than 10,000 names is one request at most, and what was learnt of a version is
true for ever. `latest` means the version that was the newest when this file system first met it, so that one program
does not see two; `invalidate_cache()` looks again.

A symbolic link is what it leads to. One that leads to a folder, to nothing or out of the version has the type "link",
and is not descended into.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from fsspec.spec import AbstractFileSystem  # type: ignore[import]

from ._entry import TOP, Entry
from ._errors import GridError, IsFolderError, NotFolderError, NotFoundError
from ._store import Store, connect, open_store
from ._version import Version

__all__ = ["GridFileSystem"]

THREADS = 8


class GridFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Read-only. Thread-safe; can be pickled; works after a fork. What fails raises the package's `GridError`."""

    protocol = "grid"
    root_marker = ""

    def __init__(self, store: str | None = None, server: str | None = None, token: str | None = None,
                 **options: Any) -> None:
        super().__init__(store=store, server=server, token=token, **options)
        self.store: Store = connect(server, token) if server else open_store(store)
        self._versions: dict[tuple[str, str], Version] = {}

    # Which version, and where in it.

    def _split(self, path: str) -> tuple[str, str, str]:
        """The datastore, the version and the path in it, each "" if it is not named."""
        parts = [part for part in str(self._strip_protocol(path)).split("/") if part]
        return (parts + ["", ""])[0], (parts + ["", ""])[1], "/".join(parts[2:])

    def _at(self, path: str) -> tuple[Version, str]:
        """Raises `GridError` for a path above the versions."""
        name, number, inside = self._split(path)
        if not number:
            raise IsFolderError(f"grid://{path} names no file of a version: that is grid://NAME/VERSION/path")
        try:
            return self._versions[(name, number)], inside
        except KeyError:
            pass
        if number == "latest":
            version = self.store.datastore(name).latest
        elif number.isascii() and number.isdigit() and number[0] != "0":
            version = Version(self.store, name, int(number))
        else:
            raise NotFoundError(f"grid://{path}: {number!r} is no version: it is a number from 1, or latest")
        self._versions[(name, number)] = version
        return version, inside

    @staticmethod
    def _top_of(path: str) -> str:
        """`cats/3` of a path in it, with the slash behind it."""
        return "/".join([part for part in path.split("/") if part][:2]) + "/"

    def _info_of(self, top: str, version: Version, entry: Entry, name: str | None = None) -> dict[str, Any]:
        """fsspec's description of an entry, with all that `grid datastore ls` says of it."""
        seen, kind = entry, "directory" if entry.kind == "folder" else "file"
        if entry.kind == "symlink":
            followed = version._names.find(entry.path, True)
            kind = "file" if followed is not None and followed.is_file else "link"
            seen = followed if followed is not None and kind == "file" else entry
        found = {"name": name or (top + entry.path).rstrip("/"), "size": seen.size, "type": kind,
                 "mtime": seen.mtime_ns / 1e9, "mtime_ns": seen.mtime_ns, "kind": entry.kind,
                 "executable": seen.executable}
        if entry.kind == "symlink":
            found["islink"], found["destination"] = True, entry.target
        return found

    def ls(self, path: str, detail: bool = True, **options: Any) -> list[Any]:
        """What a folder holds; of a file itself. Raises `NotFoundError`."""
        path = self._strip_protocol(path)
        name, number, inside = self._split(path)
        if not number:
            found = self._ls_above(name)
        else:
            version, inside = self._at(path)
            top = self._top_of(path)
            try:
                found = [self._info_of(top, version, entry, _below(path, entry)) for entry in version.entries(inside)]
            except NotFolderError:
                found = [self.info(path)]
        return found if detail else [one["name"] for one in found]

    def _ls_above(self, name: str) -> list[dict[str, Any]]:
        if not name:
            return [_folder_info(one["name"]) for one in self.store.datastores()]
        versions = self.store.datastore(name).versions
        found = [_folder_info(f"{name}/{version.number}") for version in versions]
        return [*found, _folder_info(f"{name}/latest")] if found else found

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        """What is at a path. Raises `NotFoundError`."""
        path = self._strip_protocol(path)
        name, number, _ = self._split(path)
        if not number:
            if name:
                self.store.datastore(name).record  # raises if there is none
            return _folder_info(path)
        version, inside = self._at(path)
        if not inside:
            version.record
            return self._info_of(self._top_of(path), version, TOP, path)
        entry = version.info(inside, follow=False)
        return self._info_of(self._top_of(path), version, entry, path)

    def exists(self, path: str, **options: Any) -> bool:
        """Whether there is something at the path. What cannot be known (no server) raises, and is not False."""
        try:
            found = self.info(path)
        except GridError as failure:
            if failure.kind in ("not_found", "invalid_argument"):
                return False
            raise
        return str(found["type"]) != "link"

    def isdir(self, path: str) -> bool:
        return self._type_of(path) == "directory"

    def isfile(self, path: str) -> bool:
        return self._type_of(path) == "file"

    def _type_of(self, path: str) -> str:
        try:
            return str(self.info(path)["type"])
        except GridError as failure:
            if failure.kind in ("not_found", "invalid_argument"):
                return ""
            raise

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False,
             **options: Any) -> Any:
        """All files below a path, at most so many folders deep; of a file itself; nothing of what is not there."""
        path = self._strip_protocol(path)
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        found = {}
        for info in self._below(path, maxdepth):
            if withdirs or info["type"] != "directory":
                found[info["name"]] = info
        names = sorted(found)
        return {name: found[name] for name in names} if detail else names

    def _below(self, path: str, maxdepth: int | None) -> Iterator[dict[str, Any]]:
        if not self._split(path)[1]:  # above the versions
            try:
                above = self.ls(path)
            except NotFoundError:
                return
            for one in above:
                yield one
                # latest is another name of one of them
                if (maxdepth is None or maxdepth > 1) and not one["name"].endswith("/latest"):
                    yield from self._below(one["name"], None if maxdepth is None else maxdepth - 1)
            return
        try:
            version, inside = self._at(path)
            if maxdepth == 1:
                yield from (self._info_of("", version, entry, _below(path, entry))
                            for entry in version.entries(inside))
                return
            depth = path.count("/")
            top = self._top_of(path)
            cut = None  # the length of the folder's path
            for entry in version.find(inside):
                if cut is None:  # through a link, what is found has other paths than the one that was asked for
                    is_itself = not inside or entry.path.startswith(inside + "/")
                    cut = len(inside if is_itself else version._names.real_path(inside) or "")
                name = f"{path}/{entry.path[cut:].lstrip('/')}"
                if maxdepth is None or name.count("/") - depth <= maxdepth:
                    yield self._info_of(top, version, entry, name)
        except NotFolderError:
            yield self.info(path)
        except GridError as failure:
            if failure.kind not in ("not_found", "invalid_argument"):
                raise

    def walk(self, path: str, maxdepth: int | None = None, topdown: bool = True, on_error: Any = "omit",
             **options: Any) -> Iterator[Any]:
        """As of `AbstractFileSystem`. Folders that the caller removes from a listing are left out, from the top."""
        path = self._strip_protocol(path)
        detail = options.pop("detail", False)
        folders: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {path: ({}, {})}
        for info in self._below(path, maxdepth):
            parent, _, name = info["name"].rpartition("/")
            if info["name"] == path:  # a file
                folders[path][1][""] = info
            elif info["type"] == "directory":
                folders.setdefault(parent, ({}, {}))[0][name] = info
                folders.setdefault(info["name"], ({}, {}))
            else:
                folders.setdefault(parent, ({}, {}))[1][name] = info
        yield from self._walk(path, folders, maxdepth, topdown, detail)

    def _walk(self, path: str, folders: dict[str, Any], maxdepth: int | None, topdown: bool,
              detail: bool) -> Iterator[Any]:
        inner, others = folders[path]
        shown = (path, inner, others) if detail else (path, list(inner), list(others))
        if topdown:
            yield shown
        if maxdepth is None or maxdepth > 1:
            for name in list(shown[1]):
                yield from self._walk(f"{path}/{name}".lstrip("/"), folders, None if maxdepth is None else maxdepth - 1,
                                      topdown, detail)
        if not topdown:
            yield shown

    def du(self, path: str, total: bool = True, maxdepth: int | None = None, withdirs: bool = False,
           **options: Any) -> Any:
        """Bytes of all files below a path, or of each."""
        sizes = {name: info["size"] for name, info in
                 self.find(path, maxdepth=maxdepth, withdirs=withdirs, detail=True).items()}
        return sum(sizes.values()) if total else sizes

    # Bytes.

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **options: Any) -> bytes:
        """A file, or a part of it as of a slice: negative numbers count from the end."""
        version, inside = self._at(self._strip_protocol(path))
        if (start or 0) < 0 or (end is not None and end < 0):
            start, end, _ = slice(start, end).indices(version._size_of(inside))
        start = start or 0
        if end is not None and end <= start:
            return b""
        return version.read_bytes(inside, start, None if end is None else end - start)

    def cat(self, path: Any, recursive: bool = False, on_error: str = "raise", **options: Any) -> Any:
        """As of `AbstractFileSystem`; small files come many in a request."""
        paths = self.expand_path(path, recursive=recursive)
        if not (len(paths) > 1 or isinstance(path, list) or paths[0] != self._strip_protocol(path)):
            return self.cat_file(paths[0], **options)
        if recursive or len(paths) > len(path if isinstance(path, list) else [path]):
            known = [found for found in paths if not self.isdir(found)]
        else:
            known = paths
        contents = self._cat_many(known, on_error, **options)
        return {name: content for name, content in zip(known, contents)
                if on_error != "omit" or not isinstance(content, Exception)}

    def cat_ranges(self, paths: list[str], starts: Any, ends: Any, max_gap: int | None = None,
                   on_error: str = "return", **options: Any) -> list[Any]:
        """A part of each file, in that order; with `on_error` "return" an exception in the place of what failed.

        The parts of one file come in one request, small whole files many in one. `max_gap` is not needed.
        """
        if not isinstance(paths, list):
            raise TypeError("paths must be a list")
        starts = starts if isinstance(starts, list) else [starts] * len(paths)
        ends = ends if isinstance(ends, list) else [ends] * len(paths)
        if len(starts) != len(paths) or len(ends) != len(paths):
            raise ValueError("paths, starts and ends must have one length")
        if all(not start and end is None for start, end in zip(starts, ends)):
            return self._cat_many(paths, on_error)
        from ._ranges import read_ranges

        wanted: dict[str, list[int]] = {}
        for at, path in enumerate(paths):
            wanted.setdefault(path, []).append(at)

        def read(path: str) -> list[Any]:
            try:
                version, inside = self._at(self._strip_protocol(path))
                return read_ranges(version, inside, [(starts[at], ends[at]) for at in wanted[path]])
            except GridError as failure:
                if on_error == "raise":
                    raise
                return [failure] * len(wanted[path])

        out: list[Any] = [b""] * len(paths)
        for path, contents in zip(wanted, _in_threads(read, list(wanted))):
            for at, content in zip(wanted[path], contents):
                out[at] = content
        return out

    def _cat_many(self, paths: list[str], on_error: str, **options: Any) -> list[Any]:
        """The bytes of each file, or the exception."""
        if options or len({self._split(path)[:2] for path in paths}) != 1:
            return [self._cat_or_failure(path, on_error, **options) for path in paths]
        out: list[Any] = []
        while len(out) < len(paths):
            rest = paths[len(out):]
            try:
                version = self._at(rest[0])[0]
                for content in version.read_many([self._split(path)[2] for path in rest]):
                    out.append(content)
            except GridError as failure:
                if on_error == "raise":
                    raise
                out.append(failure)
        return out

    def _cat_or_failure(self, path: str, on_error: str, **options: Any) -> Any:
        try:
            return self.cat_file(path, **options)
        except GridError as failure:
            if on_error == "raise":
                raise
            return failure

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, autocommit: bool = True,
              cache_options: Any = None, **options: Any) -> Any:
        if mode != "rb":
            raise self._read_only(path)
        version, inside = self._at(self._strip_protocol(path))
        return version.open(inside)

    def get_file(self, rpath: str, lpath: Any, callback: Any = None, outfile: Any = None, **options: Any) -> None:
        """Copies a file, or makes the folder that stands for one."""
        import os

        if outfile is None and self.isdir(rpath):
            os.makedirs(lpath, exist_ok=True)
            return
        with self.open(rpath, "rb") as source:
            if callback is not None:
                callback.set_size(source.size)
            if isinstance(lpath, io.IOBase):
                outfile = lpath
            if outfile is None:
                os.makedirs(os.path.dirname(os.path.abspath(lpath)), exist_ok=True)
                with open(lpath, "wb") as target:
                    _copy(source, target, callback)
            else:
                _copy(source, outfile, callback)

    # What never changes.

    def ukey(self, path: str) -> str:
        """What names the content: files with equal keys have equal bytes."""
        version, inside = self._at(self._strip_protocol(path))
        try:
            return version.digest(inside) if inside else version.root
        except IsFolderError:
            from hashlib import sha256

            return sha256(f"{version.root}/{inside}".encode("utf-8", "surrogateescape")).hexdigest()

    def checksum(self, path: str) -> int:
        return int(self.ukey(path)[:16], 16)

    def modified(self, path: str) -> datetime:
        """The modification time that the source had, in UTC."""
        return datetime.fromtimestamp(0, timezone.utc) + timedelta(microseconds=self.info(path).get("mtime_ns", 0) // 1000)

    def created(self, path: str) -> datetime:
        return self.modified(path)

    def invalidate_cache(self, path: str | None = None) -> None:
        """Lets `latest` be looked for again; of a version nothing can be out of date."""
        self._versions = {}
        super().invalidate_cache(path)

    # What cannot be done.

    def _read_only(self, path: str) -> GridError:
        import errno

        name = self._split(str(path))[0] or "NAME"
        return GridError(f"grid://{self._strip_protocol(str(path))} cannot be written: versions never change; "
                         f"grid.datastore({name!r}).create(folder) makes the next one", "unsupported", errno.EROFS)

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        raise self._read_only(path)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        raise self._read_only(path)

    def rmdir(self, path: str) -> None:
        raise self._read_only(path)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        raise self._read_only(path[0] if isinstance(path, list) and path else path)

    def rm_file(self, path: str) -> None:
        raise self._read_only(path)

    def _rm(self, path: str) -> None:
        raise self._read_only(path)

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        raise self._read_only(path2)

    def copy(self, path1: Any, path2: Any, **options: Any) -> None:
        raise self._read_only(path2[0] if isinstance(path2, list) and path2 else path2)

    def mv(self, path1: Any, path2: Any, **options: Any) -> None:
        raise self._read_only(path2)

    def put(self, lpath: Any, rpath: Any, **options: Any) -> None:
        raise self._read_only(rpath[0] if isinstance(rpath, list) and rpath else rpath)

    def put_file(self, lpath: Any, rpath: str, **options: Any) -> None:
        raise self._read_only(rpath)

    def pipe(self, path: Any, value: Any = None, **options: Any) -> None:
        raise self._read_only(next(iter(path), "") if isinstance(path, dict) else path)

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        raise self._read_only(path)

    def touch(self, path: str, truncate: bool = True, **options: Any) -> None:
        raise self._read_only(path)


def _below(path: str, entry: Entry) -> str:
    return f"{path}/{entry.name}"


def _folder_info(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def _copy(source: Any, target: Any, callback: Any) -> None:
    while True:
        piece = source.read(8 << 20)
        if not piece:
            return
        target.write(piece)
        if callback is not None:
            callback.relative_update(len(piece))


def _in_threads(read: Any, paths: list[str]) -> list[Any]:
    """`read` of each, several at a time if there are several."""
    if len(paths) < 3:
        return [read(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(THREADS, len(paths))) as threads:
        return list(threads.map(read, paths))
