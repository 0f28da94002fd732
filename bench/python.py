#!/usr/bin/python3
"""Measures the Python package: what its import takes, names and files through each way of reading beside a plain folder,
and epochs of small files from stores 20 ms away, with and without the sampler that reads ahead.

    bench/python.py [--grid PROGRAM] [--work DIR] [--small] [MEASURE…]      import names files ahead torch; else all

Prints Markdown. Says at the end how busy the machine was: above a load of 1.5 the numbers are not worth keeping.
Needs root to drop caches and g++ for relay.cc (ahead, torch), radosgw (torch, and boto3 in files), and Debian's PyTorch;
what is not there is left out, and said.
"""
import argparse
import glob
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


class Bucket:
    """A radosgw with its objects in memory, as the tests start it; ends with `end`."""

    def __init__(self, work):
        os.makedirs(work)
        script = ('die() { echo "$*" >&2; exit 1; }; skip() { die "$*"; }; clean_up() { :; }\n'
                  f'here={ROOT}/bench support={ROOT}/tests/support work={work}; cd "$work"\n'
                  '. "$support/radosgw.sh"; radosgw_start >&2; echo "$endpoint"; exec 1>&-; read -r _ || :')
        self.process = subprocess.Popen(["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.endpoint = self.process.stdout.readline().strip()
        assert self.endpoint, "radosgw does not start"
        self.port = int(self.endpoint.rpartition(":")[2])

    @staticmethod
    def environment():
        return {"AWS_ACCESS_KEY_ID": "OWNERKEY", "AWS_SECRET_ACCESS_KEY": "ownersecret", "AWS_REGION": "us-east-1"}

    def client(self):
        import boto3

        os.environ.update(self.environment(), AWS_ENDPOINT_URL=self.endpoint)
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1")

    def end(self):
        self.process.stdin.close()
        self.process.wait()


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

        def over_http(call):
            frames, version.store._frames = version.store._frames, None
            try:
                return call()
            finally:
                version.store._frames = frames

        def each():
            return sum(len(version.read_bytes(path)) for path in paths)

        def many():
            return sum(map(len, version.read_many(paths)))

        ways = {"plain folder": lambda: opened(folder), "`path()`": lambda: opened(top),
                "`read_many`": many, "`read_many` over HTTP at the socket": lambda: over_http(many),
                "`read_bytes`": each, "`read_bytes` over HTTP at the socket": lambda: over_http(each),
                "`open().read()`": lambda: sum(len(version.open(path).read()) for path in paths)}
        files = self.fsspec()
        if files:
            ways["fsspec `cat`"] = lambda: sum(map(len, files.cat([f"files/1/{path}" for path in paths]).values()))
            ways["fsspec `open().read()`"] = lambda: sum(len(files.open(f"files/1/{path}").read()) for path in paths)
        bucket = self.bucket()
        if bucket:
            client = bucket.client()
            client.create_bucket(Bucket="files")
            for path in paths:
                client.upload_file(f"{folder}/{path}", "files", path)
            ways["boto3 `get_object`, radosgw"] = lambda: sum(
                len(client.get_object(Bucket="files", Key=path)["Body"].read()) for path in paths)
        table(f"{count:,} files of 100 KB, shuffled, warm, one process", "files/s", "of the folder")
        native = None
        for name, call in ways.items():
            assert call() == count * size, name
            taken = median(call)
            native = native or taken
            row(name, f"{count / taken:,.0f}", f"{native / taken:.2f}")

    def bucket(self):
        """A radosgw of this bench's own; None, and said, where there is none or no boto3."""
        try:
            import boto3  # noqa: F401
        except ImportError:
            print("\nthere is no boto3 here: apt-get install python3-boto3")
            return None
        if self._bucket is None and shutil.which("radosgw"):
            self._bucket = Bucket(os.path.join(self.work, "radosgw"))
        if self._bucket is None:
            print("\nthere is no radosgw here: scripts/install-deps test")
        return self._bucket

    _bucket = None

    def relayed(self, port):
        """A relay in front of a port of this machine; its port and its process."""
        relay = os.path.join(self.work, "relay")
        if not os.path.exists(relay):
            subprocess.run(["g++", "-O2", "-std=c++20", "-pthread", "-o", relay, str(ROOT / "bench" / "relay.cc")],
                           check=True)
        here = port + 1 if port < 65000 else port - 1
        process = subprocess.Popen([relay, str(here), str(port), str(DELAY_MS), os.path.join(self.work, "counts")])
        time.sleep(0.5)
        return here, process

    def forget(self, version):
        """Ends the mount of a version's store, and empties the caches of the node and of the machine."""
        top = version.path()
        version.store.close()
        while os.path.ismount(os.path.dirname(os.path.dirname(top))) or glob.glob(
                os.path.join(os.environ["XDG_RUNTIME_DIR"], "grid-python", "*", "address")):
            time.sleep(0.1)
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as file:
            file.write("3")

    def measure_torch(self):
        """Torchvision's ImageFolder on the mount of a bucket 20 ms away, an epoch in random order."""
        try:
            import torch
            import torchvision
            from PIL import Image
        except ImportError:
            print("\ntorch: apt-get install python3-torch python3-torchvision")
            return
        bucket = self.bucket()
        if bucket is None or os.geteuid() != 0:
            return
        import grid_datastores as grid

        torch.set_num_threads(1)
        count = 300 if self.options.small else 3000
        folder = os.path.join(self.work, "images")
        for i in range(count):
            os.makedirs(f"{folder}/{i % 10}", exist_ok=True)
            noise = Image.frombytes("RGB", (96, 96), self.random.randbytes(96 * 96 * 3))
            noise.resize((224, 224)).save(f"{folder}/{i % 10}/{i:05}.jpg", quality=95)
        bucket.client().create_bucket(Bucket="stores")
        os.environ.update(bucket.environment())
        store = "s3://stores/images"
        self.grid("--store", store, "datastore", "create", folder, "--name", "images", "-q")
        port, far = self.relayed(bucket.port)
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        try:
            version = grid.store(store).version("images:1")
            for workers in (0, 4):
                self.torch_epochs(version, count, workers)
            version.store.close()
        finally:
            far.terminate()

    def torch_epochs(self, version, count, workers):
        import torch
        import torchvision
        from torch.utils.data import DataLoader
        from grid_datastores.torch import AheadSampler

        transform = torchvision.transforms.ToTensor()

        def epoch(ahead):
            data = torchvision.datasets.ImageFolder(version.path(), transform=transform)
            order = torch.utils.data.RandomSampler(data, generator=torch.Generator().manual_seed(1))
            sampler = AheadSampler(order, [path for path, _ in data.samples], ahead=ahead) if ahead else order
            loader = DataLoader(data, batch_size=32, sampler=sampler, num_workers=workers)
            begin = time.perf_counter()
            marks = []
            for images, _ in loader:
                marks.append((time.perf_counter() - begin, len(images)))
            assert sum(size for _, size in marks) == count
            return marks

        def rates(marks, window):
            """Images a second of all, and of those after the first so many."""
            at = next(i for i, _ in enumerate(marks) if sum(size for _, size in marks[:i + 1]) >= window)
            later = sum(size for _, size in marks[at + 1:])
            return count / marks[-1][0], later / (marks[-1][0] - marks[at][0])

        window = 1024 if count > 2048 else count // 3
        found = {}
        for name, ahead in (("cold", 0), (f"cold, `AheadSampler`, ahead={window}", window)):
            self.forget(version)
            found[name] = rates(epoch(ahead), window)
        found["warm"] = rates(epoch(0), window)
        table(f"torchvision, {count:,} images, a bucket {DELAY_MS} ms away, {workers} workers", "images/s",
              "of warm", f"after the first {window}", "of warm")
        for name, (rate, later) in found.items():
            row(name, f"{rate:,.0f}", f"{rate / found['warm'][0]:.2f}", f"{later:,.0f}", f"{later / found['warm'][1]:.2f}")

    def measure_ahead(self):
        """A store behind a server 20 ms away, mounted; an epoch in random order by one reader, as a loader without workers."""
        import grid_datastores as grid

        if os.geteuid() != 0:
            print("\nahead: needs root to drop caches")
            return
        count, size = (300 if self.options.small else 3000), 30_000
        self.made("ahead", count, size)
        server = subprocess.Popen([os.environ["GRID_PROGRAM"], "serve", "--listen", "127.0.0.1:0", "-o", "json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        text = ""
        while "}" not in text:
            text += server.stdout.readline()
        port = int(text.split('"url": "http://127.0.0.1:')[1].split('"')[0])
        relay_port, far = self.relayed(port)
        token = self.grid("token", "create", "-q").strip()
        store = grid.connect(f"http://127.0.0.1:{relay_port}", token=token)
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
            self.forget(version)
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
        for name in options.measures or ["import", "names", "files", "ahead", "torch"]:
            getattr(bench, "measure_" + name)()
        from grid_datastores import _store

        for store in _store._stores.values():
            store.close()
        if bench._bucket is not None:
            bench._bucket.end()
        for _ in range(100):
            with open("/proc/self/mounts", encoding="utf-8") as mounts:
                if work not in mounts.read():
                    break
            time.sleep(0.1)
    print(f"\nPython {sys.version.split()[0]}, {os.cpu_count()} cores; load before {before:.1f}, after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
