# Two machines make, take back, move and delete versions in a bucket, and read them, while a third one collects all the
# time: every version is whole, and what no version needs is gone in the end. GC_SECONDS: for how long.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/shared
machine() { # NAME: from here on, this is another machine
  export XDG_CACHE_HOME=$work/$1/cache XDG_STATE_HOME=$work/$1/state XDG_DATA_HOME=$work/$1/data
}
json() { python3 -c "import json, sys; d = json.load(sys.stdin); print($1)"; }
mkdir first && echo 1 >first/file && grid datastore create first -q >/dev/null
touch going

writer() ( # NAME
  machine "$1"
  i=0
  mkdir "$1.files"
  head -c 1500000 /dev/urandom >"$1.files/kept"
  while [ -e going ]; do
    i=$((i + 1))
    head -c $((200000 + i * 7919 % 400000)) /dev/urandom >"$1.files/own$((i % 4))"
    seq $((i % 3)) >"$1.files/common"
    "$GRID" datastore create "$1.files" --name "$1" -q >/dev/null || exit 1
    version=$("$GRID" datastore show "$1" -o json | json 'max(v["version"] for v in d["versions"] if v["status"] == "ready")')
    rm -rf "$1.got" && "$GRID" datastore get "$1:$version" "$1.got" -q && diff -r "$1.files" "$1.got" || exit 1
    # All of this one is garbage at once.
    mkdir -p "$1.scratch" && head -c 100000 /dev/urandom >"$1.scratch/file"
    "$GRID" datastore create "$1.scratch" --name "$1-scratch" -q >/dev/null && "$GRID" datastore delete "$1-scratch" --all -y -q --now || exit 1
    [ $((i % 2)) = 1 ] || "$GRID" datastore delete "$1:$version" -y -q --now || exit 1
    if [ $((i % 5)) = 0 ]; then # deleted with an undo, and taken back
      "$GRID" datastore create "$1.files" --name "$1" --force -q >/dev/null || exit 1
      version=$("$GRID" datastore show "$1" -o json | json 'max(v["version"] for v in d["versions"] if v["status"] == "ready")')
      "$GRID" datastore delete "$1:$version" -y -q && "$GRID" datastore undelete "$1:$version" -q || exit 1
      rm -rf "$1.got" && "$GRID" datastore get "$1:$version" "$1.got" -q && diff -r "$1.files" "$1.got" || exit 1
    fi
  done
  echo $i >"$1.rounds"
)
writer one >one.log 2>&1 & one=$!
writer two >two.log 2>&1 & two=$!
(machine three
 while [ -e going ]; do "$GRID" gc --patience 5s -o json >>runs.json || exit 1; sleep 0.2; done) >three.log 2>&1 & three=$!
sleep "${GC_SECONDS:-20}"
rm going
wait $one || die "machine one: $(tail -5 one.log)"
wait $two || die "machine two: $(tail -5 two.log)"
wait $three || die "the collector: $(tail -5 three.log)"

machine four
for round in 1 2; do grid gc --patience 1s -q >/dev/null; sleep 1.1; done
grid gc --patience 1s --keep-interrupted 1s -q >/dev/null
grid datastore verify -q || die "a version is not whole"
equal "$(grid gc --dry-run -o json | json 'd["bytes_removed"]')" 0
removed=$(python3 -c 'import json, sys
text = open("runs.json").read(); at = 0; total = 0
while text[at:].strip():
    document, end = json.JSONDecoder().raw_decode(text[at:].lstrip()); at += len(text[at:]) - len(text[at:].lstrip()) + end
    total += document["packs_removed"]
print(total)')
[ "$removed" -gt 0 ] || die "nothing was collected while others wrote"
left=$(grid gc --dry-run -o json | json 'd["bytes_left"]')
# All that is live, stored once and anew.
fresh=$work/fresh
for name in one two first; do
  for version in $(grid datastore show $name -o json | json '" ".join(str(v["version"]) for v in sorted(d["versions"], key=lambda v: v["version"]) if v["status"] == "ready")'); do
    rm -rf got && grid datastore get $name:$version got -q
    "$GRID" --store "$fresh" datastore create got --name $name --force -q >/dev/null
  done
done
live=$(find "$fresh/packs" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
echo "rounds: $(cat one.rounds) and $(cat two.rounds); packs removed meanwhile: $removed; bytes left $left, live $live"
[ $((left * 10)) -le $((live * ${GC_RATIO:-30})) ] || die "$left bytes are left, $live of them are live"
