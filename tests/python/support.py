"""What the tests of the Python package share: a store of their own with two versions of `cats`, and its end.

$GRID is the program. Nothing of the caller's settings is used. Servers and mounts that a test starts end by themselves,
as they do for users: `GridTest` waits for it, so a keeper that stays is a failure.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.path.realpath(os.environ.get("GRID") or ROOT / "build/release/grid")
sys.path.insert(0, str(ROOT / "python"))
os.environ["PYTHONPATH"] = str(ROOT / "python")

SCRATCH = {"GRID_STORE": "store", "XDG_DATA_HOME": "data", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state",
           "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "runtime", "HOME": "home"}
OTHERS = ("GRID_SERVER", "GRID_TOKEN", "GRID_DATASTORES", "GRID_RUN_NAME", "GRID_RUN_ID", "GRID_ARTIFACTS",
          "GRID_PATIENCE")


def grid(*words, **options):
    """Runs the program; returns what it printed."""
    done = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, **options)
    assert done.returncode == 0, f"grid {words}: {done.returncode}: {done.stderr}"
    return done.stdout


def write(folder, files):
    """{path: bytes}; a path that ends with a slash is a folder, a value that is a text a symbolic link's target."""
    for path, content in files.items():
        place = os.path.join(os.fsencode(folder), os.fsencode(path))
        os.makedirs(place if path.endswith("/") else os.path.dirname(place), exist_ok=True)
        if isinstance(content, str):
            os.symlink(content, place)
        elif not path.endswith("/"):
            with open(place, "wb") as file:
                file.write(content)


# Every hostile thing that a name may be: not UTF-8, patterns, blanks, a line's end, a reference's and a URL's marks.
HOSTILE = ["bad\udcff\udcfe", "[x]*?\\name", " ", "a\nb", "q?x=1&y#z%41", "C:\\x", "grid:cats:3", "-rf", "ü€😀.txt",
           "..x", "x..", "…", "{}", "'\"`$(x)", "~", "::memory::", "a" * 255]


def first_files():
    files = {
        "labels.csv": b"name,label\n" + b"".join(b"%05d.bin,%d\n" % (i, i % 10) for i in range(1000)),
        "big.bin": bytes(os.urandom(1 << 20)) * 5 + b"end", "zero": b"", "empty/": b"", "sub/deep/er/x.txt": b"deep",
        "sub/link": "deep/er/x.txt", "sub/folder-link": "deep", "dangling": "nowhere", "outside": "/etc/passwd",
        "up": "sub/../labels.csv", "loop": "loop", "sub.x/y": b"order", "sub/one.txt": b"one\ntwo\r\nthree",
    }
    files.update({f"small/{i:03}.bin": b"%d" % i * 50 for i in range(300)})
    files.update({f"odd/{name}": name.encode("utf-8", "surrogateescape") for name in HOSTILE})
    return files


class GridTest(unittest.TestCase):
    """Has `self.work`, a folder, and in it `one` and `two`, the sources of cats:1 and cats:2."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.access(PROGRAM, os.X_OK):
            raise unittest.SkipTest(f"there is no program {PROGRAM}")
        cls.work = tempfile.mkdtemp(prefix="grid-python.")
        cls._environment = dict(os.environ)
        for variable in OTHERS:
            os.environ.pop(variable, None)
        for variable, name in SCRATCH.items():
            os.environ[variable] = os.path.join(cls.work, name)
            if name in ("home", "runtime"):
                os.mkdir(os.environ[variable], 0o700)
        os.environ.update(GRID_PROGRAM=PROGRAM, GRID_IDLE="0.4")
        cls.addClassCleanup(cls.clean_up)
        cls.one, cls.two = os.path.join(cls.work, "one"), os.path.join(cls.work, "two")
        cls.files = first_files()
        write(cls.one, cls.files)
        shutil.copytree(cls.one, cls.two, symlinks=True)
        write(cls.two, {"new.txt": b"new", "labels.csv": b"name,label\nx,1\n"})
        os.rename(os.path.join(cls.two, "small/000.bin"), os.path.join(cls.two, "renamed.bin"))
        os.unlink(os.path.join(cls.two, "small/001.bin"))
        grid("datastore", "create", cls.one, "--name=cats", "-m", "the first", "-q")
        grid("datastore", "create", cls.two, "--name=cats", "-m", "the second", "-q")
        grid("datastore", "describe", "cats", "--text", "all <b>cats</b>")

    @classmethod
    def clean_up(cls):
        from grid_datastores import _store

        for store in list(_store._stores.values()):
            store.close()
        _store._stores.clear()
        problem = cls.still_there(60)
        os.environ.clear()
        os.environ.update(cls._environment)
        for line in open("/proc/self/mounts"):
            if line.split()[1].startswith(cls.work + "/"):
                subprocess.run(["fusermount3", "-uz", line.split()[1]], check=False)
        shutil.rmtree(cls.work, ignore_errors=True)
        if problem:
            raise AssertionError(problem)

    @classmethod
    def still_there(cls, seconds):
        """What has not ended by itself after so long; "" for nothing."""
        folder = os.path.join(os.environ["XDG_RUNTIME_DIR"], "grid-python")
        end = time.monotonic() + seconds
        while True:
            names = os.listdir(folder) if os.path.isdir(folder) else []
            left = [name for name in names if os.path.exists(os.path.join(folder, name, "address"))]
            with open("/proc/self/mounts", encoding="utf-8") as mounts:  # an address goes before its mount
                left += [line.split()[1] for line in mounts if line.split()[1].startswith(cls.work + "/runtime")]
            if not left or time.monotonic() > end:
                return f"still there: {left}" if left else ""
            time.sleep(0.05)

    @property
    def cats(self):
        import grid_datastores

        return grid_datastores.datastore("cats")

    def content(self, path):
        """A file's bytes in the source of cats:1, through links."""
        with open(os.path.join(os.fsencode(self.one), os.fsencode(path)), "rb") as file:
            return file.read()

    def fails(self, kind, *parts):
        """A context whose block must raise a GridError of this kind, with these texts in its sentence."""
        test = self

        class Expected:
            def __enter__(self):
                return self

            def __exit__(self, raised, failure, trace):
                from grid_datastores import GridError

                test.assertIsInstance(failure, GridError, f"nothing of kind {kind} was raised")
                self.failure = failure
                test.assertEqual((failure.kind, [p for p in parts if p not in str(failure)]), (kind, []), str(failure))
                return True

        return Expected()


class Server:
    """A `grid serve` of the test's own, at a free port. `with Server() as server:`"""

    def __init__(self, *options, store=None, role="admin", port=0):
        words = ["--store", store] if store else []
        self.process = subprocess.Popen([PROGRAM, *words, "serve", "--listen", f"127.0.0.1:{port}", "-o", "json",
                                         *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        text = ""
        while "}" not in text:
            line = self.process.stdout.readline()
            assert line, "grid serve has ended"
            text += line
        import json

        self.url = json.loads(text)["url"]
        self.port = int(self.url.rpartition(":")[2])
        self.token = grid("token", "create", "-q", "--role", role).strip() if role else None

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.stop()

    def stop(self, how=15):
        self.process.send_signal(how)
        self.process.wait()
        self.process.stdout.close()
