"""A server or a mount that all Python processes of a user on this machine share, for one store.

The first process that needs one starts a keeper (`_keeper.py`), which starts it and ends it when it was not used for a
minute (`GRID_IDLE` seconds). A process uses it from its first need to its end, by a lock that the kernel takes away
with the process; the lock is inherited by forks.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from typing import Any

from ._connection import Address
from ._errors import GridError, PermissionDeniedError, UnavailableError
from ._fork import tell_after_fork
from ._program import program

__all__ = ["SharedMount", "SharedServer", "runtime_folder"]

IDLE_SECONDS = "60"
START_SECONDS_MAX = 60.0


def runtime_folder() -> str:
    """Where shared servers and mounts are known: `$XDG_RUNTIME_DIR/grid-python`, else in the state folder.

    Raises `PermissionDeniedError` if the folder is another user's, who could otherwise give this one wrong data.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    if not base or not os.path.isdir(base):
        base = os.path.join(os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "grid")
    return own_folder(os.path.join(base, "grid-python"))


def own_folder(path: str) -> str:
    """Makes the folder, for this user alone; returns its path."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise PermissionDeniedError(
                f"{path} is not a folder of this user alone; XDG_RUNTIME_DIR names another place") from None
    return path


class Shared:
    """One shared thing: a `purpose` and a store. Thread-safe; a forked child is a user too."""

    purpose = ""
    namespace = ""  # of the kernel, inside of which the thing can be reached; "": wherever its folder can

    def __init__(self, store: str, environment: dict[str, str]) -> None:
        self._store, self._environment = store, environment
        self._users: int | None = None  # guarded by _lock: a descriptor whose lock says that this process uses it
        self._known: dict[str, Any] | None = None  # guarded by _lock
        self.after_fork()
        tell_after_fork(self)

    def after_fork(self) -> None:
        # _users stays open: the child has the lock too, until it ends or closes.
        self._lock = threading.Lock()

    def close(self) -> None:
        """This process uses it no longer. `find` uses it again."""
        with self._lock:
            if self._users is not None:
                os.close(self._users)  # not unlocked: a fork may have the lock too
            self._users, self._known = None, None

    def find(self) -> dict[str, Any]:
        """The address, of one that was started now if need be. Raises `GridError` if none can be started."""
        with self._lock:
            if self._known is None:
                self._known = self._join()
            return self._known

    def forget(self, known: dict[str, Any]) -> None:
        """Says that what `find` gave does not answer. The next `find` looks again."""
        with self._lock:
            if self._known == known:
                self._known = None

    # What follows is called with _lock.

    def _folder(self) -> str:
        import hashlib

        # The folder may be one of several machines (a shared home) or namespaces (a run's, a container's).
        key = hashlib.sha256(os.fsencode("\n".join([self._store, *_here(self.namespace)]))).hexdigest()[:16]
        return own_folder(os.path.join(runtime_folder(), f"{self.purpose}-{key}"))

    def _join(self) -> dict[str, Any]:
        import fcntl

        folder = self._folder()
        if self._users is None:
            users = os.open(os.path.join(folder, "users"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper ends
            self._users = users
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            known = self._read(folder)
            if known is not None:
                return known
            with open(os.path.join(folder, "start"), "a", opener=_opener) as start:
                fcntl.flock(start, fcntl.LOCK_EX)
                try:
                    known = self._read(folder)
                    if known is not None:
                        return known
                    self._start(folder)
                finally:
                    # Closing is not enough: a process that another thread forks now has the lock too.
                    fcntl.flock(start, fcntl.LOCK_UN)
            if time.monotonic() > end:
                raise UnavailableError(
                    f"the store {self._store} cannot be opened: grid {self.purpose} does not stay; its log is "
                    f"{folder}/log")
            time.sleep(0.02)

    def _read(self, folder: str) -> dict[str, Any] | None:
        """The address, None if there is none or no keeper vouches for it."""
        import fcntl

        try:
            with open(os.path.join(folder, "address")) as file:
                known = json.load(file)
            with open(os.path.join(folder, "keeper"), "a", opener=_opener) as keeper:
                try:
                    fcntl.flock(keeper, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    fcntl.flock(keeper, fcntl.LOCK_UN)
                    return None  # no keeper lives
                except BlockingIOError:
                    pass
        except (FileNotFoundError, ValueError):
            return None
        return known if isinstance(known, dict) and self._is_well(known) else None

    def _is_well(self, known: dict[str, Any]) -> bool:
        return True

    def _start(self, folder: str) -> None:
        import subprocess

        doing = f"open the store {self._store}"
        if not sys.executable:
            raise GridError(f"cannot {doing}: this Python does not know its own program, to run another with",
                            "unsupported")
        words = [sys.executable, "-I", "-S", os.path.join(os.path.dirname(os.path.abspath(__file__)), "_keeper.py"),
                 folder, _idle_seconds(), self.purpose, program(doing), self._store]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                              env={**os.environ, **self._environment})
        if done.returncode != 0:
            why = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
            raise self._refusal(f"cannot {doing}: {why or 'the keeper did not start'}")

    def _refusal(self, sentence: str) -> GridError:
        return UnavailableError(sentence)


def _idle_seconds() -> str:
    try:
        return str(max(0.0, float(os.environ.get("GRID_IDLE", ""))))
    except ValueError:
        return IDLE_SECONDS


def _here(namespace: str) -> list[str]:
    """What tells this machine, since it was started, and this process's namespace from all others."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            here = [file.read().strip()]
        return [*here, os.readlink(f"/proc/self/ns/{namespace}")] if namespace else here
    except OSError:
        import platform

        return [platform.node()]


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


class SharedServer(Shared):
    """A `grid serve --socket` of this user: a `ServerLocation`.

    The socket lies in a folder that only this user can enter, so who listens there is this user.
    """

    purpose = "serve"

    def address(self) -> Address:
        known = self.find()
        return Address(f"{known['socket']} (process {known['pid']})", socket=known["socket"])

    def lost(self, address: Address) -> None:
        with self._lock:
            if self._known is not None and self._known["socket"] == address.socket:
                self._known = None


class SharedMount(Shared):
    """A `grid mount` of all datastores of a store."""

    purpose, namespace = "mount", "mnt"

    def folder(self) -> str:
        """Where the datastores are. Raises `GridError` (`unsupported`) where nothing can be mounted."""
        if not sys.platform.startswith("linux"):
            raise GridError("a version becomes a folder by a mount, which needs Linux; v.open() reads its files here, "
                            "and v.download() copies them", "unsupported")
        known = self.find()
        if not os.path.isdir(os.path.join(known["folder"], ".")) or not self._is_well(known):
            self.forget(known)
            known = self.find()
        return str(known["folder"])

    def _is_well(self, known: dict[str, Any]) -> bool:
        try:
            return os.stat(known["folder"]).st_dev != os.stat(os.path.dirname(known["folder"])).st_dev
        except OSError:
            return False

    def _refusal(self, sentence: str) -> GridError:
        if os.path.exists("/dev/fuse") and os.access("/dev/fuse", os.R_OK | os.W_OK):
            return UnavailableError(sentence)
        return GridError(sentence + "; v.open() reads files without a mount, and v.download() copies them",
                         "unsupported")
