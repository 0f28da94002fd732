"""What differs between two versions of a datastore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ._reference import exact_name

if TYPE_CHECKING:
    from ._version import Version

__all__ = ["Change", "Diff"]

PAGE = 10_000  # changes in an answer
KINDS = ("added", "removed", "changed", "renamed")


class Change(NamedTuple):
    """One path that differs. `change` is `added`, `removed`, `changed` or `renamed`; sizes are bytes."""

    change: str
    path: str
    kind: str
    old_path: str
    old_size: int
    new_size: int
    content_changed: bool


class Diff:
    """The changes from one version to another. Iterating gives each `Change`, in the order of the paths."""

    def __init__(self, older: Version, newer: Version) -> None:
        self.older, self.newer = older, newer
        self._first = self._page(0, None)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.totals[kind]:,} {kind}" for kind in KINDS if self.totals[kind])
        return f"<Diff {self.older} to {self.newer}: {counts or 'no difference'}>"

    def _repr_html_(self) -> str:
        from ._notebook import diff_html

        return diff_html(self)

    @property
    def totals(self) -> dict[str, int]:
        """How many there are of each: added, removed, changed, renamed."""
        return dict(self._first["totals"])

    @property
    def added(self) -> list[Change]:
        return list(self._of_kind("added"))

    @property
    def removed(self) -> list[Change]:
        return list(self._of_kind("removed"))

    @property
    def changed(self) -> list[Change]:
        return list(self._of_kind("changed"))

    @property
    def renamed(self) -> list[Change]:
        return list(self._of_kind("renamed"))

    def __len__(self) -> int:
        return sum(self.totals.values())

    def __iter__(self) -> Iterator[Change]:
        return self._of_kind(None)

    def _page(self, offset: int, kind: str | None) -> dict[str, Any]:
        target = (f"/api/v1/datastores/{self.older.name}/diff?from={self.older.number}&to={self.newer.number}"
                  f"&offset={offset}&count={PAGE}" + (f"&change={kind}" if kind else ""))
        return self.older.store._connection.document("GET", target)

    def _of_kind(self, kind: str | None) -> Iterator[Change]:
        page = self._first if kind is None else self._page(0, kind)
        offset = 0
        while True:
            for found in page["changes"]:
                yield Change(found["change"], exact_name(found, "path"), found["kind"],
                             exact_name(found, "old_path") if "old_path" in found else "",
                             found.get("old_size") or 0, found.get("new_size") or 0, bool(found["content_changed"]))
            offset += PAGE
            if offset >= page["total"]:
                return
            page = self._page(offset, kind)
