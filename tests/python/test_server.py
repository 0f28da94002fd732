"""Against a server that somebody runs, without the program: reading, sending versions, copies that are kept up to date."""
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

import support
from support import GridTest, Server

import grid_datastores as api


def listing(folder):
    """What a copy must have: (path, kind, bytes or target, whether it is executable)."""
    found = {}
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            place = os.path.join(top, name)
            path = os.path.relpath(place, folder)
            if path == ".grid-download.json":
                continue
            if os.path.islink(place):
                found[path] = ("link", os.readlink(place))
            elif os.path.isdir(place):
                found[path] = ("folder",)
            else:
                with open(place, "rb") as file:
                    found[path] = ("file", hashlib.sha256(file.read()).hexdigest(), bool(os.stat(place).st_mode & 0o111), os.stat(place).st_mtime_ns)
    return found


class ServerTest(GridTest):
    """The program is not to be found by the package, so nothing here can use it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        os.environ["GRID_PROGRAM"] = ""
        os.environ["PATH"] = "/usr/bin:/bin"
        os.environ.pop("GRID_STORE")

    def setUp(self):
        os.environ["GRID_PATIENCE"] = "20"
        self.store = api.connect(self.server.url, token=self.server.token)


class Reading(ServerTest):
    def test_everything_is_read_as_from_a_local_store(self):
        version = self.store.version("cats:1")
        self.assertEqual([bytes_ for bytes_ in version.read_many(list(version))],
                         [self.content(path) for path in version])
        self.assertEqual(self.store.datastore("cats").description, "all <b>cats</b>")
        self.assertEqual(len(version.diff(2)), 5)

    def test_the_environment_names_the_server(self):
        os.environ.update(GRID_SERVER=self.server.url, GRID_TOKEN=self.server.token)
        try:
            self.assertEqual(str(api.datastore("cats").latest), "cats:2")
        finally:
            del os.environ["GRID_SERVER"], os.environ["GRID_TOKEN"]

    def test_a_saved_login_is_used(self):
        store = api.connect(self.server.url)
        with self.fails("permission_denied"):
            store.datastores()
        subprocess.run([support.PROGRAM, "login", self.server.url], input=self.server.token + "\n", text=True, check=True,
                       capture_output=True)
        self.assertEqual(str(store.version("cats")), "cats:2")

    def test_who_is_not_known_or_may_not_is_told(self):
        with self.fails("permission_denied"):
            api.connect(self.server.url, token="nonsense").datastores()
        reader = support.grid("token", "create", "-q").strip()
        with self.fails("permission_denied") as expected:
            api.connect(self.server.url, token=reader).datastore("cats").create(self.one)
        self.assertIsInstance(expected.failure, PermissionError)
        for wrong in ("a b", "ü", "x\ny"):
            with self.fails("invalid_argument", "no token"):
                api.connect(self.server.url, token=wrong)
        for wrong in ("ftp://x", "", "file:///etc"):
            with self.fails("invalid_argument", "https://"):
                api.connect(wrong)

    def test_a_server_that_is_none_is_said(self):
        os.environ["GRID_PATIENCE"] = "0.5"
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        with self.fails("unavailable", f"cannot reach the grid server at http://127.0.0.1:{port}", "refused"):
            api.connect(f"http://127.0.0.1:{port}", token="x").datastores()
        with self.fails("unavailable", "cannot reach the grid server at"):
            api.connect("https://no-such-host.invalid", token="x").datastores()

        class Other(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(int(self.path.rsplit("/", 1)[1]) if self.path[-3:].isdigit() else 200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *words):
                pass

        other = HTTPServer(("127.0.0.1", 0), Other)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        with self.fails("unsupported", "no document of a grid server"):
            api.connect(f"http://127.0.0.1:{other.server_port}", token="x").datastores()
        with self.fails("unsupported", "status 418", "not as a grid server does"):
            api.connect(f"http://127.0.0.1:{other.server_port}", token="x")._connection.call("GET", "/418")
        with self.fails("unavailable", "status 503"):
            api.connect(f"http://127.0.0.1:{other.server_port}", token="x")._connection.call("GET", "/503")
        other.shutdown()
        other.server_close()

    def test_a_path_needs_the_program_and_says_so(self):
        with self.fails("unsupported", "no program grid"):
            self.store.version("cats:1").path()
        with self.fails("unsupported", "no program grid"):
            api.run("x.py", store=self.store)

    def test_a_proxy_is_used_where_the_environment_names_one(self):
        from grid_datastores._connection import Address, proxy_for

        seen = []

        class Proxy(BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append((self.path, self.headers["Host"], self.headers["Authorization"]))
                self.send_response(200)
                self.send_header("Content-Length", "18")
                self.end_headers()
                self.wfile.write(b'{"datastores": []}')

            def do_CONNECT(self):
                seen.append((self.path,))
                self.send_error(403)

            def log_message(self, *words):
                pass

        proxy = HTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        os.environ.update(http_proxy=f"http://127.0.0.1:{proxy.server_port}", no_proxy=".inside.example, other",
                          HTTPS_PROXY=f"127.0.0.1:{proxy.server_port}", GRID_PATIENCE="0.1")
        try:
            self.assertEqual(api.connect("http://data.example/sub", token="t").datastores(), [])
            self.assertEqual(seen, [("http://data.example/sub/api/v1/datastores", "data.example", "Bearer t")])
            with self.fails("unavailable", "https://data.example"):
                api.connect("https://data.example", token="t").datastores()
            self.assertEqual(seen[1], ("data.example:443",))
            self.assertIsNone(proxy_for("http", "x.inside.example"))
            self.assertIsNone(proxy_for("http", "127.0.0.1"))
            self.assertEqual(proxy_for("http", "notinside.example"), ("127.0.0.1", proxy.server_port))
        finally:
            for name in ("http_proxy", "no_proxy", "HTTPS_PROXY"):
                del os.environ[name]
            proxy.shutdown()
            proxy.server_close()

    def test_other_systems_need_nothing_that_only_linux_has(self):
        """As on macOS and Windows: no fcntl, no forks, no program."""
        script = ("import sys, os, random\nsys.modules['fcntl'] = None\n"
                  "for name in ('register_at_fork', 'posix_fadvise', 'geteuid'): delattr(os, name)\n"
                  "sys.platform = 'darwin'\n"
                  "import grid_datastores as grid\n"
                  "v = grid.store().version('cats:1')\nassert len(list(v.find())) > 300\n"
                  "assert v.open('labels.csv').readline() == b'name,label\\n'\n"
                  "v.download(sys.argv[1])\ngrid.datastore('mac').create(sys.argv[1] + '/small')\n"
                  "assert grid.log_metric('x', 1) is False and grid.this_run() is None\n"
                  "from grid_datastores import _ahead\n_ahead.bring_near(sys.argv[1] + '/labels.csv')\n"
                  "try: v.path()\nexcept grid.GridError as error: print(error.kind, error)\n")
        done = subprocess.run(["/usr/bin/python3", "-c", script, os.path.join(self.work, "mac")], text=True,
                              capture_output=True, check=False,
                              env={**os.environ, "GRID_SERVER": self.server.url, "GRID_TOKEN": self.server.token})
        self.assertFalse(done.stderr, done.stderr)
        self.assertIn("unsupported a version becomes a folder by a mount, which needs Linux", done.stdout)

    def test_a_server_that_is_started_again_is_found_again(self):
        store_folder = os.path.join(self.work, "store")
        first = Server(store=store_folder)
        store = api.connect(first.url, token=first.token)
        version = store.version("cats:1")
        content = self.content("big.bin")
        wrong = []

        def read():
            for _ in range(60):
                if version.read_bytes("big.bin") != content or list(version.read_many(["zero", "labels.csv"])) != [
                        b"", self.content("labels.csv")]:
                    wrong.append(1)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        server = first
        for _ in range(3):
            time.sleep(0.3)
            server.stop(9)
            time.sleep(0.2)
            server = Server(store=store_folder, role=None, port=first.port)
        for thread in threads:
            thread.join()
        server.stop()
        self.assertEqual(wrong, [])

    def test_tls_is_checked(self):
        where = os.path.join(self.work, "tls")
        os.makedirs(where)
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                               "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", where + "/key.pem",
                               "-out", where + "/cert.pem"], capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest("openssl makes no certificate here")
        with Server("--tls-cert", where + "/cert.pem", "--tls-key", where + "/key.pem",
                    store=os.path.join(self.work, "store")) as server:
            url = f"https://localhost:{server.port}"
            with self.fails("permission_denied", "cannot trust", "SSL_CERT_FILE"):
                api.connect(url, token=server.token).datastores()
            os.environ["SSL_CERT_FILE"] = where + "/cert.pem"
            try:
                store = api.connect(url, token=server.token + "")
                store._connection._contexts.clear()
                self.assertEqual(store.version("cats:1").read_bytes("big.bin"), self.content("big.bin"))
            finally:
                del os.environ["SSL_CERT_FILE"]


class Sending(ServerTest):
    def source(self, name):
        """What can be sent: without names that are not UTF-8, and with a large file and executable bits."""
        folder = os.path.join(self.work, name)
        support.write(folder, {path: content for path, content in self.files.items() if path.isprintable()
                               or "\n" in path})
        os.chmod(folder + "/zero", 0o755)
        os.utime(folder + "/sub/one.txt", ns=(1, 1_234_567_890_123_456_789))
        return folder

    def test_a_folder_becomes_the_version_that_the_command_makes(self):
        folder = self.source("sent")
        events = []
        version = self.store.datastore("sent").create(folder, message="by ünï", progress=events.append)
        self.assertEqual((str(version), version.message), ("sent:1", "by ünï"))
        os.environ["GRID_STORE"] = os.path.join(self.work, "store")
        support.grid("datastore", "get", "sent:1", self.work + "/got", "-q")
        del os.environ["GRID_STORE"]
        self.assertEqual(listing(self.work + "/got"), listing(folder))
        self.assertEqual((events[-1]["event"], events[-1]["status"], events[-1]["files_done"]),
                         ("end", "done", len(version)))
        self.assertEqual(events[-1]["bytes_done"], events[-1]["bytes_total"])

    def test_a_file_alone_and_nothing_at_all(self):
        self.assertEqual(list(self.store.datastore("single").create(self.one + "/labels.csv")), ["labels.csv"])
        empty = os.path.join(self.work, "nothing")
        os.makedirs(empty)
        with self.fails("not_found", "a version needs at least one file or folder"):
            self.store.datastore("nothing").create(empty)

    def test_what_cannot_be_sent_is_named_and_nothing_is_visible(self):
        folder = os.path.join(self.work, "bad")
        support.write(folder, {"a": b"1"})
        os.mkfifo(folder + "/pipe")
        with self.fails("unsupported", "bad/pipe"):
            self.store.datastore("bad").create(folder)
        with self.fails("not_found", "none"):
            self.store.datastore("bad").create(self.work + "/none")
        with self.fails("unsupported", "exclude"):
            self.store.datastore("bad").create(folder, exclude=["*"])
        with self.fails("not_found"):
            self.store.datastore("bad").latest

    def test_a_large_file_goes_in_parts_while_the_server_is_killed(self):
        from grid_datastores import _upload

        folder = os.path.join(self.work, "large")
        support.write(folder, {"large.bin": os.urandom(3_000_001), "small": b"x"})
        first = Server(store=os.path.join(self.work, "store"))
        store = api.connect(first.url, token=first.token)
        store.datastores()
        servers, stop, before = [first], threading.Event(), _upload.PART_SIZE
        _upload.PART_SIZE = 10_000

        def kill():
            while not stop.wait(0.25) and len(servers) < 7:
                servers[-1].stop(9)
                servers.append(Server(store=os.path.join(self.work, "store"), role=None, port=first.port))

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            version = store.datastore("large").create(folder)
        finally:
            stop.set()
            killer.join()
            _upload.PART_SIZE = before
        self.assertGreater(len(servers), 2)
        self.assertEqual(version.read_bytes("large.bin") == open(folder + "/large.bin", "rb").read(), True)
        servers[-1].stop()

    def test_a_file_that_changes_is_an_error(self):
        from grid_datastores import _upload

        folder = os.path.join(self.work, "changing")
        support.write(folder, {"a": b"x" * 100, "b": b"y"})
        walk = _upload._walk

        def walk_and_change(source):
            yield from walk(source)
            with open(folder + "/a", "ab") as file:
                file.write(b"more")

        _upload._walk = walk_and_change
        try:
            with self.fails("changed", "changing/a"):
                self.store.datastore("changing").create(folder)
        finally:
            _upload._walk = walk
        with self.fails("not_found"):
            self.store.datastore("changing").latest


class Copies(ServerTest):
    def copy(self, name):
        return os.path.join(self.work, "copies", name)

    def test_a_copy_is_the_source_and_is_kept_up_to_date(self):
        cats = self.store.datastore("cats")
        events = []
        folder = cats[1].download(self.copy("a"), progress=events.append)
        self.assertEqual(listing(folder), listing(self.one))
        self.assertEqual((events[-1]["event"], events[-1]["files_done"]), ("end", len(cats[1])))
        # Again, nothing is read.
        events.clear()
        cats[1].download(folder, progress=events.append)
        self.assertEqual(events[-1]["files_done"], 0)
        # Another version: only what differs; the user's own file stays.
        support.write(folder, {"mine.txt": b"mine"})
        cats[2].download(folder, progress=events.append)
        self.assertLessEqual(events[-1]["files_done"], 3)
        expected = listing(self.two)
        expected["mine.txt"] = listing(folder)["mine.txt"]
        self.assertEqual(listing(folder), expected)
        cats[1].download(folder)
        os.unlink(folder + "/mine.txt")
        # What would take its place is refused.
        support.write(folder, {"new.txt": b"mine"})
        with self.fails("already_exists", "new.txt", "move it away"):
            cats[2].download(folder)
        os.unlink(folder + "/new.txt")
        cats[1].download(folder)
        self.assertEqual(listing(folder), listing(self.one))

    def test_what_somebody_changed_or_removed_is_written_again(self):
        version = self.store.version("cats:1")
        folder = version.download(self.copy("b"))
        with open(folder + "/labels.csv", "wb") as file:
            file.write(b"broken")
        os.unlink(folder + "/small/007.bin")
        os.unlink(folder + "/sub/link")
        version.download(folder)
        self.assertEqual(listing(folder), listing(self.one))

    def test_a_broken_download_is_continued(self):
        version = self.store.version("cats:1")

        class Stop(Exception):
            pass

        def stop_in_the_middle(event):
            if event["files_done"] == 100:
                raise Stop

        with self.assertRaises(Stop):
            version.download(self.copy("c"), progress=stop_in_the_middle)
        events = []
        folder = version.download(self.copy("c"), progress=events.append)
        self.assertEqual(listing(folder), listing(self.one))
        self.assertLess(events[-1]["files_done"], len(version))
        self.assertEqual([name for name in os.listdir(folder) if name.startswith(".grid-")], [".grid-download.json"])

    def test_a_file_with_the_same_size_and_time_is_told_apart(self):
        a, b = os.path.join(self.work, "same-a"), os.path.join(self.work, "same-b")
        for folder, content in ((a, b"one"), (b, b"two")):
            support.write(folder, {"x": content})
            os.utime(folder + "/x", ns=(0, 10**18))
        first, second = (self.store.datastore("same").create(folder) for folder in (a, b))
        folder = first.download(self.copy("d"))
        second.download(folder)
        self.assertEqual(listing(folder)["x"][1], hashlib.sha256(b"two").hexdigest())

    def test_a_folder_of_others_is_not_written_to(self):
        with self.fails("already_exists", "other files in it"):
            self.store.version("cats:1").download(self.one)

    def test_nothing_is_written_outside(self):
        """A link where a folder was, and names that a hostile server would give."""
        version = self.store.version("cats:1")
        folder = version.download(self.copy("e"))
        outside = os.path.join(self.work, "outside")
        os.makedirs(outside)
        shutil.rmtree(folder + "/small")
        os.symlink(outside, folder + "/small")
        try:
            version.download(folder)
        except api.GridError as failure:
            self.assertIn("something else with this name", str(failure))
        self.assertEqual(os.listdir(outside), [])
        from grid_datastores._entry import entry_of

        for path in ("../x", "/etc/x", "a/../../x", "a//b", "a/./b", "..", "a\0b"):
            with self.fails("corrupt", "cannot be"):
                entry_of({"path": path, "kind": "file", "mtime_ns": 0})
        self.assertEqual(entry_of({"path": "a..b/..c", "kind": "file", "mtime_ns": 0}).path, "a..b/..c")

    def test_a_folder_becomes_a_file_and_back(self):
        a, b = os.path.join(self.work, "kind-a"), os.path.join(self.work, "kind-b")
        support.write(a, {"x/y": b"1", "z": b"2", "l": "z", "k": b"3"})
        support.write(b, {"x": b"1", "z/y": b"2", "l": b"4", "k": "x"})
        first, second = (self.store.datastore("kinds").create(folder) for folder in (a, b))
        folder = first.download(self.copy("f"))
        for version, source in ((second, b), (first, a), (second, b)):
            version.download(folder)
            self.assertEqual(listing(folder), listing(source))


if __name__ == "__main__":
    unittest.main()
