"""Lives of a run or a mount in which one call of grid fails, or is interrupted, at one moment after the
other: the 1st, the 2nd, … until a life has no such call left. After each life all that must hold is
checked: what the script wrote is kept, the status is true, nothing is mounted, no process is left.

fault_lives.py GRID LIBRARY WORK LIFE KIND [--every N] [--seed N] [--lasting]

LIBRARY is faults.cc, built; WORK a folder for a store and for what the lives write; LIFE run or mount;
KIND as in faults.cc. --every N tries one moment of N, the first by chance.
"""
import argparse
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
SCRIPT = """#!/bin/sh
: >started
echo printed
echo weights >"$GRID_ARTIFACTS/model"
[ "$(cat "$1/a")" = meow ] || exit 9
: >finished
"""


class Failed(Exception):
    pass


def expect(condition, sentence):
    if not condition:
        raise Failed(sentence)


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


class Lives:
    def __init__(self, options):
        self.grid = os.path.realpath(options.GRID)
        self.options = options
        self.work = os.path.realpath(options.WORK)
        self.token = f"fault-{os.getpid()}-{random.randrange(10**9)}"
        self.sets = f"/grid-{self.token}"
        self.counter = os.path.join(self.work, "counter")
        self.is_signal = options.KIND.isdigit()
        self.environment = dict(os.environ, GRID_STORE=os.path.join(self.work, "store"), TOKEN=self.token,
                                XDG_CACHE_HOME=os.path.join(self.work, "cache"))
        for name in ("XDG_DATA_HOME", "LD_PRELOAD"):
            self.environment.pop(name, None)
        os.makedirs(os.path.join(self.work, "cats"), exist_ok=True)
        with open(os.path.join(self.work, "cats", "a"), "w") as file:
            file.write("meow\n")
        if not os.path.exists(self.environment["GRID_STORE"]):
            self.call(["datastore", "create", "cats", "-q"])

    def call(self, words, **more):
        return subprocess.run([self.grid] + words, cwd=self.work, env=self.environment, text=True,
                              capture_output=True, timeout=60, **more)

    def with_fault(self, moment):
        with open(self.counter, "wb") as file:
            file.write(struct.pack("Q", 0))
        lasting = ":lasting" if self.options.lasting else ""
        return dict(self.environment, LD_PRELOAD=os.path.realpath(self.options.LIBRARY),
                    GRID_FAULT=f"{self.options.KIND}:{moment}{lasting}", GRID_FAULT_COUNTER=self.counter,
                    GRID_FAULT_PROGRAM=self.grid)

    def may_abort(self, status):
        """Without memory, functions of the C++ and JSON libraries that may not throw abort the process."""
        return self.options.KIND == "memory" and status == -signal.SIGABRT

    def count(self):
        with open(self.counter, "rb") as file:
            return struct.unpack("Q", file.read())[0]

    def start(self, words, moment, folder):
        """Runs grid with the fault; returns its exit status, what it printed and what it said."""
        # Pipes, since files would be on the full disk.
        process = subprocess.Popen([self.grid] + words, cwd=folder, env=self.with_fault(moment), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            out, said = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Failed("it did not end")
        status = process.returncode
        expect(-status not in CRASHES or self.may_abort(status), f"it crashed: {status}: {said}")
        if status > 0 and not self.is_signal:
            expect(said.strip() or status == 9, f"status {status} without a word")
        return status, out, said

    def processes(self):
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if f"TOKEN={self.token}".encode() not in file.read().split(b"\0"):
                        continue
                with open(f"/proc/{entry}/stat") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found.append(int(entry))
            except OSError:
                pass
        return found

    def mounts(self):
        found = []
        for process in self.processes() + ["self"]:
            try:
                found += [line for line in read(f"/proc/{process}/mounts").splitlines()
                          if self.sets in line or self.work in line]
            except OSError:
                pass
        return found

    def expect_nothing_left(self):
        for _ in range(500):
            left = self.processes()
            if not left and not self.mounts():
                return
            time.sleep(0.02)
        names = []
        for process in left:
            try:
                names.append(f"{process} {read(f'/proc/{process}/comm').strip()}")
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        raise Failed(f"left: processes {names}, mounts {self.mounts()}")

    def run(self, moment, folder):
        script = os.path.join(folder, "script")
        with open(script, "w") as file:
            file.write(SCRIPT)
        os.chmod(script, 0o755)
        status, out, said = self.start(["run", "--name", "life", "--datastore_mount_dir", self.sets, "--", "./script",
                                        "grid:cats"], moment, folder)
        has = lambda name: os.path.exists(os.path.join(folder, name))
        self.expect_nothing_left()
        shown = self.call(["status", "life", "-o", "json"])
        if shown.returncode != 0:
            expect(not has("started"), f"the record is lost: {shown.stderr} {said}")
            expect(status != 0, "it is not there and succeeded")
            return
        run = json.loads(shown.stdout)
        state = run["status"]
        allowed = {"done", "failed"}
        if self.is_signal:
            allowed.add("stopped")
        if self.options.KIND == "9" or self.may_abort(status):
            allowed.add("lost")
        expect(state in allowed, f"status {state}: {said}")
        # A supervisor that is killed may have recorded the end already.
        expect((state == "done") == (status == 0) or self.options.KIND == "9" or self.may_abort(status),
               f"status {state}, exit status {status}: {said}")
        expect(state != "done" or has("finished"), "done, and the script has not finished")
        if has("finished"):
            model = os.path.join(folder, "state/grid/runs/life/artifacts/model")
            expect(os.path.exists(model) and read(model) == "weights\n", "the artifact is lost")
        if state == "done":
            expect(out == "printed\n", f"the output is lost: {out!r} {said}")
            log = self.call(["logs", "life"]).stdout
            expect(log == "printed\n" or "log" in said, f"the log is lost: {log!r} {said}")

    def mount(self, moment, folder):
        place = os.path.join(folder, "m")
        os.mkdir(place)
        status, _, said = self.start(["mount", "m"], moment, folder)
        if status == 0:
            got = subprocess.run(["cat", "m/cats/1/a"], cwd=folder, capture_output=True, text=True, timeout=60)
            is_read = got.returncode == 0 and got.stdout == "meow\n"
            log = "".join(read(entry.path) for entry in os.scandir(os.path.join(folder, "state/grid/mounts"))) \
                if os.path.isdir(os.path.join(folder, "state/grid/mounts")) else ""
            may_fail = self.is_signal or self.options.KIND in ("memory", "open")
            expect(is_read or may_fail, f"not read: {got.stderr} {said} {log}")
            expect(got.returncode != 0 or is_read, f"read as {got.stdout!r}")
            ended = subprocess.run([self.grid, "unmount", "m"], cwd=folder, env=self.environment, text=True,
                                   capture_output=True, timeout=60)
            # A server that ends by itself has unmounted.
            expect(ended.returncode == 0 or may_fail or self.options.KIND == "thread", f"not unmounted: {ended.stderr}")
        elif status < 0:
            # The command was killed: its server may have been ready.
            self.call(["unmount", place])
        self.expect_nothing_left()
        expect(os.listdir(place) == [], "the folder is not empty")

    def live(self, moment):
        folder = os.path.join(self.work, "life")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        self.environment["XDG_STATE_HOME"] = os.path.join(folder, "state")
        getattr(self, self.options.LIFE)(moment, folder)
        return self.count() >= moment

    def live_all(self):
        every = self.options.every
        moment = random.Random(self.options.seed).randrange(every) + 1
        count = 0
        while True:
            try:
                was_struck = self.live(moment)
            except (Failed, subprocess.TimeoutExpired) as failure:
                print(f"{self.options.LIFE} {self.options.KIND}:{moment}: {failure}", file=sys.stderr)
                return 1
            if not was_struck:
                break
            count += 1
            moment += every
        print(f"{count} lives of a {self.options.LIFE} with {self.options.KIND}, the last at {moment}")
        return 0


def main():
    parser = argparse.ArgumentParser()
    for word in ("GRID", "LIBRARY", "WORK", "LIFE", "KIND"):
        parser.add_argument(word)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--lasting", action="store_true")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    sys.exit(Lives(options).live_all())


main()
