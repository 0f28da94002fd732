#!/usr/bin/env python3
"""What attaching costs, and what a training loop gets: prints tables.

    bench/attach.py build/release/grid [--runs 60] [--only overhead|crowd|prefetch|images]

Times of another day or machine say nothing; ratios within one run do. Rows alternate, so that a busy
moment hits all of them. `images` needs python3-torch and python3-torchvision; cold rows need root.
"""
import argparse, glob, os, re, shutil, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("grid", type=os.path.realpath)
parser.add_argument("--runs", type=int, default=60)
parser.add_argument("--only", choices=["overhead", "crowd", "prefetch", "images"])
options = parser.parse_args()

work = tempfile.mkdtemp(prefix="grid-bench-attach-")
os.chdir(work)
os.environ.update(GRID_STORE=work + "/store", XDG_CACHE_HOME=work + "/cache", XDG_STATE_HOME=work + "/state", HOME=work)
can_drop = os.access("/proc/sys/vm/drop_caches", os.W_OK)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def seconds(*command):
    begin = time.perf_counter()
    run(*command)
    return time.perf_counter() - begin


def drop_caches():
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3")


def make_version(name, count, size):
    os.makedirs(name)
    for i in range(count):
        with open(f"{name}/{i}.bin", "wb") as file:
            file.write(os.urandom(size))
    run(options.grid, "datastore", "create", name)


def overhead():
    make_version("cats", 2000, 20000)
    grid_run = [options.grid, "run", "-q"]
    run(options.grid, "session", "create", "--detach", "--name", "lab", "--", "sleep", "10000")
    rows = {
        "true": ["true"],
        "grid run true": [*grid_run, "true"],
        "grid run true, no log": [*grid_run, "--no-log", "true"],
        "grid run ls /datastores/cats/1": [*grid_run, "ls", "/datastores/cats/1"],
        "grid session exec lab true": [options.grid, "session", "exec", "lab", "true"],
    }
    times = {row: [] for row in rows}
    for _ in range(options.runs):
        for row, command in rows.items():
            times[row].append(seconds(*command))
    if can_drop:
        for row in ["true", "grid run true"]:
            times[row + ", nothing in memory"] = []
            for _ in range(5):
                drop_caches()
                times[row + ", nothing in memory"].append(seconds(*rows[row]))
    run(options.grid, "session", "delete", "lab")
    print("| command | median, ms | slowest of ten, ms |\n| --- | --- | --- |")
    for row, found in times.items():
        found.sort()
        print(f"| {row} | {1000 * statistics.median(found):.1f} | {1000 * found[int(len(found) * 0.9)]:.1f} |")


def memory_of_grid():
    """KB that belong to each kind of process alone or are its share: PSS, by name."""
    sums = {}
    for path in glob.glob("/proc/[0-9]*/smaps_rollup"):
        try:
            name = open(os.path.dirname(path) + "/comm").read().strip()
            if name.startswith("grid") and work in open(os.path.dirname(path) + "/environ").read():
                count, size = sums.get(name, (0, 0))
                sums[name] = count + 1, size + int(re.search(r"Pss:\s+(\d+)", open(path).read())[1])
        except OSError:
            continue  # it has ended
    return sums


def crowd():
    if not os.path.exists("cats"):
        make_version("cats", 2000, 20000)
    for count in [1, 50]:
        begin = time.perf_counter()
        script = 'touch started-$1; cat "$2"/* >/dev/null; touch read-$1; while [ ! -e enough ]; do sleep 0.2; done'
        runs = [subprocess.Popen([options.grid, "run", "-q", "--", "sh", "-c", script, "sh", f"{count}.{i}", "grid:cats:1"])
                for i in range(count)]

        def until(pattern):
            while len(glob.glob(pattern)) < count:
                time.sleep(0.01)
            return time.perf_counter() - begin

        started, read = until(f"started-{count}.*"), until(f"read-{count}.*")
        print(f"{count} at once: all started after {started:.2f} s, all had read 40 MB after {read:.2f} s; memory in MB:",
              ", ".join(f"{number} {name} {size / 1024:.0f}" for name, (number, size) in sorted(memory_of_grid().items())))
        open("enough", "w").close()
        for process in runs:
            process.wait()
        os.remove("enough")


READ = """
import os, random, sys, time
root, share = sys.argv[1], float(sys.argv[2])
names = sorted(os.listdir(root))
random.Random(1).shuffle(names)
begin = time.perf_counter()
for name in names[:int(len(names) * share)]:
    with open(f"{root}/{name}", "rb") as file:
        sum(file.read()[::64])  # as much work as a little decoding
print(time.perf_counter() - begin)
"""


def prefetch():
    if not can_drop:
        print("prefetch: skipped, only root can drop what is in memory")
        return
    make_version("files", 4000, 80000)
    print("| in the same order as the run before | none, s | trace, s | all, s |\n| --- | --- | --- | --- |")
    for share, cold in [(0.1, True), (1, True), (0.1, False), (1, False)]:
        times = {"none": [], "trace": [], "all": []}
        script = ["python3", "-c", READ, "/datastores/files/1", str(share)]
        subprocess.run(["rm", "-rf", "cache/grid/traces"], check=True)
        run(options.grid, "run", "-q", *script)
        for _ in range(5):
            for how, found in times.items():
                if cold:
                    drop_caches()
                command = [options.grid, "run", "-q", "--datastore_name", "files:1", "--prefetch", how, *script]
                found.append(float(subprocess.run(command, check=True, capture_output=True).stdout))
        print(f"| {'cold' if cold else 'warm'}, {share:.0%} of 4,000 files, 80 KB each, local store |", " | ".join(f"{statistics.median(found):.2f}" for found in times.values()), "|")


DRAW = """
import os, random
from PIL import Image
random.seed(3)
for label in range(10):
    os.makedirs(f"photos/l{label}")
    for i in range(300):
        noise = Image.frombytes("RGB", (32, 32), random.randbytes(3 * 32 * 32))
        noise.resize((160, 120)).save(f"photos/l{label}/{i}.jpg", quality=90)
"""

# Decodes and scales images as a training loop does; prints images per second of each epoch.
LOADER = """
import sys, time, torch, torchvision
from torchvision import transforms
torch.set_num_threads(1)
data = torchvision.datasets.ImageFolder(sys.argv[1], transforms.Compose(
    [transforms.RandomResizedCrop(64), transforms.ToTensor()]))
loader = torch.utils.data.DataLoader(data, batch_size=64, shuffle=True, num_workers=2)
for epoch in range(3):
    begin = time.perf_counter()
    count = sum(len(labels) for images, labels in loader)
    print(count / (time.perf_counter() - begin))
"""


def images():
    python = "/usr/bin/python3"  # the one that has Debian's packages
    if subprocess.run([python, "-c", "import torchvision"], stderr=subprocess.DEVNULL).returncode != 0:
        print("images: skipped, there is no python3-torchvision here")
        return
    run(python, "-c", DRAW)
    run(options.grid, "datastore", "create", "photos")
    open("loader.py", "w").write(LOADER)
    rows = {"a folder": [python, "loader.py", "photos"],
            "grid run": [options.grid, "run", "-q", python, "loader.py", "/datastores/photos/1"]}
    warm, cold = {row: [] for row in rows}, {row: [] for row in rows}
    for _ in range(3):
        for row, command in rows.items():
            if can_drop:
                drop_caches()
            rates = [float(line) for line in subprocess.run(command, check=True, capture_output=True).stdout.split()]
            cold[row].append(rates[0])
            warm[row] += rates[1:]
    print("| images per second, 2 workers | a folder | grid run | ratio |\n| --- | --- | --- | --- |")
    for title, rates in [("first epoch, cold" if can_drop else "first epoch", cold), ("later epochs, warm", warm)]:
        native, ours = (statistics.median(rates[row]) for row in rows)
        print(f"| {title} | {native:.0f} | {ours:.0f} | {ours / native:.2f} |")


try:
    for measure in [overhead, crowd, prefetch, images]:
        if options.only in (None, measure.__name__):
            measure()
            print(flush=True)
finally:
    os.chdir("/")
    shutil.rmtree(work, ignore_errors=True)
