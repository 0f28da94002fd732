"""Copies a version into a folder, and brings such a copy up to date."""

from __future__ import annotations

import json
import os
import tempfile
import time
from typing import TYPE_CHECKING, Any, Callable

from ._entry import Entry
from ._errors import GridError
from ._progress import Progress, shown

if TYPE_CHECKING:
    from ._version import Version

NOTE = ".grid-download.json"  # in the folder: which version it is a copy of, and what was written
PIECE = 8 << 20  # bytes
SMALL = 256 << 10  # bytes: read many at a time


def download(version: Version, folder: str, progress: Progress) -> str:
    """See `Version.download`.

    A file is written beside its place and renamed, so a name is never a half of a file. A note in the folder says
    which files came from which version; a file that somebody has changed since is one that differs, and written again.
    """
    entries = list(version.find())
    if any(entry.path == NOTE for entry in entries):
        raise GridError(f"cannot download {version}: it has {NOTE}, the name of the note that a download keeps",
                        "unsupported")
    folder = os.path.abspath(folder)
    copy = _Copy(version, folder, entries, shown(progress, str(version)))
    copy.prepare()
    copy.remove_what_is_gone()
    copy.write()
    return folder


class _Copy:
    def __init__(self, version: Version, folder: str, entries: list[Entry],
                 show: Callable[[dict[str, Any]], None]) -> None:
        self.version, self.folder, self.entries, self.show = version, folder, entries, show
        self.note: dict[str, Any] = {}
        self.ours: set[str] = set()  # paths that earlier downloads have written
        self.suspects: set[str] = set()  # paths whose bytes differ in the version that is here
        self.checked: set[str] = {""}  # folders that are folders, and no links to somewhere else
        self.began = time.monotonic()

    def prepare(self) -> None:
        try:
            os.makedirs(self.folder, exist_ok=True)
            names = os.listdir(self.folder)
        except OSError as failure:
            raise GridError(f"cannot write to {self.folder}: {failure.strerror}", "permission_denied") from failure
        if NOTE not in names:
            if names:
                raise GridError(f"cannot download {self.version} to {self.folder}: there are other files in it, and no "
                                "earlier download; name an empty folder", "already_exists")
            self.write_note([])
        try:
            with open(os.path.join(self.folder, NOTE), encoding="utf-8") as file:
                self.note = json.load(file)
            self.note["written"] = [_exact(name) for name in self.note["written"]]
            self.ours = set(self.note["written"])
            wanted, here = (self.version.name, self.version.root), (self.note["name"], self.note["root"])
        except (ValueError, KeyError, TypeError, OSError) as failure:
            raise GridError(f"cannot download to {self.folder}: {NOTE} in it is damaged; name another folder",
                            "corrupt") from failure
        if here != wanted:
            self.suspects = self._changed_since(self.note)

    def _changed_since(self, note: dict[str, Any]) -> set[str]:
        """Paths that may have other bytes though they have the size and the time of what is here."""
        everything = {entry.path for entry in self.entries}
        if note["name"] != self.version.name or not note.get("complete"):
            return everything
        try:
            from ._version import Version

            older = Version(self.version.store, note["name"], int(note["version"]))
            if older.root != note["root"]:
                return everything  # of another store
            return {change.path for change in older.diff(self.version)}
        except GridError:
            return everything  # deleted since

    def write_note(self, written: list[str], complete: bool = False) -> None:
        note = {"name": self.version.name, "version": self.version.number, "root": self.version.root,
                "complete": complete, "written": [_plain(path) for path in written]}
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix=".grid-", delete=False, encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(file.name, os.path.join(self.folder, NOTE))

    def remove_what_is_gone(self) -> None:
        wanted = {entry.path: entry for entry in self.entries}
        for path in sorted(self.note["written"], key=len, reverse=True):
            entry = wanted.get(path)
            place = self._place(path)
            try:
                if not self._is_inside(path):
                    continue
                is_folder = os.path.isdir(place) and not os.path.islink(place)
                if entry is not None and entry.is_folder == is_folder:
                    continue
                os.rmdir(place) if is_folder else os.unlink(place)
            except OSError:
                continue  # gone already, or a folder with files of somebody else in it
        # Before anything is written: what a broken download has brought must be known to the next.
        self.write_note(sorted({*self.note["written"], *wanted}))

    def write(self) -> None:
        folders = [entry for entry in self.entries if entry.is_folder]
        files = [entry for entry in self.entries if entry.is_file]
        links = [entry for entry in self.entries if entry.kind == "symlink"]
        for entry in folders:
            self._make_folder(entry.path)
        todo = [entry for entry in files if not self._is_there(entry)]
        self._write_files(todo)
        for entry in links:  # after all files, so that nothing is written through one
            self._write_link(entry)
        for entry in reversed(folders):
            os.utime(self._place(entry.path), ns=(entry.mtime_ns, entry.mtime_ns))
        self.write_note([entry.path for entry in self.entries], complete=True)
        self._report("end", todo, len(todo), sum(entry.size for entry in todo))

    def _place(self, path: str) -> str:
        if os.name == "nt" and ("\\" in path or ":" in path):
            raise GridError(f"cannot write {path!r}: Windows has no such names", "unsupported")
        return os.path.join(self.folder, *path.split("/")) if path else self.folder

    def _is_inside(self, path: str) -> bool:
        """Whether all folders above a path are folders of the copy, not links to elsewhere."""
        above = path.rpartition("/")[0]
        while above and above not in self.checked:
            place = self._place(above)
            if os.path.islink(place) or not os.path.isdir(place):
                return False
            above = above.rpartition("/")[0]
        return True

    def _place_to_write(self, entry: Entry) -> str:
        """Raises `GridError` if it is not in a folder of the copy, or something is there that no download brought."""
        place = self._place(entry.path)
        if entry.path.rpartition("/")[0] not in self.checked:
            raise GridError(f"{self.version}: {entry.path} is in no folder of the version", "corrupt")
        if entry.path not in self.ours and os.path.lexists(place):
            raise GridError(f"cannot write {place}: there is something else with this name; move it away",
                            "already_exists")
        return place

    def _make_folder(self, path: str) -> None:
        place = self._place(path)
        if path.rpartition("/")[0] not in self.checked:
            raise GridError(f"{self.version}: {path} is in no folder of the version", "corrupt")
        try:
            os.mkdir(place)
        except FileExistsError:
            if os.path.islink(place) or not os.path.isdir(place):
                raise GridError(f"cannot write {place}: there is something else with this name", "already_exists") \
                    from None
        self.checked.add(path)

    def _is_there(self, entry: Entry) -> bool:
        if entry.path in self.suspects:
            return False
        try:
            found = os.lstat(self._place(entry.path))
        except OSError:
            return False
        return os.path.isfile(self._place(entry.path)) and found.st_size == entry.size and (
            found.st_mtime_ns // 100 == entry.mtime_ns // 100)

    def _write_files(self, todo: list[Entry]) -> None:
        small = [entry for entry in todo if entry.size <= SMALL]
        done = bytes_done = 0
        for entry, content in zip(small, self.version.read_many([entry.path for entry in small])):
            self._write_file(entry, [content])
            done, bytes_done = done + 1, bytes_done + entry.size
            self._report("progress", todo, done, bytes_done)
        for entry in todo:
            if entry.size > SMALL:
                self._write_file(entry, (self.version.read_bytes(entry.path, at, min(PIECE, entry.size - at))
                                         for at in range(0, entry.size, PIECE)))
                done, bytes_done = done + 1, bytes_done + entry.size
                self._report("progress", todo, done, bytes_done)

    def _write_file(self, entry: Entry, pieces: Any) -> None:
        place = self._place_to_write(entry)
        try:
            with tempfile.NamedTemporaryFile(dir=os.path.dirname(place), prefix=".grid-", delete=False) as file:
                try:
                    for piece in pieces:
                        file.write(piece)
                    if file.tell() != entry.size:
                        raise GridError(f"{self.version}: {entry.path}: the server gave {file.tell()} bytes of "
                                        f"{entry.size}", "corrupt")
                except BaseException:
                    os.unlink(file.name)
                    raise
            os.chmod(file.name, (0o777 if entry.executable else 0o666) & ~_umask())
            os.utime(file.name, ns=(entry.mtime_ns, entry.mtime_ns))
            os.replace(file.name, place)
        except OSError as failure:
            if isinstance(failure, GridError):
                raise
            kind = "no_space" if failure.errno == 28 else "permission_denied"
            raise GridError(f"cannot write {place}: {failure.strerror}", kind) from failure

    def _write_link(self, entry: Entry) -> None:
        place = self._place(entry.path)
        if os.path.islink(place) and os.readlink(place) == entry.target:
            return
        place = self._place_to_write(entry)
        try:
            if os.path.lexists(place):
                os.unlink(place)
            os.symlink(entry.target, place)
            if os.utime in os.supports_follow_symlinks:
                os.utime(place, ns=(entry.mtime_ns, entry.mtime_ns), follow_symlinks=False)
        except OSError as failure:
            raise GridError(f"cannot make the link {place}: {failure.strerror}", "permission_denied") from failure

    def _report(self, event: str, todo: list[Entry], done: int, bytes_done: int) -> None:
        members: dict[str, Any] = {
            "event": event, "doing": str(self.version), "phase": "", "files_done": done, "bytes_done": bytes_done,
            "files_total": len(todo), "bytes_total": sum(entry.size for entry in todo),
            "seconds": time.monotonic() - self.began}
        if event == "end":
            members["status"] = "done"
        self.show(members)


def _plain(path: str) -> str:
    """A path as JSON can hold it, its surrogate escapes included."""
    return path.encode("utf-8", "surrogateescape").decode("latin-1")


def _exact(plain: str) -> str:
    return plain.encode("latin-1").decode("utf-8", "surrogateescape")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
