"""Stores: where datastores are, and how they are reached from this machine."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, Any

from ._connection import Connection, FixedServer, ServerLocation
from ._datastore import Datastore
from ._errors import GridError
from ._fork import tell_after_fork
from ._reference import parse_reference
from ._version import Version

if TYPE_CHECKING:
    from ._frames import Frames
    from ._run import Run

__all__ = ["Store", "connect", "open_store"]


class Store:
    """All datastores of one place: a folder, a bucket, or what a grid server has.

    Made by `grid.store()` and `grid.connect()`, which give the same object for the same place. Thread-safe; can be
    pickled (a token that was given goes along); forked and spawned processes open connections of their own.
    """

    def __init__(self, location: str, is_server: bool, token: str | None) -> None:
        self.location = location
        self._is_server, self._token = is_server, token
        self._shared_server: Any = None
        self._shared_mount: Any = None
        self._run_folder: tuple[str, str] | None = None  # of GRID_DATASTORES: its value, and the folder or ""
        where: ServerLocation
        if is_server:
            where = FixedServer(location, self._current_token)
        else:
            from ._shared import SharedServer

            where = self._shared_server = SharedServer(location, {})
        self._connection = Connection(where)
        self._frames: Frames | None = None  # to the server of this machine, if the store is read through it
        self._near_frames: Frames | None = None  # guarded by _lock; to the same, for a store that is read elsewhere
        if not is_server:
            from ._frames import Frames

            self._frames = Frames(self._connection)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_same_store, (self.location, self._is_server, self._token))

    def __repr__(self) -> str:
        return f"<Store {self.location}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Store) and (self.location, self._token) == (other.location, other._token)

    def __hash__(self) -> int:
        return hash(self.location)

    def _repr_html_(self) -> str:
        from ._notebook import store_html

        return store_html(self)

    def datastores(self) -> list[dict[str, Any]]:
        """What there is: for each datastore the members of `grid datastore list -o json`, by name."""
        return list(self._connection.document("GET", "/api/v1/datastores")["datastores"])

    def datastore(self, name: str) -> Datastore:
        """The datastore with this name, which need not exist yet: `create` makes it."""
        return Datastore(self, name)

    def version(self, reference: str) -> Version:
        """The version that `cats:3`, `cats@best`, `cats:latest` or `cats` (the newest) means."""
        name, version = parse_reference(reference)
        return Datastore(self, name)["latest" if version is None else version]

    def runs(self) -> list[Run]:
        """The runs of this user and machine, or of the server, newest first."""
        from ._run import Run

        return [Run(self, record) for record in self._connection.document("GET", "/api/v1/runs")["runs"]]

    def close(self) -> None:
        """Closes connections, and says that this process uses the shared server and the mount no longer.

        Paths that `Version.path` gave may be gone a minute later. The next use opens everything again.
        """
        self._close_connections()
        for shared in (self._shared_server, self._shared_mount):
            if shared is not None:
                shared.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()

    # For the modules of the package.

    def _close_connections(self) -> None:
        self._connection.close()
        for frames in (self._frames, self._near_frames):
            if frames is not None:
                frames.close()

    @property
    def _is_far(self) -> bool:
        """Whether its bytes come over a network."""
        return self._is_server or "://" in self.location

    def _frames_here(self) -> Frames:
        """Frames to this machine's own server for the store, be the store itself behind another one."""
        if self._frames is not None:
            return self._frames
        from ._frames import Frames
        from ._shared import SharedServer

        with _lock:
            if self._near_frames is None:
                self._shared_server = SharedServer(self.location, self._program_environment())
                self._near_frames = Frames(Connection(self._shared_server))
            return self._near_frames

    def _current_token(self) -> str:
        return self._token if self._token is not None else saved_token(self.location)

    def _program_environment(self) -> dict[str, str]:
        """What the program grid needs to know beside `--store`."""
        token = self._current_token() if self._is_server else ""
        return {"GRID_TOKEN": token} if token else {}

    def _folder_of_datastores(self) -> str:
        """The folder that has every datastore as a folder: the run's, else a mount's."""
        attached = os.environ.get("GRID_DATASTORES")
        if attached:
            if self._run_folder is None or self._run_folder[0] != attached:
                self._run_folder = (attached, attached if self._is_of_this_run() else "")
            if self._run_folder[1]:
                return self._run_folder[1]
        if self._shared_mount is None:
            with _lock:
                if self._shared_mount is None:
                    from ._shared import SharedMount

                    self._shared_mount = SharedMount(self.location, self._program_environment())
        return str(self._shared_mount.folder())

    def _is_of_this_run(self) -> bool:
        """Whether the run in which this process is has this store."""
        from ._run import this_run

        try:
            run = this_run()
            return run is not None and run.attached == "mount" and place(run.store_location) == self.location
        except GridError:
            return False


_lock = threading.Lock()
_stores: dict[tuple[str, bool, str | None], Store] = {}  # guarded by _lock


@atexit.register
def _close_connections() -> None:
    for store in list(_stores.values()):
        store._close_connections()


class _LockOfThisModule:
    def after_fork(self) -> None:
        global _lock
        _lock = threading.Lock()


_kept = _LockOfThisModule()
tell_after_fork(_kept)


def _same_store(location: str, is_server: bool, token: str | None) -> Store:
    with _lock:
        store = _stores.get((location, is_server, token))
        if store is None:
            store = _stores[(location, is_server, token)] = Store(location, is_server, token)
        return store


def place(location: str) -> str:
    """A folder as an absolute path; a URL as it is, without a slash at its end."""
    if "://" in location:
        return location.rstrip("/")
    return os.path.abspath(location)


def connect(url: str, token: str | None = None) -> Store:
    """The store behind a grid server, from any machine: `grid.connect("https://data.example.com", token=…)`.

    Without a token it is `GRID_TOKEN`, else the one that `grid login` has saved. Nothing is sent yet.
    Raises `GridError` for what is no URL of a server.
    """
    if not isinstance(url, str) or not url:
        raise GridError("a server is named by its URL, as in https://data.example.com", "invalid_argument")
    if "://" not in url:
        is_local = url.startswith(("localhost", "127.", "[::1]"))
        url = ("http://" if is_local else "https://") + url
    if not url.startswith(("http://", "https://")):
        raise GridError(f"{url} is no grid server: its URL begins with https://", "invalid_argument")
    if token is not None and (not token.isascii() or not token.isprintable() or " " in token):
        raise GridError("this is no token: grid token create prints one", "invalid_argument")
    return _same_store(place(url), True, token)


def open_store(location: str | os.PathLike[str] | None = None) -> Store:
    """A store by its place: a folder, `s3://bucket/prefix`, or a server's URL.

    Without a place it is the server that `GRID_SERVER` names, else the store that `GRID_STORE` names, else
    `~/.local/share/grid`. Nothing is opened yet; folders and buckets need the program `grid`.
    """
    if location is None:
        location = os.environ.get("GRID_SERVER")
        if location:
            return connect(location)
        location = os.environ.get("GRID_STORE") or os.path.join(
            os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share"), "grid")
    text = os.fspath(location)
    if text.startswith(("http://", "https://")):
        return connect(text)
    return _same_store(place(text), False, None)


def saved_token(url: str) -> str:
    """The token for a server: `GRID_TOKEN`, else the one of `grid login`; "" if there is none."""
    token = os.environ.get("GRID_TOKEN")
    if token:
        return token
    import json

    folder = os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "grid", "logins")
    try:
        names = os.listdir(folder)
    except OSError:
        return ""
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                login = json.load(file)
            if login["url"].rstrip("/") == url:
                return str(login["token"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # of other servers, or damaged: without a token the server says what it needs
    return ""
