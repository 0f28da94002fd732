# Damage in a bucket is found though this machine's cache is warm, and healed from that cache.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/team
mkdir cats && seq 100000 >cats/numbers && head -c 9000000 /dev/urandom >cats/large
grid datastore create cats --quiet >/dev/null
grid datastore get cats:1 copy --quiet   # the cache is warm now
grid datastore verify --quiet >/dev/null
keys() { s3 GET '/stores?prefix=team%2Fpacks%2F' -f | grep -o '<Key>[^<]*</Key>' | sed 's/<[^>]*>//g'; }
data=$(keys | grep 'data$' | head -1)
[ -n "$data" ] || die "no pack in the bucket"
s3 GET "/stores/$data" -f -o pack
/usr/bin/python3 - <<'P'
data = bytearray(open("pack", "rb").read())
data[len(data) // 2] ^= 1
open("damaged", "wb").write(data)
P
s3 PUT "/stores/$data" -f -T damaged -o /dev/null
grid datastore get cats:1 again --quiet || die "the cache has a good copy"
fails 1 grid datastore verify
grep -q '^damaged  cats:1: ' out || die "$(cat out)"

# Another machine has no copy; this one has.
other() { XDG_CACHE_HOME=$work/other/cache XDG_STATE_HOME=$work/other/state "$GRID" "$@"; }
fails 1 other store repair
grid store repair >out || die "$(cat out)"
grep -q '^healed   1 chunk from what this machine keeps of the store$' out || die "$(cat out)"
keys | grep -q "$data" && die "the damaged pack is still there"
other datastore verify --quiet >/dev/null
other datastore get cats:1 copy2 --quiet && cmp copy2/large cats/large

# An index that was deleted is missed, though this machine's tables are warm, and made good by them.
index=$(keys | grep 'index$' | head -1)
s3 DELETE "/stores/$index" -f -o /dev/null
fails 1 grid datastore verify
grid store repair --quiet >/dev/null || die "not healed from the tables"
other datastore verify --quiet >/dev/null

# A pack whose data a portal has swallowed: what needs it is stored again by any machine that has the files.
lost=$(keys | grep 'index$' | head -1 | sed 's/index$/data/')  # not one that the repair has left without an index
s3 DELETE "/stores/$lost" -f -o /dev/null
fails 1 other datastore verify cats:1
rm -rf other
other datastore create cats --force >out 2>err || die "$(cat err)"
grep -q '^cats:2 ' out || die "$(cat out)"
grep -q "$(basename "$lost") is missing" err || die "the pack is not named: $(cat err)"
rm -rf other
other datastore get cats:2 copy3 --quiet && cmp copy3/large cats/large && cmp copy3/numbers cats/numbers
other datastore get cats:1 copy4 --quiet && cmp copy4/large cats/large
other datastore verify cats --quiet >/dev/null
grid store repair --quiet >/dev/null || die "the pack cannot be taken out"
other datastore verify --quiet >/dev/null
