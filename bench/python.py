#!/usr/bin/python3
"""Measures the Python package: what its import takes, names and files through each way of reading beside a plain folder,
and an epoch of small files from a store 20 ms away, with and without the sampler that reads ahead.

    bench/python.py [--grid PROGRAM] [--work DIR] [--small] [MEASURE…]      import names files ahead; else all

Prints Markdown. Says at the end how busy the machine was: above a load of 1.5 the numbers are not worth keeping.
Needs root to drop caches (ahead) and g++ for relay.cc; fsspec is left out where there is none.
"""
import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "python"))
DELAY_MS = 20


def timed(call):
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def median(call, times=3):
    return statistics.median(timed(call)[0] for _ in range(times))


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def table(*head):
    print()
    row(*head)
    row(*["---"] * len(head))


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.random = random.Random(1)
        for variable, name in (("GRID_STORE", "store"), ("XDG_CACHE_HOME", "cache"), ("XDG_STATE_HOME", "state"),
                               ("XDG_CONFIG_HOME", "config"), ("XDG_RUNTIME_DIR", "runtime")):
            os.environ[variable] = os.path.join(work, name)
        os.mkdir(os.environ["XDG_RUNTIME_DIR"], 0o700)
        os.environ.update(GRID_PROGRAM=os.path.realpath(options.grid), GRID_IDLE="1")

    def grid(self, *words):
        return subprocess.run([os.environ["GRID_PROGRAM"], *words], check=True, capture_output=True, text=True).stdout

    def made(self, name, count, size, per_folder=1000):
        """A datastore of so many files; its folder."""
        folder = os.path.join(self.work, name)
        for i in range(count):
            if i % per_folder == 0:
                os.makedirs(f"{folder}/{i // per_folder:04}")
            with open(f"{folder}/{i // per_folder:04}/{i:06}.bin", "wb") as file:
                file.write(self.random.randbytes(size))
        self.grid("datastore", "create", folder, "--name", name, "-q")
        return folder

    def measure_import(self):
        times, nothing = [], []
        for _ in range(20):
            for found, code in ((times, "import grid_datastores"), (nothing, "pass")):
                found.append(timed(lambda: subprocess.run([sys.executable, "-S", "-c", code], check=True, env={
                    **os.environ, "PYTHONPATH": str(ROOT / "python")}))[0])
        first = timed(lambda: subprocess.run([sys.executable, "-c", "import grid_datastores as g; g.store()"], check=True,
                                             env={**os.environ, "PYTHONPATH": str(ROOT / "python")}))[0]
        table("import", "ms")
        row("`import grid_datastores`, beyond Python's start", f"{1e3 * (statistics.median(times) - statistics.median(nothing)):.1f}")
        row("with a store object, Python's start included", f"{1e3 * first:.0f}")

    def measure_names(self):
        import grid_datastores as grid

        count = 20_000 if self.options.small else 300_000
        folder = self.made("names", count, 4)
        version = grid.datastore("names")[1]
        first = timed(version.info("0000").name.upper)[0]
        ways = {"plain folder: os.walk": lambda: sum(len(files) for _, _, files in os.walk(folder)),
                "`find`": lambda: sum(entry.is_file for entry in grid.version("names:1").find()),
                "`walk`": lambda: sum(len(files) for _, _, files in grid.version("names:1").walk())}
        files = self.fsspec()
        if files:
            ways["fsspec `find`"] = lambda: len(files.find("names/1"))
            ways["fsspec `glob` of a folder"] = lambda: len(files.glob("names/1/0001/*")) and count
            ways["fsspec `exists`"] = lambda: files.exists("names/1/0001/none") or count
        table(f"names of {count:,} files", "ms")
        for name, call in ways.items():
            assert call() == count, name
            row(name, f"{1e3 * median(call):.1f}")
        return first

    def fsspec(self):
        try:
            from grid_datastores.filesystem import GridFileSystem
        except ImportError:
            return None
        return GridFileSystem(skip_instance_cache=True)

    def measure_files(self):
        import grid_datastores as grid

        count, size = (500 if self.options.small else 3000), 100_000
        folder = self.made("files", count, size)
        version = grid.datastore("files")[1]
        paths = sorted(version)
        self.random.shuffle(paths)
        top = version.path()

        def opened(where):
            total = 0
            for path in paths:
                with open(f"{where}/{path}", "rb") as file:
                    total += len(file.read())
            return total

        ways = {"plain folder": lambda: opened(folder), "`path()`": lambda: opened(top),
                "`read_many`": lambda: sum(map(len, version.read_many(paths))),
                "`read_bytes`": lambda: sum(len(version.read_bytes(path)) for path in paths),
                "`open().read()`": lambda: sum(len(version.open(path).read()) for path in paths)}
        files = self.fsspec()
        if files:
            ways["fsspec `cat`"] = lambda: sum(map(len, files.cat([f"files/1/{path}" for path in paths]).values()))
            ways["fsspec `open().read()`"] = lambda: sum(len(files.open(f"files/1/{path}").read()) for path in paths)
        table(f"{count:,} files of 100 KB, shuffled, warm, one process", "files/s", "of the folder")
        native = None
        for name, call in ways.items():
            assert call() == count * size, name
            taken = median(call)
            native = native or taken
            row(name, f"{count / taken:,.0f}", f"{native / taken:.2f}")

    def measure_ahead(self):
        """A store behind a server 20 ms away, mounted; an epoch in random order by one reader, as a loader without workers."""
        import grid_datastores as grid

        if os.geteuid() != 0:
            print("\nahead: needs root to drop caches")
            return
        count, size = (300 if self.options.small else 3000), 30_000
        self.made("ahead", count, size)
        relay = os.path.join(self.work, "relay")
        subprocess.run(["g++", "-O2", "-std=c++20", "-pthread", "-o", relay, str(ROOT / "bench" / "relay.cc")], check=True)
        server = subprocess.Popen([os.environ["GRID_PROGRAM"], "serve", "--listen", "127.0.0.1:0", "-o", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        text = ""
        while "}" not in text:
            text += server.stdout.readline()
        port = int(text.split('"url": "http://127.0.0.1:')[1].split('"')[0])
        far = subprocess.Popen([relay, str(port + 1 if port < 65000 else port - 1), str(port), str(DELAY_MS),
                                os.path.join(self.work, "counts")])
        time.sleep(0.5)
        token = self.grid("token", "create", "-q").strip()
        store = grid.connect(f"http://127.0.0.1:{port + 1 if port < 65000 else port - 1}", token=token)
        try:
            self.epochs(store.version("ahead:1"), count)
        finally:
            store.close()
            far.terminate()
            server.terminate()

    def epochs(self, version, count):
        from grid_datastores.torch import AheadSampler

        top = version.path()
        paths = [f"{top}/{path}" for path in sorted(version)]
        order = self.random.sample(range(count), count)
        work_seconds = 0.001  # what a model takes for each, while which others may read

        def epoch(sampler):
            total = 0
            for index in sampler:
                with open(paths[index], "rb") as file:
                    total += len(file.read())
                time.sleep(work_seconds)
            return total

        def cold(sampler):
            version.store.close()
            while os.path.ismount(os.path.dirname(os.path.dirname(top))):
                time.sleep(0.1)
            shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
            with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as file:
                file.write("3")
            version.path()
            return timed(lambda: epoch(sampler))[0]

        table(f"an epoch of {count:,} files of 30 KB, {DELAY_MS} ms away, 1 ms of work each", "files/s", "of warm")
        without = cold(order)
        ahead = {window: cold(AheadSampler(order, paths, ahead=window)) for window in (64, 512, 4096)}
        warm = timed(lambda: epoch(order))[0]
        row("cold", f"{count / without:,.0f}", f"{warm / without:.2f}")
        for window, taken in ahead.items():
            row(f"cold, `AheadSampler`, ahead={window}", f"{count / taken:,.0f}", f"{warm / taken:.2f}")
        row("warm", f"{count / warm:,.0f}", "1.00")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grid", default=str(ROOT / "build" / "release" / "grid"))
    parser.add_argument("--work")
    parser.add_argument("--small", action="store_true", help="little data, to see that it works")
    parser.add_argument("measures", nargs="*")
    options = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=options.work, prefix="grid-bench-python.") as work:
        bench = Bench(options, work)
        for name in options.measures or ["import", "names", "files", "ahead"]:
            getattr(bench, "measure_" + name)()
        from grid_datastores import _store

        for store in _store._stores.values():
            store.close()
        for _ in range(100):
            with open("/proc/self/mounts", encoding="utf-8") as mounts:
                if work not in mounts.read():
                    break
            time.sleep(0.1)
    print(f"\nPython {sys.version.split()[0]}, {os.cpu_count()} cores; load before {before:.1f}, after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
