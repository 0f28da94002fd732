"""The socket of the user's own server: frames and HTTP at one place, for this user alone, whatever dies meanwhile."""
import glob
import json
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import support
from support import GridTest

import grid_datastores as api
from grid_datastores import _frames


def framed(version, paths):
    """What frames give for whole files, without a way out by HTTP."""
    return list(version.store._frames.read(version, [(path, 0, _frames.WHOLE) for path in paths]))


def read_in_frames(job):
    version, paths = job
    return [len(content) for content in framed(version, paths)]


class Frames(GridTest):
    def setUp(self):
        self.version = self.cats[1]
        self.small = [f"small/{i:03}.bin" for i in range(300)]
        self.sizes = [len(self.content(path)) for path in self.small]

    def address(self):
        [file] = glob.glob(os.path.join(os.environ["XDG_RUNTIME_DIR"], "grid-python", "serve-*", "address"))
        with open(file) as text:
            return json.load(text)

    def test_they_give_what_was_put_in(self):
        paths = [path for path, content in self.files.items() if isinstance(content, bytes) and path[-1] != "/"]
        for path, content in zip(paths, framed(self.version, paths)):
            self.assertEqual(content, None if path == "big.bin" else self.content(path), path)  # more than a part may have
        content = self.content("big.bin")
        parts = [("big.bin", 0, 10), ("big.bin", 3 << 20, 4 << 20), ("big.bin", 4_000_000, 1), ("big.bin", 1 << 40, 1)]
        self.assertEqual(list(self.version.store._frames.read(self.version, parts)),
                         [content[offset:offset + size] for _, offset, size in parts])

    def test_small_files_need_no_http(self):
        connection = self.version.store._connection
        self.version.read_bytes("zero")
        before = connection.request_count
        self.assertEqual(sum(map(len, self.version.read_many(self.small))), sum(self.sizes))
        self.assertEqual(connection.request_count, before + 1)
        self.assertEqual(self.version.open("labels.csv").read(), self.content("labels.csv"))
        self.assertEqual(connection.request_count, before + 2)

    def test_what_they_do_not_give_is_asked_over_http(self):
        self.assertEqual(framed(self.version, ["none", "sub/link", "zero"]), [None, None, b""])
        self.assertEqual(self.version.read_bytes("sub/link"), b"deep")
        self.assertEqual(self.version.read_bytes("big.bin"), self.content("big.bin"))
        self.assertEqual(list(self.version.read_many(["zero", "sub/link", "big.bin", "up"])),
                         [self.content(path) for path in ("zero", "sub/link", "big.bin", "up")])
        with self.fails("not_found", "cats:1 has no none"):
            self.version.read_bytes("none")
        with self.fails("not_found", "cats:1 has no none"):
            list(self.version.read_many(["zero", "none"]))
        with self.fails("not_found"):
            self.cats[1].__class__(self.version.store, "cats", 99).read_bytes("zero")

    def test_an_answer_that_is_left_harms_no_other(self):
        for _ in range(5):
            files = self.version.read_many(self.small)
            next(files)
            files.close()
        self.assertEqual([len(content) for content in self.version.read_many(self.small)], self.sizes)

    def test_forked_and_spawned_processes_have_their_own(self):
        framed(self.version, ["zero"])  # the parent has a connection
        for method in ("fork", "spawn", "forkserver"):
            with multiprocessing.get_context(method).Pool(4) as pool:
                self.assertEqual(pool.map(read_in_frames, [(self.version, self.small)] * 12), [self.sizes] * 12)
            self.assertEqual(read_in_frames((self.version, self.small)), self.sizes)

    def test_threads_and_forks_at_once(self):
        stop = threading.Event()
        wrong = []

        def work():
            while not stop.is_set():
                if read_in_frames((self.version, self.small)) != self.sizes:
                    wrong.append(1)

        with ThreadPoolExecutor(4) as threads:
            for _ in range(4):
                threads.submit(work)
            context = multiprocessing.get_context("fork")
            out = context.SimpleQueue()
            for _ in range(6):
                workers = [context.Process(target=lambda: out.put(read_in_frames((self.version, self.small))))
                           for _ in range(4)]
                for worker in workers:
                    worker.start()
                self.assertEqual([out.get() for _ in workers], [self.sizes] * 4)
                for worker in workers:
                    worker.join()
            stop.set()
        self.assertEqual(wrong, [])

    def test_pickled_versions_read(self):
        self.assertEqual(read_in_frames((pickle.loads(pickle.dumps(self.version)), self.small)), self.sizes)

    def test_a_killed_server_is_replaced_in_the_midst_of_an_answer(self):
        killed = set()
        for _ in range(3):
            files = self.version.read_many(self.small * 4)
            sizes = [len(next(files)) for _ in range(10)]
            killed.add(self.address()["pid"])
            os.kill(self.address()["pid"], signal.SIGKILL)
            sizes += [len(content) for content in files]
            self.assertEqual(sizes, self.sizes * 4)
        self.assertEqual(len(killed), 3)
        os.kill(self.address()["pid"], signal.SIGKILL)
        self.assertEqual(self.version.read_bytes("labels.csv"), self.content("labels.csv"))

    def test_expecting_is_a_hint(self):
        self.assertGreater(self.version.expect([*self.small, "none", "sub", "big.bin"]), 0)
        self.assertEqual(self.version.expect(["none"]), 0)
        os.kill(self.address()["pid"], signal.SIGKILL)
        self.assertGreater(self.version.expect(self.small), 0)

    def test_another_user_is_turned_away(self):
        if os.geteuid() != 0:
            self.skipTest("only root can be two users")
        framed(self.version, ["zero"])
        path = self.address()["socket"]
        self.assertEqual(oct(os.stat(path).st_mode & 0o777), "0o600")
        open_to_all = os.path.join(self.work, "open")  # even where the socket could be reached
        server = subprocess.Popen([support.PROGRAM, "serve", "--socket", open_to_all, "-o", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.assertIn(open_to_all, server.stdout.readline() + server.stdout.readline())
        os.chmod(open_to_all, 0o666), os.chmod(self.work, 0o755)
        script = ("import os, socket, sys\nos.setuid(int(sys.argv[2]))\ns = socket.socket(socket.AF_UNIX)\n"
                  "try:\n s.connect(sys.argv[1]); s.sendall(b'GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\n"
                  " print(len(s.recv(5)))\nexcept OSError: print(0)")

        def bytes_for(user):
            return subprocess.run([sys.executable, "-S", "-c", script, open_to_all, str(user)], text=True,
                                  capture_output=True, check=True).stdout

        try:
            self.assertEqual((bytes_for(65534), bytes_for(0)), ("0\n", "5\n"))
        finally:
            server.terminate()
            server.communicate()
        self.assertFalse(os.path.exists(open_to_all))

    def test_nonsense_ends_a_connection_and_no_server(self):
        framed(self.version, ["zero"])
        address = self.address()
        for sent in (b"\0GRIDF9\n", _frames.GREETING + struct.pack("<I", 0), _frames.GREETING + b"\xff" * 200,
                     _frames.GREETING + struct.pack("<IB", 5, 9) + b"cats", b"\0", b"nonsense\r\n\r\n"):
            with _frames.connect_to(address["socket"], 10) as found:
                found.sendall(sent)
                found.shutdown(socket.SHUT_WR)
                try:
                    while found.recv(4096):
                        pass
                except ConnectionResetError:  # what it sent was not read to its end
                    pass
        self.assertEqual(self.address(), address)
        self.assertEqual(read_in_frames((self.version, self.small)), self.sizes)

    def test_idle_connections_do_not_keep_the_server(self):
        framed(self.version, ["zero"])
        pid = self.address()["pid"]
        api.store().close()
        self.assertEqual(self.still_there(60), "")
        for _ in range(600):
            if not os.path.exists(f"/proc/{pid}/exe"):
                break
            time.sleep(0.05)
        self.assertFalse(os.path.exists(f"/proc/{pid}/exe"))


if __name__ == "__main__":
    unittest.main()
