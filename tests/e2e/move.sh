# A datastore moves to a bucket and back into a folder with all its versions; after a kill on the way,
# the same command continues.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
bucket=s3://stores/team
mkdir -p cats/none && head -c 60000000 /dev/urandom >cats/large && seq 100000 >cats/numbers
ln -s numbers cats/link
grid datastore create cats --quiet >/dev/null
echo two >cats/two && grid datastore create cats -m second --quiet >/dev/null
echo three >cats/three && grid datastore create cats --quiet >/dev/null
echo four >cats/four && grid datastore create cats --quiet >/dev/null
grid datastore delete cats:3 --yes --quiet
grid datastore describe cats --text 'many cats' --quiet
root() { grid "$@" -o json | /usr/bin/python3 -c 'import json, sys
print([(v["version"], v["root"], v["message"], v["created"]) for v in json.load(sys.stdin)["versions"]])'; }
before=$(root datastore show cats)

fails 1 grid datastore move dogs --to "$bucket"
says 'no datastore dogs in'
fails 1 grid --store "$bucket" datastore list
says 'there is no store at'
fails 2 grid datastore move cats
says '--to STORE'
fails 2 grid datastore move cats:1 --to "$bucket"
says 'a datastore moves with all its versions'
fails 2 grid datastore move cats --to "$GRID_STORE"
says 'are the same store'
fails 2 grid datastore move cats --to ftp://x/y
says 'ftp:// is none'

# Killed and interrupted again and again: nothing is half moved, and nothing is lost.
kills=0
for wait in 0.15 0.3 0.5 0.7 0.9; do
  # In a Python process, since a shell's background jobs ignore Ctrl-C.
  /usr/bin/python3 - "$GRID" "$wait" "$bucket" <<'P' && kills=$((kills + 1))
import signal, subprocess, sys, time
move = subprocess.Popen([sys.argv[1], "datastore", "move", "cats", "--to", sys.argv[3], "--quiet"],
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(float(sys.argv[2]))
move.send_signal(signal.SIGINT if sys.argv[2] == "0.5" else signal.SIGKILL)
sys.exit(0 if move.wait() < 0 else 1)
P
done
[ "$kills" -ge 1 ] || die "no move lived long enough to be killed"
echo "killed $kills times"
grid datastore move cats --to "$bucket" >out 2>err || die "$(cat err)"
grep -q "3 versions moved to $bucket\|is already in $bucket" out || die "$(cat out)"
equal "$(root --store "$bucket" datastore show cats)" "$before"
equal "$(grid --store "$bucket" datastore show cats -o json | grep -c 'many cats')" 1
grid --store "$bucket" datastore verify --quiet | grep -q 'all is well' || die "damage"
grid --store "$bucket" datastore get cats copy --quiet && equal "$(listing cats)" "$(listing copy)"

# The old store says where it is; its numbers stay taken.
fails 1 grid datastore cat cats:1 numbers
says "cats:1 was moved: it is in the store $bucket now"
grid datastore move cats --to "$bucket" | grep -q 'already' || die "not already"
equal "$(grid datastore create cats | cut -d' ' -f1)" cats:5
fails 1 grid --store "$work/empty" datastore move cats --to "$bucket"
says 'there is no store at'
fails 1 grid --store "$bucket" datastore move cats --to "$GRID_STORE"
says 'has a datastore cats of its own: cats:5 there is a version that is not here'

# From the bucket into another folder; chunks that the store there already has are not sent.
grid --store "$work/third" datastore create cats --name same --quiet >/dev/null
grid --store "$bucket" datastore move cats --to "$work/third" --keep -o json --quiet >out
[ "$(/usr/bin/python3 -c 'import json; print(json.load(open("out"))["bytes_sent"])')" -lt 1000000 ] || die "$(cat out)"
equal "$(root --store "$work/third" datastore show cats)" "$before"
equal "$(grid --store "$bucket" datastore cat cats two)" two
# There too, a create recognises files that have not changed for long, such as large.
grid --store "$work/third" datastore create cats -o json --quiet >out
[ "$(/usr/bin/python3 -c 'import json; print(json.load(open("out"))["bytes_read"])')" -lt 1000000 ] || die "$(cat out)"

# Of a version in place only the listing moves; the objects stay where they are.
make_bucket placed
printf 'in place' | s3 PUT /placed/dir/object -f --data-binary @- -o /dev/null
grid datastore create s3://placed/ --name placed --no-copy --quiet >/dev/null 2>&1
grid datastore move placed --to "$bucket" -o json --quiet >out
[ "$(/usr/bin/python3 -c 'import json; print(json.load(open("out"))["bytes_sent"])')" -gt 0 ] || die "$(cat out)"
equal "$(grid --store "$bucket" datastore cat placed dir/object)" 'in place'
grid --store "$bucket" datastore verify placed --quiet >out || die "$(cat out)"

if [ -e /dev/fuse ]; then
  mkdir m && grid --store "$work/third" mount m --quiet
  cat m/cats/1/numbers >/dev/null
  fails 1 grid --store "$work/third" datastore move cats --to "$bucket/x"
  says 'is in use by the mount'
  grid --store "$work/third" unmount m
fi
