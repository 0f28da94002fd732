# A damaged store is healed: from another pack, from the original files, and what cannot be healed is
# named. A mount that has the store open reads on.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/a
head -c 3000000 /dev/urandom >cats/a/large
i=0; while [ $i -lt 50 ]; do echo "cat $i" >cats/a/$i; i=$((i + 1)); done
grid datastore create cats --quiet >/dev/null
cp -a cats original
listing cats >want
flip() { # FILE OFFSET: inverts the bits of a byte
  chmod u+w "$1"
  old=$(od -An -tu1 -j "$2" -N1 "$1")
  printf "\\$(printf %03o $((255 - old)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
# The data of the largest pack: data without an index belongs to none.
largest() {
  ls -S store/packs/*.data | while read -r data; do
    [ ! -e "${data%data}index" ] || { echo "$data"; break; }
  done
}
all_is_well() {
  grid datastore verify --quiet >out || die "$1: $(cat out)"
  rm -rf copy && grid datastore get cats:1 copy --quiet
  listing copy | cmp - want || die "$1: the copy differs"
}

grid store repair >out
grep -q '^0 packs and 0 chunks were damaged or lost, 0 B written in .*: all is well$' out || die "$(cat out)"

# Without a good copy, nothing is removed, and the files are named.
flip "$(largest)" 1000000
fails 1 grid store repair
grep -q '^damaged  cats:1: a/large: ' out || die "$(cat out)"
grep -q 'could not be healed$' out || die "$(cat out)"
[ -e "$(largest)" ] || die "a pack was removed"

# With the original files there is one.
bad=$(largest)
grid store repair --from cats >out
grep -q '^healed   1 chunk from the sources$' out || die "$(cat out)"
grep -q '^removed  1 damaged pack, after all in it was written again$' out || die "$(cat out)"
[ ! -e "$bad" ] || die "the damaged pack is still there"
all_is_well "from the sources"

# A pack's data, then its index, is lost altogether: trees and recipes are made again too.
rm -f "$(largest)"
grid store repair --from cats --quiet >/dev/null
all_is_well "data that was lost"
bad=$(largest)
rm -f "${bad%data}index"
rm -rf "$XDG_CACHE_HOME"
fails 1 grid store repair
grid store repair --from cats -o json >out
equal "$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(*sorted(d)); print(d["damages"])' <out)" \
  'bytes_written chunks_lost damages healed_by_node healed_by_packs healed_by_sources packs_damaged packs_removed problems seconds
[]'
all_is_well "an index that was lost"

# Two writers that did not know of each other have both stored the chunks: every file can be read, verify
# names the bad copy, and the repair needs no source.
GRID_STORE=$work/other grid datastore create cats --quiet >/dev/null
cp -a other/packs/* store/packs/
flip "$(largest)" 1500000
fails 1 grid datastore verify
equal "$(grep -c '^damaged' out)" 1
grep -q 'other packs have good copies of all that is lost: `grid store repair` heals it' out || die "$(cat out)"
rm -rf copy && grid datastore get cats:1 copy --quiet && cmp copy/a/large cats/a/large

if [ -e /dev/fuse ]; then
  mkdir m && grid mount m --quiet
  cmp m/cats/1/a/7 cats/a/7
fi
grid store repair >out || die "$(cat out)"
grep -q '^healed   1 chunk that other packs have$' out || die "$(cat out)"
if [ -e /dev/fuse ]; then
  cmp m/cats/1/a/large cats/a/large || die "the mount lost the file"
  grid unmount m
fi
all_is_well "a copy in another pack"

# A byte behind a pack's data.
chmod u+w "$(largest)" && printf x >>"$(largest)"
fails 1 grid datastore verify
grep -q 'and its index says' out || die "$(cat out)"
grid store repair --quiet >/dev/null
all_is_well "a byte too many"

fails 1 grid store repair --from nowhere
says 'nowhere'
grid store >out
grep -q 'store repair' out || die "grid store says nothing of repair"
fails 2 grid store repair cats
