"""A random life of a machine with runs and a mount: commands, stops, kills, closed descriptors, small limits,
drawn from a printed seed and checked against a model of what `status`, the artifacts, the logs and the mounts
may say.

random_life.py GRID WORK SECONDS [SEED]
"""
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

SCRIPT = """#!/bin/sh
# NAME HOW STATUS
[ "$2" != deaf ] || trap '' TERM HUP
if [ "$2" = child ]; then (trap '' TERM; while [ ! -e "go-$1" ]; do sleep 0.05; done) & fi
echo weights >"$GRID_ARTIFACTS/model"
echo "begin $1"
: >"started-$1"
[ "$2" = quick ] || while [ ! -e "go-$1" ]; do cat /datastores/cats/1/a >/dev/null || exit 8; sleep 0.02; done
[ "$(cat /datastores/cats/1/a)" = meow ] || exit 8
echo "end $1"
: >"finished-$1"
exit "$3"
"""
OVER = {"done", "failed", "stopped", "lost"}


class Wrong(Exception):
    pass


def expect(condition, sentence):
    if not condition:
        raise Wrong(sentence)


class Run:
    def __init__(self, name, how, status):
        self.name, self.how, self.status = name, how, status
        self.process = None  # of a run in the foreground
        self.is_limited = self.is_asked_to_stop = False
        self.killed = set()  # what of it was killed: the names of processes
        self.over = None     # its status, once it is over


class Life:
    def __init__(self, grid, work, chance):
        self.grid, self.work, self.chance = os.path.realpath(grid), os.path.realpath(work), chance
        self.token = f"life-{os.getpid()}-{time.time_ns()}"
        self.environment = dict(os.environ, GRID_STORE=os.path.join(work, "store"), TOKEN=self.token,
                                XDG_CACHE_HOME=os.path.join(work, "cache"), XDG_STATE_HOME=os.path.join(work, "state"))
        self.runs, self.count, self.is_mounted, self.told = [], 0, False, []
        os.makedirs(self.path("cats"))
        os.mkdir(self.path("m"))
        with open(self.path("cats/a"), "w") as file:
            file.write("meow\n")
        with open(self.path("script"), "w") as file:
            file.write(SCRIPT)
        os.chmod(self.path("script"), 0o755)
        self.must("datastore", "create", "cats", "-q")

    def path(self, name):
        return os.path.join(self.work, name)

    def has(self, name):
        return os.path.exists(self.path(name))

    def call(self, *words):
        return subprocess.run([self.grid, *words], cwd=self.work, env=self.environment, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60)

    def must(self, *words):
        done = self.call(*words)
        expect(done.returncode == 0, f"grid {' '.join(words)}: {done.stderr}")
        return done.stdout

    # ---- What there is.

    def processes(self, mark=None):
        """The live processes of this test, or those with a variable that marks a run, with their names."""
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    if (mark or f"TOKEN={self.token}").encode() not in file.read().split(b"\0"):
                        continue
                with open(f"/proc/{entry}/stat") as file:
                    name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
                    if rest.split()[0] != "Z":
                        found[int(entry)] = name
            except OSError:
                pass
        return found

    def status_of(self, run):
        shown = self.call("status", run.name, "-o", "json")
        return json.loads(shown.stdout)["status"] if shown.returncode == 0 else None

    def mounts(self):
        with open("/proc/self/mounts") as file:
            return [line.split()[1] for line in file if f" {self.work}/" in line]

    # ---- What may happen.

    def start(self):
        if len([run for run in self.runs if run.over is None]) >= 4:
            return
        self.count += 1
        run = Run(f"run{self.count}", self.chance.choice(["quick", "slow", "deaf", "child"]), self.chance.choice([0, 0, 3]))
        closed = [fd for fd in range(3) if self.chance.random() < 0.15]
        limit = self.chance.choice([None] * 6 + [("NOFILE", 12), ("NOFILE", 24), ("FSIZE", 0), ("FSIZE", 2048)])
        run.is_limited = limit is not None
        detached = self.chance.random() < 0.5

        def prepare():
            if limit:
                which = getattr(resource, f"RLIMIT_{limit[0]}")
                resource.setrlimit(which, (limit[1], limit[1]))
            for fd in closed:
                os.close(fd)

        words = [self.grid, "run", "-q", "--name", run.name, "--env", f"RUN={run.name}"]
        words += ["--detach"] if detached else []
        words += ["--", "./script", run.name, run.how, str(run.status), "grid:cats:1"]
        with open(self.path(f"out-{run.name}"), "w") as out, open(self.path(f"err-{run.name}"), "w") as err:
            run.process = subprocess.Popen(words, cwd=self.work, env=dict(self.environment, RUN=run.name), stdout=out,
                                           stderr=err, stdin=subprocess.DEVNULL, start_new_session=True,
                                           preexec_fn=prepare)
        if detached:
            status = run.process.wait(60)
            expect(status == 0 or run.is_limited, f"{run.name} was not started: {self.said(run)}")
            if status != 0:
                return
        self.runs.append(run)
        self.told.append(f"start {run.name} {run.how} {run.status} closed {closed} limit {limit} detached {detached}")

    def said(self, run):
        with open(self.path(f"err-{run.name}")) as file:
            return file.read()

    def some_run(self):
        live = [run for run in self.runs if run.over is None]
        return self.chance.choice(live) if live else None

    def release(self):
        if run := self.some_run():
            self.told.append(f"release {run.name}")
            open(self.path(f"go-{run.name}"), "w").close()

    def stop(self):
        if run := self.some_run():
            self.told.append(f"stop {run.name}")
            run.is_asked_to_stop = True
            done = self.call("stop", run.name, "--wait", "1")
            if done.returncode == 0:
                expect(self.status_of(run) in OVER, f"{run.name} was stopped and is not over")

    def interrupt(self):
        run = self.some_run()
        if run and run.process.poll() is None:
            self.told.append(f"interrupt {run.name}")
            run.is_asked_to_stop = True
            run.process.send_signal(self.chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))

    def kill(self):
        run = self.some_run()
        found = self.processes(f"RUN={run.name}") if run else {}
        if not found:
            return
        process = self.chance.choice(list(found))
        self.told.append(f"kill {found[process]} of {run.name}")
        run.killed.add(found[process])
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            pass

    def mount(self):
        if self.is_mounted:
            return
        self.told.append("mount")
        self.must("mount", "-q", "m")
        self.is_mounted = True
        with open(self.path("m/cats/1/a")) as file:
            expect(file.read() == "meow\n", "the mount shows something else")

    def unmount(self):
        if not self.is_mounted:
            return
        self.is_mounted = False
        if self.chance.random() < 0.5:
            self.told.append("unmount")
            self.must("unmount", "m")
            return
        number = self.chance.choice([signal.SIGTERM, signal.SIGKILL])
        servers = [process for process in self.processes() if self.serves(process)]
        self.told.append(f"signal {number} to {servers}")
        for server in servers:
            os.kill(server, number)
        self.wait_until(lambda: self.mounts() == [], "the mount of a killed server stays")

    def serves(self, process):
        try:
            with open(f"/proc/{process}/cmdline") as file, open(f"/proc/{process}/comm") as name:
                return file.read().split("\0")[1:3] == ["mount", "-q"] and name.read().strip() != "grid-guard"
        except OSError:
            return False

    # ---- What must hold.

    def wait_until(self, condition, sentence):
        for _ in range(1000):
            if condition():
                return
            time.sleep(0.02)
        raise Wrong(sentence)

    def allowed(self, run):
        """The states in which it may end."""
        states = {"done" if run.status == 0 else "failed"}
        if run.is_asked_to_stop:
            states |= {"stopped", "failed"}
        if run.killed or run.is_limited:
            states |= {"failed"}
        if any(name.startswith("grid") and not name.startswith(("grid-serve", "grid-log")) for name in run.killed):
            states |= {"lost", "stopped"}
        return states

    def check(self, run):
        if run.over is not None:
            return
        status = self.status_of(run)
        if status is None:
            # Only a run that was not started leaves nothing.
            if run.process.poll() is not None:
                expect(not self.has(f"started-{run.name}"), f"{run.name} has left nothing: {self.said(run)}")
                expect(run.is_limited or run.is_asked_to_stop or run.killed,
                       f"{run.name} was not started: {self.said(run)}")
                run.over = "absent"
            return
        if status not in OVER:
            if not self.processes(f"RUN={run.name}"):
                expect(self.status_of(run) in OVER, f"{run.name} is {status} without a process")
            return
        expect(status in self.allowed(run), f"{run.name} is {status}, not {self.allowed(run)}: {self.said(run)}")
        run.over = status
        if self.has(f"started-{run.name}"):
            model = self.path(f"state/grid/runs/{run.name}/artifacts/model")
            expect(os.path.exists(model) and open(model).read() == "weights\n", f"{run.name} has lost its artifact")
        if status == "done":
            expect(self.has(f"finished-{run.name}"), f"{run.name} is done and has not finished")
            if not run.killed:
                log = self.must("logs", run.name)
                expect(log == f"begin {run.name}\nend {run.name}\n", f"{run.name} has lost its log: {log!r}")

    def check_all(self):
        for run in self.runs:
            self.check(run)
        for run in self.chance.sample(self.runs, min(2, len(self.runs))):
            if run.over in OVER:
                expect(self.status_of(run) == run.over, f"{run.name} was {run.over} and is another now")
        expect(self.mounts() == ([self.path("m")] if self.is_mounted else []), f"mounted: {self.mounts()}")

    def live(self, seconds):
        actions = [self.start] * 4 + [self.release] * 3 + [self.stop, self.interrupt, self.kill, self.kill, self.mount,
                                                          self.unmount]
        end = time.monotonic() + seconds
        steps = 0
        while time.monotonic() < end:
            self.chance.choice(actions)()
            time.sleep(self.chance.choice([0, 0, 0.01, 0.1]))
            self.check_all()
            steps += 1
        for run in self.runs:
            open(self.path(f"go-{run.name}"), "w").close()
        if self.is_mounted:
            self.is_mounted = False
            self.must("unmount", "m")
        self.wait_until(lambda: self.check_all() or all(run.over for run in self.runs), "a run does not end")
        self.wait_until(lambda: not self.processes(), f"processes are left: {self.processes()}")
        over = {}
        for run in self.runs:
            over[run.over] = over.get(run.over, 0) + 1
        print(f"{steps} steps, {len(self.runs)} runs: {over}")


def main():
    grid, work, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(10**9)
    print(f"seed {seed}", flush=True)
    life = Life(grid, work, random.Random(seed))
    try:
        life.live(seconds)
    except (Wrong, subprocess.TimeoutExpired) as wrong:
        print(f"seed {seed}: {wrong}\n  " + "\n  ".join(life.told[-30:]), file=sys.stderr)
        for process, name in life.processes().items():
            print(f"  process {process} {name}", file=sys.stderr)
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                pass
        sys.exit(1)


main()
