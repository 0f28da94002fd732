# The server of a run is killed hundreds of times while it is read: readers wait, get every byte right
# and never see an error, even those that outlive the run. In the end nothing is left.
# Slow: it kills hundreds of servers.
. "$(dirname "$0")/lib.sh"
cat >data.py <<'END'
import os, random
random.seed(5)
for folder in range(8):
    os.makedirs(f"cats/d{folder}")
    for i in range(40):
        with open(f"cats/d{folder}/{i}", "wb") as f:
            f.write(random.randbytes(random.choice([10, 5000, 60000])))
with open("cats/large", "wb") as f: f.write(random.randbytes(24 << 20))
os.symlink("large", "cats/link")
END
# Reads at random places, some of them in the kernel's page cache, until a file tells it to end.
cat >reader.py <<'END'
import os, random, sys
root, seed, expected = sys.argv[1], int(sys.argv[2]), "cats"
random.seed(seed)
paths = [os.path.join(d, f)[len(expected) + 1:] for d, _, fs in os.walk(expected) for f in fs]
count = 0
def check(what, got, wanted):
    if got != wanted: sys.exit(f"{what}: wrong")
while not os.path.exists("enough"):
    path = random.choice(paths + ["large"] * len(paths))
    with open(f"{expected}/{path}", "rb") as f: wanted = f.read()
    fd = os.open(f"{root}/{path}", os.O_RDONLY)
    offset = random.randrange(len(wanted))
    size = random.choice([1, 4096, 100000, 1 << 20])
    got = b""
    while len(got) < min(size, len(wanted) - offset):
        part = os.pread(fd, size - len(got), offset + len(got))
        if not part: break
        got += part
    check(path, got, wanted[offset:offset + size])
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    check(path, os.fstat(fd).st_size, len(wanted))
    os.close(fd)
    if count % 7 == 0:
        folder = f"d{random.randrange(8)}"
        check(folder, sorted(os.listdir(f"{root}/{folder}")), sorted(os.listdir(f"{expected}/{folder}")))
        check("none", os.path.exists(f"{root}/{folder}/none{count}"), False)
        check("link", os.readlink(f"{root}/link"), "large")
        check("versions", os.listdir("/grid-killed/cats").count("1"), 1)
    count += 1
print(count)
END
python3 data.py && grid datastore create cats -q >out
needs_run
[ "$(uname -r | awk -F. '{ print ($1 * 1000 + $2 >= 6009) }')" = 1 ] || skip "Linux before 6.9 cannot send requests again"
cat >script <<'END'
#!/bin/sh
for seed in 1 2 3; do python3 reader.py "$1" $seed >count-$seed 2>error-$seed || touch failed & done
python3 reader.py /grid-killed/cats 4 >count-4 2>error-4 || touch failed
wait
END
chmod +x script
ours() { # NAME: the processes of that name that belong to this test, whatever their parent
  for p in $(pgrep -x "$1"); do
    grep -q grid-killed "/proc/$p/cmdline" 2>/dev/null && echo "$p"
  done
  true
}
servers() { ours grid-serve; }
kill_servers() { # COUNT
  for i in $(seq "$1"); do
    sleep "$(awk -v i="$i" 'BEGIN { srand(i); print rand() * rand() * 0.04 }')"
    for server in $(servers); do kill -9 "$server" 2>/dev/null || :; done
    [ ! -e failed ] || die "after $i: $(cat error-*)"
  done
}
"$GRID" run --name steady --datastore_mount_dir /grid-killed ./script grid:cats:1 2>err & run=$!
until [ -n "$(servers)" ]; do sleep 0.01; done
kill_servers 300
[ ! -e failed ] || die "$(cat error-*)"
touch enough
wait $run || die "status $?: $(cat err error-*)"
for seed in 1 2 3 4; do [ "$(cat count-$seed)" -gt 50 ] || die "read little: $(cat count-$seed)"; done
equal "$(grep -c 'another has taken over' err)" 1
equal "$(grid status steady -o json | python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["status"], r["servers_replaced"] > 100, r["versions"][0]["touched"])')" \
  "done True True"
# Processes that the script left behind read on after grid has ended, whichever process is killed.
rm -f enough
"$GRID" run -q --name left --datastore_mount_dir /grid-killed -- sh -c 'python3 reader.py "$1" 5 >count-5 2>error-5 || touch failed &' sh grid:cats:1
kill_servers 40
[ ! -e failed ] || die "$(cat error-*)"
fails 1 grid datastore delete cats:1 --yes
touch enough
until [ -s count-5 ]; do [ ! -e failed ] || die "$(cat error-*)"; sleep 0.05; done
for attempt in $(seq 200); do [ -z "$(servers)" ] && break; sleep 0.02; done
equal "$(servers)" ""
equal "$(ours grid-keep)" ""
equal "$(find state/grid/attachments -type f | wc -l)" 0
