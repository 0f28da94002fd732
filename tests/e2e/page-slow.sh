# The page of grid serve with much: a folder of a million entries, 20,000 files that are dropped, 2 GB
# whose upload is cut off twice and goes on, and whether an hour of events leaves its memory as it was.
# Slow: minutes, and 6 GB of disk
. "$(dirname "$0")/lib.sh"
tests=$here/../page
command -v node >/dev/null || skip "there is no Node: scripts/install-deps build test"
[ -e "$tests/node_modules/playwright-core" ] ||
  (cd "$tests" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >npm.log 2>&1 || die "npm ci: $(cat npm.log)"

# Every entry has the head of the first one, with another name and checksum.
python3 - >million.tar <<'P'
import sys, tarfile
head = tarfile.TarInfo("f0000000").tobuf()
zeros = int(head[148:154], 8)
for i in range(1000000):
    name = b"%07d" % i
    check = b"%06o" % (zeros + sum(name) - 7 * 48)
    sys.stdout.buffer.write(b"f" + name + head[8:148] + check + head[154:])
sys.stdout.buffer.write(bytes(1024))
P
grid datastore create million.tar --extract -q >/dev/null
rm million.tar
python3 - <<'P'
import os
for i in range(20000):
    folder = f"files/{i // 1000:02}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{i:05}.txt", "wb") as file:
        file.write(os.urandom(1500) + b"%d\n" % i)
P
mkdir large && head -c 2000000000 /dev/urandom >large/file

"$GRID" serve --listen 127.0.0.1:0 -o json >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
case $(curl -sS "$(python3 -c 'import json; print(json.load(open("served"))["url"])')/") in
  *'built without its page'*) kill $pid; skip "the program was built without the page" ;;
esac
status=0
node "$tests/slow.mjs" "$(python3 -c 'import json; print(json.load(open("served"))["link"])')" ${GRID_FLOW:+"$GRID_FLOW"} || status=$?
if grid datastore show files:1 >/dev/null 2>&1; then
  grid datastore get files:1 files-got -q >/dev/null && diff -r files files-got
fi
if grid datastore show large:1 >/dev/null 2>&1; then
  grid datastore cat large:1 file | cmp - large/file
fi
kill $pid && wait $pid || die "status $? after SIGTERM: $(cat messages)"
exit $status
