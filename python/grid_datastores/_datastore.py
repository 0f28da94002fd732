"""A datastore: a named sequence of versions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._errors import GridError, NotFoundError
from ._reference import checked_name, checked_version
from ._version import Version

if TYPE_CHECKING:
    from ._progress import Progress
    from ._store import Store

__all__ = ["Datastore"]


class Datastore:
    """A datastore, such as `grid.datastore("cats")`. What it says is asked for each time, so it is never old.

    Thread-safe; can be pickled. `cats[3]` is a version, `cats["latest"]` the newest; iterating gives all that are ready.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.store, self.name = store, checked_name(name)
        self._base = f"/api/v1/datastores/{name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (Datastore, (self.store, self.name))

    def __repr__(self) -> str:
        return f"<Datastore {self.name}>"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datastore) and (self.store, self.name) == (other.store, other.name)

    def __hash__(self) -> int:
        return hash(self.name)

    def _repr_html_(self) -> str:
        from ._notebook import datastore_html

        return datastore_html(self)

    @property
    def record(self) -> dict[str, Any]:
        """What `grid datastore show NAME -o json` prints (docs/json-output.md).

        Raises `NotFoundError` if there is no such datastore.
        """
        return self.store._connection.document("GET", self._base)

    @property
    def description(self) -> str:
        """The text about the datastore; setting it keeps it in the store."""
        return str(self.store._connection.document("GET", self._base + "/description")["description"])

    @description.setter
    def description(self, text: str) -> None:
        self.store._connection.call("PUT", self._base + "/description", body=text.encode())

    @property
    def versions(self) -> list[Version]:
        """All ready versions, oldest first; empty before the first."""
        return [Version(self.store, self.name, record["version"], record) for record in self.record["versions"]
                if record["status"] == "ready"]

    @property
    def latest(self) -> Version:
        """The newest ready version. Raises `NotFoundError` if there is none."""
        return self["latest"]

    def __getitem__(self, version: int | str) -> Version:
        """A version by its number, by a tag as "@best", or the newest by "latest". Raises `NotFoundError` if there is none."""
        document = self.store._connection.document("GET", f"{self._base}/versions/{checked_version(version)}")
        record = document["versions"][0]
        if record["status"] != "ready":
            raise NotFoundError(f"{self.name}:{record['version']} is {record['status']}")
        return Version(self.store, self.name, record["version"], record)

    def __iter__(self) -> Iterator[Version]:
        return iter(self.versions)

    def __len__(self) -> int:
        """How many versions are ready."""
        return len(self.versions)

    def __bool__(self) -> bool:
        return True

    def create(self, source: Any, *, message: str = "", exclude: list[str] | None = None, force: bool = False,
               progress: Progress = None) -> Version:
        """Makes the next version of a folder or a file, and returns it; of an unchanged source, the one there is.

        A store of this machine is written by the program `grid`, which also takes archives, URLs and buckets as
        sources. To a server, files are sent as they are, and the server cuts them. `exclude` has patterns as in a
        `.gitignore`, `force` makes a version even if nothing has changed; both need the program.

        `progress`: by default a bar in a terminal or a notebook, and nothing elsewhere; False for none; or a function
        that is called with each event of docs/json-output.md.

        An interrupted create of a local store is continued by the same call. Raises `GridError`.
        """
        from ._create import create

        return create(self, os.fspath(source), message, list(exclude or []), force, progress)

    def delete(self, version: int) -> None:
        """Deletes a version. Raises `GridError` if there is none, or something uses it."""
        if not checked_version(version).isdigit():
            raise GridError("a version is deleted by its number", "invalid_argument")
        self.store._connection.call("DELETE", f"{self._base}/versions/{version}", repeat=False)
