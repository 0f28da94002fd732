"""The shared server and the mount under forks, spawns, threads, killed servers, other users, and their end when idle."""
import glob
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import support
from support import GridTest

import grid_datastores as api


def read_all(version, count):
    """The sum of the sizes of everything small, so many times, through files and in batches."""
    total = 0
    paths = version.glob("small/*")
    for _ in range(count):
        total += sum(map(len, version.read_many(paths)))
        total += len(version.read_bytes(paths[0]))
    return total


def read_in_worker(job):
    return read_all(*job)


def user_of_path(version, inside):
    with open(version.path(inside), "rb") as file:
        return file.read()


class ProcessTest(GridTest):
    def address(self, purpose="serve"):
        """What the keeper has written, None without a server."""
        for file in glob.glob(os.path.join(os.environ["XDG_RUNTIME_DIR"], "grid-python", purpose + "-*", "address")):
            with open(file) as text:
                return json.load(text)
        return None

    def expected_sum(self, count):
        return count * (sum(len(self.content(f"small/{i:03}.bin")) for i in range(300)) + 50)


class Servers(ProcessTest):
    def test_one_server_is_shared_and_ends_when_nobody_uses_it(self):
        script = ("import grid_datastores as grid, os, sys; v = grid.datastore('cats')[1]; v.read_bytes('zero');"
                  "print(v.store._shared_server.find()['pid']); sys.stdout.flush(); sys.stdin.read()")
        users = [subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                 for _ in range(6)]
        pids = {int(user.stdout.readline()) for user in users}
        self.assertEqual(len(pids), 1, pids)
        for user in users[:-1]:
            user.kill()  # a lock ends with its process, however that ends
        time.sleep(1)
        os.kill(next(iter(pids)), 0)
        users[-1].stdin.close()
        self.assertEqual(users[-1].wait(), 0)
        api.store().close()
        self.assertEqual(self.still_there(60), "")
        for _ in range(600):  # the address goes first
            if not os.path.exists(f"/proc/{next(iter(pids))}/exe"):
                break
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{next(iter(pids))}/exe"))
        for user in users:
            user.wait()
            user.stdout.close()

    def test_nothing_is_printed(self):
        script = ("import grid_datastores as grid; v = grid.datastore('cats')[1]; v.read_bytes('zero'); list(v.find());"
                  "\ntry: v.read_bytes('none')\nexcept grid.GridError: pass\nv.path()")
        done = subprocess.run([sys.executable, "-W", "error", "-X", "dev", "-c", script], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_what_a_user_without_a_store_is_told(self):
        store = api.store(os.path.join(self.work, "no-store"))
        with self.fails("unavailable", "no-store"):
            store.datastore("cats").latest
        os.environ["GRID_PROGRAM"] = ""
        try:
            with self.fails("unsupported", "no program grid", "grid.connect("):
                api.store(os.path.join(self.work, "another")).datastores()
        finally:
            os.environ["GRID_PROGRAM"] = support.PROGRAM

    def test_a_killed_server_is_replaced_while_threads_read(self):
        version = self.cats[1]
        version.read_bytes("zero")
        stop = threading.Event()
        killed = []

        def kill():
            while not stop.wait(0.4) and len(killed) < 5:  # a busy machine must get on
                address = self.address()
                if address and address["pid"] not in killed:
                    os.kill(address["pid"], signal.SIGKILL)
                    killed.append(address["pid"])

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            with ThreadPoolExecutor(4) as threads:
                big = self.content("big.bin")
                sums = [threads.submit(read_all, version, 40) for _ in range(3)]
                files = threads.submit(lambda: [version.open("big.bin").read() == big for _ in range(40)])
                self.assertEqual([one.result() for one in sums], [self.expected_sum(40)] * 3)
                self.assertEqual(set(files.result()), {True})
                while len(killed) < 3:
                    self.assertEqual(read_all(version, 1), self.expected_sum(1))
        finally:
            stop.set()
            killer.join()
        self.assertGreaterEqual(len(killed), 3)

    def test_a_killed_keeper_takes_its_server_along_and_is_replaced(self):
        version = self.cats[1]
        version.read_bytes("zero")
        server = self.address()["pid"]
        with open(f"/proc/{server}/stat") as stat:
            keeper = int(stat.read().rpartition(")")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        self.assertEqual(version.read_bytes("labels.csv"), self.content("labels.csv"))
        for _ in range(100):
            if self.address()["pid"] != server and not os.path.exists(f"/proc/{server}/exe"):
                break
            time.sleep(0.05)
            version.read_bytes("zero")
        self.assertNotEqual(self.address()["pid"], server)

    def test_a_folder_of_another_user_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be two users")
        os.environ["XDG_RUNTIME_DIR"] = os.path.join(self.work, "hostile")
        try:
            os.makedirs(os.environ["XDG_RUNTIME_DIR"] + "/grid-python")
            os.chown(os.environ["XDG_RUNTIME_DIR"] + "/grid-python", 65534, 65534)
            with self.fails("permission_denied", "not a folder of this user alone"):
                api.store(self.work + "/other").datastores()
            os.rmdir(os.environ["XDG_RUNTIME_DIR"] + "/grid-python")
            os.symlink("/tmp", os.environ["XDG_RUNTIME_DIR"] + "/grid-python")
            with self.fails("permission_denied", "not a folder of this user alone"):
                api.store(self.work + "/other").datastores()
        finally:
            os.environ["XDG_RUNTIME_DIR"] = os.path.join(self.work, "runtime")

    def test_two_users_have_a_server_each(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be two users")
        folder = os.path.join(self.work, "other-user")
        os.makedirs(folder + "/runtime", 0o700)
        subprocess.run(["chmod", "-R", "a+rX", self.work], check=True)
        os.chown(folder, 65534, 65534), os.chown(folder + "/runtime", 65534, 65534)
        script = ("import grid_datastores as grid, os; v = grid.datastore('cats')[1]; assert v.read_bytes('zero') == b'';"
                  "print(len(list(v)), os.geteuid()); grid.store().close()")
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder + "/runtime", "XDG_CACHE_HOME": folder + "/cache",
                       "XDG_STATE_HOME": folder + "/state", "XDG_CONFIG_HOME": folder + "/config", "HOME": folder}
        self.cats[1].read_bytes("zero")
        mine = self.address()["pid"]
        done = subprocess.run([sys.executable, "-c", script], env=environment, text=True, capture_output=True, check=False,
                              user=65534, group=65534, extra_groups=[])
        self.assertEqual((done.stdout, done.stderr), (f"{len(self.cats[1])} 65534\n", ""))
        self.assertEqual(self.address()["pid"], mine)
        # What one has for itself, the other cannot enter.
        for found in glob.glob(folder + "/runtime/grid-python/*/*") + glob.glob(folder + "/runtime/grid-python/*"):
            self.assertEqual(os.stat(found).st_mode & 0o077, 0, found)
        while glob.glob(folder + "/runtime/grid-python/*/address"):
            time.sleep(0.05)


class Workers(ProcessTest):
    def test_a_storm_of_forks_reads_right(self):
        """8 workers, 100 epochs of a tiny set (12 but in slow runs), forked from a process whose connections are in use."""
        version = self.cats[1]
        stop = threading.Event()
        busy = threading.Thread(target=lambda: [read_all(version, 1) for _ in iter(stop.is_set, True)])
        busy.start()
        context = multiprocessing.get_context("fork")
        try:
            expected = self.expected_sum(1)
            for epoch in range(100 if os.environ.get("GRID_SLOW") else 12):
                out = context.SimpleQueue()
                workers = [context.Process(target=lambda: out.put(read_all(version, 1))) for _ in range(8)]
                for worker in workers:
                    worker.start()
                self.assertEqual([out.get() for _ in workers], [expected] * 8, f"epoch {epoch}")
                for worker in workers:
                    worker.join()
                    self.assertEqual(worker.exitcode, 0)
        finally:
            stop.set()
            busy.join()
        self.assertEqual(read_all(version, 1), expected)

    def test_spawned_workers_read_right(self):
        for method in ("spawn", "forkserver"):
            with multiprocessing.get_context(method).Pool(2) as pool:
                self.assertEqual(pool.map(read_in_worker, [(self.cats[1], 2)] * 4), [self.expected_sum(2)] * 4)

    def test_a_fork_goes_on_with_an_open_file(self):
        file = self.cats[1].open("big.bin")
        file.seek(1_000_000)
        context = multiprocessing.get_context("fork")
        out = context.SimpleQueue()
        worker = context.Process(target=lambda: out.put(file.read(100_000)))
        worker.start()
        content = self.content("big.bin")
        self.assertEqual(out.get(), content[1_000_000:1_100_000])
        worker.join()
        self.assertEqual(file.read(10), content[1_000_000:1_000_010])

    def test_a_fork_keeps_the_server_that_its_parent_closed(self):
        version = self.cats[1]
        version.read_bytes("zero")
        context = multiprocessing.get_context("fork")
        out = context.SimpleQueue()

        def work():
            time.sleep(2)  # longer than a server is kept without users
            out.put((self.address() or {}).get("pid"))

        before = self.address()["pid"]
        worker = context.Process(target=work)
        worker.start()
        version.store.close()
        self.assertEqual(out.get(), before)
        worker.join()

    def test_threads_share_the_objects(self):
        version = self.cats[1]
        with ThreadPoolExecutor(16) as threads:
            self.assertEqual(list(threads.map(lambda _: read_all(version, 3), range(16))), [self.expected_sum(3)] * 16)
            found = list(threads.map(lambda _: [str(v) for v in api.datastore("cats").versions], range(32)))
        self.assertEqual(found, [["cats:1", "cats:2"]] * 32)


class Mounts(ProcessTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.access("/dev/fuse", os.W_OK):
            raise unittest.SkipTest("there is no /dev/fuse here")

    def test_a_version_is_a_folder(self):
        top = self.cats[1].path()
        self.assertTrue(top.endswith("/cats/1"))
        for path in self.cats[1]:
            with open(os.path.join(os.fsencode(top), os.fsencode(path)), "rb") as file:
                self.assertEqual(file.read(), self.content(path), path)
        self.assertEqual(self.cats[2].path("sub/one.txt"), os.path.join(os.path.dirname(top), "2", "sub/one.txt"))
        with self.fails("not_found", "cats:1 has no none"):
            self.cats[1].path("none")
        self.assertTrue(os.path.islink(self.cats[1].path("dangling")))

    def test_one_mount_is_shared_and_ends_when_nobody_uses_it(self):
        context = multiprocessing.get_context("fork")
        with context.Pool(4) as pool:
            self.assertEqual(pool.starmap(user_of_path, [(self.cats[1], "zero")] * 8), [b""] * 8)
        api.store().close()
        mounted = lambda: [line for line in open("/proc/self/mounts") if line.split()[1].startswith(self.work)]
        with multiprocessing.get_context("spawn").Pool(3) as pool:
            self.assertEqual(pool.starmap(user_of_path, [(self.cats[1], "sub/one.txt")] * 6),
                             [self.content("sub/one.txt")] * 6)
            self.assertEqual(len(mounted()), 1)
        api.store().close()
        self.assertEqual(self.still_there(60), "")
        for _ in range(100):  # the address goes first
            if not mounted():
                break
            time.sleep(0.05)
        self.assertEqual(mounted(), [])

    def test_a_mount_that_is_in_use_stays(self):
        with open(self.cats[1].path("big.bin"), "rb") as file:
            api.store().close()
            time.sleep(1.5)
            self.assertEqual(file.read(), self.content("big.bin"))
            for _ in range(200):  # it is away while the keeper tries
                if self.address("mount"):
                    break
                time.sleep(0.02)
            self.assertIsNotNone(self.address("mount"))
        self.assertEqual(self.still_there(60), "")

    def test_a_killed_mount_is_replaced(self):
        top = self.cats[1].path()
        pid = int(subprocess.run(["pgrep", "-f", f"mount {os.path.dirname(os.path.dirname(top))}"], text=True,
                                 capture_output=True, check=True).stdout.split()[0])
        os.kill(pid, signal.SIGKILL)
        for _ in range(200):
            if not os.path.isdir(top):
                break
            time.sleep(0.05)
        self.assertEqual(user_of_path(self.cats[1], "labels.csv"), self.content("labels.csv"))

    def test_a_killed_keeper_leaves_the_mount_to_the_next(self):
        top = self.cats[1].path()
        folder = os.path.dirname(os.path.dirname(os.path.dirname(top)))
        keepers = subprocess.run(["pgrep", "-f", f"_keeper.py {folder} "], text=True, capture_output=True, check=True)
        for pid in keepers.stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        with open(top + "/big.bin", "rb") as file:
            self.assertEqual(file.read(), self.content("big.bin"))
        script = f"import grid_datastores as grid; print(grid.datastore('cats')[1].path())"
        done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
        self.assertEqual(done.stdout.strip(), top)

    def test_without_fuse_it_says_so(self):
        """In a namespace of its own, whose /dev has no fuse."""
        script = ("import grid_datastores as grid\ntry: grid.datastore('cats')[1].path()\n"
                  "except grid.GridError as failure: print(failure.kind, failure)\n"
                  "print(grid.datastore('cats')[1].read_bytes('sub/one.txt'))")
        done = subprocess.run(["unshare", "-m", "sh", "-c", 'mkdir "$0" && mount -t tmpfs none "$0" && '
                               'cp -a /dev/null /dev/urandom "$0" && mount --move "$0" /dev && exec "$@"', self.work + "/dev",
                               sys.executable, "-c", script], text=True, capture_output=True, check=False,
                              env={**os.environ, "XDG_RUNTIME_DIR": self.other_runtime()})
        if "unshare" in done.stderr or "mount:" in done.stderr:
            self.skipTest(f"this machine allows no namespace: {done.stderr}")
        lines = done.stdout.splitlines()
        self.assertRegex(lines[0], "^unsupported cannot open the store .*fuse.*v.open\\(\\) reads files without a mount")
        self.assertEqual(lines[1], str(self.content("sub/one.txt")))

    def other_runtime(self):
        folder = os.path.join(self.work, "runtime-2")
        os.makedirs(folder, 0o700, exist_ok=True)
        return folder


if __name__ == "__main__":
    unittest.main()
