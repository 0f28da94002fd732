"""The names of a version: what is at a path, in a folder, below it, and what matches a pattern."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Callable

from ._entry import TOP, Entry, entries_of
from ._errors import GridError, NotFolderError, NotFoundError
from ._reference import in_query, pattern_for

if TYPE_CHECKING:
    from ._version import Version

PAGE = 10_000  # entries in an answer, the most that the server gives
KNOWN_MAX = 200_000  # entries that are remembered of one version
LINKS_MAX = 40  # as the kernel follows
MAGIC = re.compile(r"[*?\[]")


class Names:
    """Asks for names and remembers them. Thread-safe: a race costs a request, no more."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self._entries: dict[str, Entry | None] = {"": TOP}
        self._folders: dict[str, list[Entry]] = {}
        self._real = {""}  # folders without a symbolic link in their paths: those that the server has listed

    def _get(self, route: str, query: str) -> dict[str, Any]:
        version = self._version
        return version.store._connection.document("GET", f"{version._base}/{route}?{query}")

    def _remember(self, entries: Iterable[Entry]) -> None:
        if len(self._entries) > KNOWN_MAX:
            self._entries, self._folders, self._real = {"": TOP}, {}, {""}
        self._entries.update((entry.path, entry) for entry in entries)

    def find(self, path: str, follow: bool) -> Entry | None:
        """What is at a path, None for nothing. One request at most, unless the path leads through symbolic links."""
        found = self._at(path)
        if found is not None and (found.kind != "symlink" or not follow):
            return found
        folder, _, name = path.rpartition("/")
        if found is None and (folder in self._real or not self._version._has_links()):
            return None
        real = self.real_path(path) if follow else self._real_folder(folder, name)
        return None if real is None else self._at(real)

    def _real_folder(self, folder: str, name: str) -> str | None:
        real = self.real_path(folder)
        return None if real is None else f"{real}/{name}".lstrip("/")

    def real_path(self, path: str) -> str | None:
        """The path without symbolic links in it; None if it leads to nothing, or out of the version."""
        left, links = deque(path.split("/")), 0
        done: list[str] = []
        while left:
            part = left.popleft()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            found = self._at("/".join([*done, part]))
            if found is None:
                return None
            if found.kind != "symlink":
                done.append(part)
                continue
            links += 1
            if links > LINKS_MAX or found.target.startswith("/"):
                return None
            left.extendleft(reversed(found.target.split("/")))
        return "/".join(done)

    def _at(self, path: str) -> Entry | None:
        try:
            return self._entries[path]
        except KeyError:
            pass
        folder, _, name = path.rpartition("/")
        if folder in self._folders:
            return None  # all that the folder has is known
        try:
            page = self._get("entries", f"path={in_query(folder)}&pattern={in_query(pattern_for(name))}&count=1")
            found = entries_of(page["entries"])
            self._real.add(folder)
        except GridError as failure:
            if failure.kind not in ("not_found", "invalid_argument"):
                raise
            if failure.kind == "not_found" and folder == "":
                raise  # the version itself
            found = []
        self._remember(found)
        if not found:
            self._entries[path] = None
        return found[0] if found else None

    def in_folder(self, path: str) -> list[Entry]:
        if path in self._folders:
            return list(self._folders[path])
        try:
            entries = list(self._pages_of(path, ""))
        except GridError as failure:
            return self.in_folder(self._folder_behind(path, failure))
        self._remember(entries)
        self._real.add(path)
        if len(entries) <= KNOWN_MAX // 2:
            self._folders[path] = entries
        return list(entries)

    def _pages_of(self, path: str, pattern: str) -> Iterator[Entry]:
        offset, total = 0, 1
        while offset < total:
            page = self._get("entries", f"path={in_query(path)}&offset={offset}&count={PAGE}"
                             + (f"&pattern={in_query(pattern)}" if pattern else ""))
            yield from entries_of(page["entries"])
            offset, total = offset + PAGE, page["total"]

    def _folder_behind(self, path: str, failure: GridError) -> str:
        """The folder that a path with symbolic links means; raises what is wrong with the path if there is none."""
        if failure.kind not in ("not_found", "invalid_argument") or not path:
            raise failure
        real = self.real_path(path) if self._version._has_links() else path
        if real is None:
            raise NotFoundError(f"{self._version} has no {path}") from None
        if real != path:
            return real
        if failure.kind == "invalid_argument":
            raise NotFolderError(f"{self._version}: {path} is not a folder") from None
        raise failure

    def below(self, top: str) -> Iterator[Entry]:
        """Everything below a folder. The first request is sent now."""
        pages = self._search(top, "*")
        try:
            first = next(pages)
        except GridError as failure:
            return self.below(self._folder_behind(top, failure))
        return _chain(first, pages)

    def _search(self, top: str, query: str) -> Iterator[list[Entry]]:
        ask = f"q={in_query(query)}&path={in_query(top)}&count={PAGE}"
        page = self._get("search", ask)
        while True:
            token = page["token"]
            if token is None:
                yield entries_of(page["entries"])
                return
            # The server is at work on the next page while this one is unpacked and used.
            following = _Later(self._get, "search", f"{ask}&token={in_query(token)}")
            yield entries_of(page["entries"])
            page = following.result()

    def glob(self, pattern: str) -> list[str]:
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        fixed = 0
        while fixed < len(parts) and not MAGIC.search(parts[fixed]):
            fixed += 1
        top, rest = "/".join(parts[:fixed]), parts[fixed:]
        if not rest:
            return [top] if self.find(top, True) is not None else []
        found: Iterable[Entry]
        try:
            if len(rest) == 1 and rest[0] != "**":
                found = self._pages_of(top, _for_server(rest[0])) if top not in self._folders else self.in_folder(top)
                found = list(found)
            else:
                query = _for_server("/".join(rest))
                found = [entry for page in self._search(top, query or "*") for entry in page]
        except GridError as failure:
            if failure.kind not in ("not_found", "invalid_argument"):
                raise
            if not top or not self._version._has_links():
                return []
            real = self.real_path(top)
            if real is None or real == top:
                return []
            return [top + path[len(real):] for path in self.glob("/".join([real, *rest]))]
        below = re.compile(regex_of(rest), re.DOTALL)
        skipped = len(top) + 1 if top else 0
        return [entry.path for entry in found if below.match(entry.path[skipped:])]


class _Later:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[..., dict[str, Any]], *arguments: str) -> None:
        self._call, self._arguments = call, arguments
        self._result: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        self._owner = os.getpid()
        self._thread = threading.Thread(target=self._run, name="grid-page", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._call(*self._arguments)
        except BaseException as failure:  # raised where the result is asked for
            self._failure = failure

    def result(self) -> dict[str, Any]:
        if os.getpid() != self._owner:  # a fork has no such thread
            return self._call(*self._arguments)
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        assert self._result is not None
        return self._result


def _chain(first: list[Entry], pages: Iterator[list[Entry]]) -> Iterator[Entry]:
    yield from first
    for page in pages:
        yield from page


def _for_server(pattern: str) -> str:
    """A pattern with which the server finds at least all that match; "" if it must send everything.

    Its brackets are those of .gitignore, which differ in rare cases, and its backslash escapes.
    """
    if "[" in pattern or re.search(r"[^/]\*\*|\*\*[^/]", pattern):
        return ""
    return pattern.replace("\\", "\\\\")


def regex_of(parts: list[str]) -> str:
    """A regular expression for whole paths, of the components of a pattern."""
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += _regex_of_name(part) + ("" if last else "/")
    return text + r"\Z"


def _regex_of_name(pattern: str) -> str:
    text, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            text += "[^/]*"
        elif char == "?":
            text += "[^/]"
        elif char == "[":
            end = pattern.find("]", at + 1 + (pattern[at:at + 1] == "!"))
            if end < 0:
                text += r"\["
                continue
            inside = pattern[at:end].replace("\\", r"\\").replace("[", r"\[")
            inside = "^/" + inside[1:] if inside[0] == "!" else "\\^" + inside[1:] if inside[0] == "^" else inside
            text += f"(?!/)[{inside}]"
            at = end + 1
        else:
            text += re.escape(char)
    return text


def walk(top: str, entries: Iterator[Entry]) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk, of entries in tree order, in which a folder's own come before those of its folders."""
    pending, current = [top], next(entries, None)
    while pending:
        folder = pending.pop()
        folders: list[str] = []
        others: list[str] = []
        while current is not None:
            parent = current.path.rpartition("/")[0]
            if parent == folder:
                (folders if current.is_folder else others).append(current.name)
            elif _tree_key(parent) > _tree_key(folder):
                break
            # What comes before lies in a folder that the caller has left out.
            current = next(entries, None)
        yield folder, folders, others
        pending.extend(f"{folder}/{name}" if folder else name for name in reversed(folders))


def _tree_key(folder: str) -> list[bytes]:
    return folder.encode("utf-8", "surrogateescape").split(b"/") if folder else []
