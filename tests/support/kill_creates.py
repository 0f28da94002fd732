"""Kills creates at random moments, repeats each command, and counts what was read twice.

Every round begins with an empty store, kills a create (kill -9, or sometimes Ctrl-C) at a random
moment of the time that it takes, and runs the same command again. The version must be the one that
an undisturbed create makes, and both attempts together must have read little more than the source.

    kill_creates.py GRID KILLS SHARE_MAX KIND[@PORT:SERVER_PORT]=SOURCE[,OPTION…]…

KILLS counts kills that hit a create before its end. SHARE_MAX is the share of the source that may
be read twice. With @PORT, the bytes that a server on loopback sent through PORT are counted, else
those that the process read.
"""
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

GRID, KILLS, SHARE_MAX = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
STORE = os.environ["GRID_STORE"]
seed = int(os.environ.get("SEED", time.time_ns() % 1000000))
print(f"SEED={seed}")
random.seed(seed)


def clear():
    for folder in (STORE, os.environ["XDG_CACHE_HOME"], os.environ["XDG_STATE_HOME"]):
        shutil.rmtree(folder, ignore_errors=True)


def bytes_read(pid):
    """What a process read until it ended. It must not be reaped yet."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with open(f"/proc/{pid}/io") as counters:
        return next(int(line.split()[1]) for line in counters if line.startswith("rchar:"))


def default_signals():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Forwarder:
    """Forwards connections to a server, and counts the bytes of its answers."""

    def __init__(self, port, server_port):
        self.server_port, self.answered = server_port, 0
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(("127.0.0.1", self.server_port))
            for ends in ((client, server, False), (server, client, True)):
                threading.Thread(target=self.copy, args=ends, daemon=True).start()

    def copy(self, from_end, to_end, counts):
        try:
            while piece := from_end.recv(1 << 20):
                to_end.sendall(piece)  # what the other end did not accept is not counted
                self.answered += len(piece) if counts else 0
        except OSError:
            pass  # killed
        for end in (from_end, to_end):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Create:
    """One attempt; the caller waits for its end."""

    def __init__(self, kind):
        self.forwarder = kind.forwarder
        self.answered_before = self.forwarder.answered if self.forwarder else 0
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [GRID, "datastore", "create", "--name", "x", "-o", "json", "--quiet", *kind.options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=default_signals)

    def finish(self):
        if self.forwarder:
            self.process.wait()
            self.bytes_read = self.forwarder.answered - self.answered_before
        else:
            self.bytes_read = bytes_read(self.process.pid)
        self.seconds = time.monotonic() - self.started
        out, self.messages = self.process.communicate()
        return json.loads(out) if self.process.returncode == 0 else None


class Kind:
    def __init__(self, word):
        self.name, rest = word.split("=", 1)
        self.options = rest.split(",")
        self.name, _, ports = self.name.partition("@")
        self.forwarder = Forwarder(*map(int, ports.split(":"))) if ports else None
        clear()
        whole = Create(self)
        version = whole.finish() or sys.exit(f"FAILED: {self.name}: {whole.messages.decode()}")
        self.root, self.seconds = version["root"], whole.seconds
        self.bytes_read = whole.bytes_read
        self.kills, self.worst, self.twice = 0, 0.0, 0


kinds = [Kind(word) for word in sys.argv[4:]]
for number in itertools.count():
    if sum(kind.kills for kind in kinds) == KILLS:
        break
    if number > 4 * KILLS:
        sys.exit("FAILED: too few creates were alive when they were to be killed")
    kind = kinds[number % len(kinds)]
    how = signal.SIGINT if random.random() < 0.2 else signal.SIGKILL
    clear()
    first = Create(kind)
    time.sleep(random.random() * kind.seconds)
    os.kill(first.process.pid, how)  # not send_signal(), which may reap it
    version = first.finish()
    killed = version is None
    if killed:
        if first.process.returncode != -how:
            sys.exit(f"FAILED: {kind.name}: {how}: {first.process.returncode} {first.messages}")
        again = Create(kind)
        version = again.finish() or sys.exit(f"FAILED: {kind.name}: {again.messages.decode()}")
        # Negative only by what varies otherwise: libraries, settings, the store.
        twice = max(0, first.bytes_read + again.bytes_read - kind.bytes_read)
        share = twice / kind.bytes_read
        kind.kills += 1
        kind.twice += twice
        kind.worst = max(kind.worst, share)
        print(f"{number}: {kind.name}, {how.name} after {first.seconds:.1f} s: {share:.2%}",
              flush=True)
        if share > SHARE_MAX:
            sys.exit(f"FAILED: round {number}, {kind.name}, {how.name}: {twice} of "
                     f"{kind.bytes_read} bytes were read twice")
    if version["root"] != kind.root:
        sys.exit(f"FAILED: round {number}, {kind.name}: another root")
    if version["version"] != 1 or os.listdir(os.environ["XDG_STATE_HOME"] + "/grid/creates"):
        sys.exit(f"FAILED: round {number}, {kind.name}: something was left behind")

for kind in kinds:
    mean = kind.twice / max(1, kind.kills) / kind.bytes_read
    print(f"{kind.name}: {kind.bytes_read:,} bytes in {kind.seconds:.2f} s, {kind.kills} kills, "
          f"read twice: {mean:.2%} on average, {kind.worst:.2%} at most")
