"""Making the next version of a datastore."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._errors import GridError, NotFoundError
from ._program import run_program
from ._progress import Progress, shown
from ._version import Version

if TYPE_CHECKING:
    from ._datastore import Datastore


def create(datastore: Datastore, source: str, message: str, exclude: list[str], force: bool,
           progress: Progress) -> Version:
    """See `Datastore.create`."""
    store = datastore.store
    show = shown(progress, datastore.name)
    if store._is_server:
        if exclude or force:
            raise GridError(
                f"cannot send {source} to {store.location} so: exclude and force need the program grid, with --store "
                f"{store.location}", "unsupported")
        from ._upload import upload

        return upload(datastore, source, message, show)
    place = source if "://" in source else os.path.abspath(source)
    if "://" not in source and not os.path.lexists(source):
        raise NotFoundError(f"cannot make a version of {source}: there is no such file or folder")
    # --opt=VALUE, so that no value is taken for another option.
    words = ["--store", store.location, "datastore", "create", f"--name={datastore.name}"]
    words += [f"--message={message}"] if message else []
    words += [f"--exclude={pattern}" for pattern in exclude]
    words += ["--force"] if force else []
    document = run_program([*words, "--", place], doing=f"make a version of {source}", on_event=show)
    return Version(store, datastore.name, int(document["version"]), _record(document))


def _record(document: dict[str, Any]) -> dict[str, Any]:
    """A version's own members of what a create prints."""
    return document
