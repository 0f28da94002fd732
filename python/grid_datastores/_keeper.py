"""Looks after one server or one mount that the Python processes of a user share, and ends it when none uses it.

Run as a program by `_shared.py`, by its path and with the standard library alone:

    _keeper.py FOLDER IDLE_SECONDS serve|mount PROGRAM STORE

FOLDER is the user's own (0700) and for this store and purpose alone. Its files:

    users    every user has a shared lock on it for as long as it lives; the exclusive lock says that there is none
    keeper   the keeper has the exclusive lock on it: a keeper lives
    address  what the users need to know, a JSON document; there only while it is true
    log      what the program and the keeper have to say

A lock ends with the process that has it, however that ends, so nothing here needs cleaning up: what a killed keeper
has left is found by the next one. A keeper that ends holds the exclusive lock on `users` until everything is gone, so
that nobody finds an address that is about to be wrong.

The first process ends with status 0 once the address is there, else with 1 and a sentence on standard output.
"""
from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import IO, Any, Union


def lock(file: IO[Any], how: int) -> bool:
    """Takes a lock if it is free; says whether it has it."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def end_with_parent() -> None:
    """Has the kernel end this process when the keeper dies (Linux; elsewhere the server outlives a killed keeper)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def said(text: str) -> str:
    """The sentence in what a failed program printed with -o json, or all that it printed."""
    for line in reversed(text.strip().split("\n")):
        if line.startswith("grid: "):
            return line[6:]
    start = text.find('{"error"')
    if start < 0:
        start = text.find("{")
    try:
        return str(json.loads(text[start:])["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return " ".join(text.split())[-400:]


class Serve:
    """A `grid serve` at a socket in the folder."""

    def __init__(self, program: str, store: str, folder: str, log: IO[str]) -> None:
        self.process = subprocess.Popen(
            [program, "--store", store, "serve", "--socket", os.path.join(folder, "socket"), "-o", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd="/", preexec_fn=end_with_parent)
        output = b""
        assert self.process.stdout is not None
        while True:
            piece = os.read(self.process.stdout.fileno(), 65536)
            output += piece
            if not piece:
                self.process.wait()
                raise RuntimeError(said(output.decode("utf-8", "replace")) or "grid serve has ended")
            try:
                document = json.loads(output)
                break
            except ValueError:
                pass
        if "socket" not in document:
            raise RuntimeError(said(output.decode("utf-8", "replace")))
        self.address = {"socket": document["socket"], "pid": self.process.pid}

    def lives(self) -> bool:
        return self.process.poll() is None

    def wait(self, seconds: float) -> None:
        """Returns after so many seconds, or when the server ends: its output, which it keeps open, ends then."""
        select.select([self.process.stdout], [], [], seconds)

    def end(self) -> bool:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return True


class Mount:
    """A `grid mount`, which is a process of its own: it outlives a keeper, and the next one takes it over."""

    def __init__(self, program: str, store: str, folder: str, log: IO[str]) -> None:
        self.program, self.log = program, log
        self.folder = os.path.join(folder, "datastores")
        if not self.lives():
            if not os.path.lexists(self.folder):  # a dead mount exists, and cannot be looked at
                os.mkdir(self.folder, 0o700)
            done = subprocess.run([program, "--store", store, "mount", self.folder, "-o", "json"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd="/")
            if done.returncode != 0:
                raise RuntimeError(said(done.stdout.decode("utf-8", "replace")) or "grid mount has failed")
        self.address = {"folder": self.folder}

    def lives(self) -> bool:
        try:
            return os.stat(self.folder).st_dev != os.stat(os.path.dirname(self.folder)).st_dev
        except OSError:
            return False

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def end(self) -> bool:
        """False if it is still in use, say by a shell that stands in it."""
        done = subprocess.run([self.program, "unmount", self.folder], stdin=subprocess.DEVNULL, stdout=self.log,
                              stderr=self.log, cwd="/")
        return done.returncode == 0 or not self.lives()


Service = Union[Serve, Mount]


def write_address(folder: str, address: dict[str, Any]) -> None:
    path = os.path.join(folder, "address")
    with open(path + ".new", "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(address, file)
    os.replace(path + ".new", path)


def remove_address(folder: str) -> None:
    try:
        os.unlink(os.path.join(folder, "address"))
    except FileNotFoundError:
        pass


def keep(folder: str, idle_seconds: float, service: Service, users: IO[str]) -> None:
    """Returns when the service has ended, by itself or because nobody used it for so long."""
    unused_since = None
    pause = min(1.0, max(0.05, idle_seconds / 4))
    while service.lives():
        service.wait(pause)
        if not lock(users, fcntl.LOCK_EX):
            unused_since = None
            continue
        now = time.monotonic()
        unused_since = now if unused_since is None else unused_since
        if now - unused_since >= idle_seconds:
            remove_address(folder)
            if service.end():
                return
            write_address(folder, service.address)
            unused_since = None  # it is in use all the same: not asked again at once
        fcntl.flock(users, fcntl.LOCK_UN)
    remove_address(folder)


def main() -> int:
    folder, idle_seconds, purpose, program, store = sys.argv[1:]
    os.umask(0o077)
    log = open(os.path.join(folder, "log"), "w")
    users = open(os.path.join(folder, "users"), "a")
    keeper = open(os.path.join(folder, "keeper"), "a")
    if not lock(keeper, fcntl.LOCK_EX):
        return 0  # another one is at work
    out, outcome = os.pipe()
    if os.fork() != 0:
        os.close(outcome)
        keeper.close()
        sentence = os.read(out, 65536)
        sys.stdout.buffer.write(sentence.replace(b"ok", b"", 1) if sentence.startswith(b"ok") else sentence)
        sys.stdout.flush()
        # Not through exit handlers, which are the keeper's now.
        os._exit(0 if sentence.startswith(b"ok") else 1)
    os.close(out)
    os.setsid()
    # The caller reads the first process's output to its end.
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.dup2(log.fileno(), 2)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        remove_address(folder)
        kinds: dict[str, Any] = {"serve": Serve, "mount": Mount}
        service: Service = kinds[purpose](program, store, folder, log)
        write_address(folder, service.address)
    except Exception as failure:
        os.write(outcome, str(failure).encode()[:60000] or b"it failed")
        return 1
    os.write(outcome, b"ok")
    os.close(outcome)

    def stop(number: int, frame: Any) -> None:
        remove_address(folder)
        service.end()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    keep(folder, float(idle_seconds), service, users)
    return 0


if __name__ == "__main__":
    sys.exit(main())
