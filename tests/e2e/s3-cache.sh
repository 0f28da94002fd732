# What is read from a bucket is kept on this machine: within the limit, for all versions, and usable
# when the bucket cannot be reached.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/team
mkdir cats && seq 200000 >cats/numbers && head -c 40000000 /dev/urandom >cats/large
grid datastore create cats --quiet >/dev/null
head -c 100000 /dev/urandom >cats/new
grid datastore create cats --quiet >/dev/null
fetched() { grid cache -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["bytes_fetched"])'; }
size() { grid cache -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["size"])'; }

# All of the first version is fetched once, the changes for the second, nothing for a repeat.
grid datastore get cats:1 one --quiet
first=$(fetched)
[ "$first" -ge 40000000 ] && [ "$first" -lt 46000000 ] || die "fetched $first for the first version"
grid datastore get cats:2 two --quiet
cmp cats/new two/new
[ $(($(fetched) - first)) -lt 1500000 ] || die "fetched $(($(fetched) - first)) for the second version"
second=$(fetched)
rm -r one && grid datastore get cats:1 one --quiet && cmp one/large cats/large
equal "$(fetched)" "$second"
grid cache | grep -q 's3://stores/team' || die "grid cache does not name the store"

# It is nobody else's to see.
seen=$(find "$XDG_CACHE_HOME" -perm /077)
[ -z "$seen" ] || die "others may see: $(echo "$seen" | head -5)"
[ -n "$(find "$XDG_CACHE_HOME/grid/objects" -type f -perm 600 -name '*.data')" ] || die 'no block is kept'

# Damaged blocks on the disk are fetched again, and never returned.
find "$XDG_CACHE_HOME/grid/objects" -name '*.data' | while read -r copy; do
  head -c 3000000 /dev/zero | dd of="$copy" bs=262144 seek=1 conv=notrunc status=none
done
rm -r one && grid datastore get cats:1 one --quiet && cmp one/large cats/large
grid cache | grep -q '^damaged' || die "the damage was not noticed"

# The limit is kept, even for readers of more than that.
grid cache limit 10MB --quiet
[ "$(size)" -le 10000000 ] || die "over the limit"
rm -r one && grid datastore get cats:1 one --quiet && cmp one/large cats/large
[ "$(size)" -le 10000000 ] || die "over the limit after reading"
[ "$(du -s --block-size=1 "$XDG_CACHE_HOME/grid/objects" | cut -f1)" -le 10400000 ] || die "the disk says otherwise"
fails 2 grid cache limit 3apples
says '"3apples" is not a size'

# Without the bucket, a version that is complete in the cache is attached and read.
grid cache limit 1GB --quiet
rm -r two && grid datastore get cats two --quiet
grid datastore list >list
radosgw_kill
rm -r two && grid datastore get cats two --quiet && cmp two/large cats/large && cmp two/new cats/new
grid datastore list | cmp - list
if [ -e /dev/fuse ]; then
  mkdir m
  grid mount m --quiet
  cmp m/cats/2/large cats/large
  cmp m/cats/latest/new cats/new
  grid unmount m
fi
grid cache clear --quiet
[ "$(size)" -lt 1000000 ] || die "clear left $(size) bytes"
