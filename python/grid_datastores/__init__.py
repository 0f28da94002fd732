"""Grid Datastores in Python: versioned, verified datasets as paths, as files, and for fsspec.

    import grid_datastores as grid

    cats = grid.datastore("cats")
    for path in cats[3].glob("images/*.jpg"):
        image = cats[3].read_bytes(path)
    folder = cats[3].path()          # a folder of this machine

docs/python.md is the five-minute introduction. A module is loaded when something of it is first used, so that the
import costs next to nothing. Everything may be called by several threads, and after a fork.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import torch as torch
    from ._datastore import Datastore as Datastore
    from ._diff import Change as Change
    from ._diff import Diff as Diff
    from ._entry import Entry as Entry
    from ._errors import AlreadyExistsError as AlreadyExistsError
    from ._errors import GridError as GridError
    from ._errors import IsFolderError as IsFolderError
    from ._errors import NotFolderError as NotFolderError
    from ._errors import NotFoundError as NotFoundError
    from ._errors import PermissionDeniedError as PermissionDeniedError
    from ._errors import UnavailableError as UnavailableError
    from ._file import VersionFile as VersionFile
    from ._run import Run as Run
    from ._run import log_metric as log_metric
    from ._run import run as run
    from ._run import this_run as this_run
    from ._store import Store as Store
    from ._store import connect as connect
    from ._store import open_store as store
    from ._version import Version as Version

__version__ = "0.1.0"

_PLACES = {
    "AlreadyExistsError": "_errors", "GridError": "_errors", "IsFolderError": "_errors", "NotFolderError": "_errors",
    "NotFoundError": "_errors", "PermissionDeniedError": "_errors", "UnavailableError": "_errors",
    "Change": "_diff", "Datastore": "_datastore", "Diff": "_diff", "Entry": "_entry", "Run": "_run", "Store": "_store",
    "Version": "_version", "VersionFile": "_file",
    "connect": "_store", "log_metric": "_run", "run": "_run", "store": "_store.open_store", "this_run": "_run",
}
__all__ = [*_PLACES, "datastore", "datastores", "runs", "torch", "version"]


def datastore(name: str) -> Datastore:
    """The datastore with this name in the default store (see `store`); it need not exist yet. Nothing is asked."""
    from ._store import open_store

    return open_store().datastore(name)


def datastores() -> list[dict[str, Any]]:
    """What the default store has: for each datastore the members of `grid datastore list -o json`, by name."""
    from ._store import open_store

    return open_store().datastores()


def version(reference: str) -> Version:
    """The version that `cats:3`, `cats@best`, `cats:latest` or `cats` (the newest) means in the default store."""
    from ._store import open_store

    return open_store().version(reference)


def runs() -> list[Run]:
    """The runs of this user and machine, or of the server, newest first."""
    from ._store import open_store

    return open_store().runs()


def __getattr__(name: str) -> Any:
    if name == "torch":
        import importlib

        return importlib.import_module(__name__ + ".torch")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, _, inside = _PLACES[name].partition(".")
    found = getattr(import_module(f"{__name__}.{module}"), inside or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
