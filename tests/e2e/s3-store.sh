# A store in a bucket works like a local one, for two machines at once.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/team/a
mkdir -p cats/none && seq 1000 >cats/numbers && head -c 40000000 /dev/urandom >cats/large
ln -s numbers cats/link && touch -d '2020-01-02 03:04:05.123456789' cats/numbers

fails 1 grid datastore list
says 'there is no store at s3://stores/team/a yet'
grid datastore create cats --quiet >/dev/null
grid datastore create cats | grep -q 'same as cats:1' || die "not the same"
echo more >>cats/numbers
grid datastore create cats --message second --quiet >/dev/null
equal "$(grid datastore list -o json | /usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)["datastores"][0]; print(d["name"], d["latest"])')" 'cats 2'
grid datastore show cats | grep -q 'second' || grid datastore show cats:2 | grep -q second || die "no message"
equal "$(grid datastore cat cats:1 numbers | tail -1)" 1000
equal "$(grid datastore diff cats:1 cats:2 | grep -c numbers)" 1

# The other machine does not have this one's cache.
other() { XDG_CACHE_HOME=$work/other/cache XDG_STATE_HOME=$work/other/state "$GRID" "$@"; }
other datastore get cats copy --quiet
equal "$(listing cats)" "$(listing copy)"
echo third >cats/new
other datastore create cats --quiet >/dev/null
equal "$(grid datastore cat cats new)" third
other datastore verify --quiet

# Both at once: two numbers, each version whole.
mkdir one two && seq 5000 >one/file && seq 6000 >two/file
grid datastore create one --name both --quiet >/dev/null &
other datastore create two --name both --quiet >/dev/null
wait
equal "$( (grid datastore cat both:1 file | wc -l; grid datastore cat both:2 file | wc -l) | sort | tr '\n' ' ')" '5000 6000 '

if [ -e /dev/fuse ]; then
  mkdir m && grid mount m 2>/dev/null
  cmp m/cats/3/large cats/large
  equal "$(ls m/both | tr '\n' ' ')" '1 2 latest '
  grid unmount m
  if grid run -q true 2>/dev/null; then
    grid run -q -- cmp /datastores/cats/3/large "$work/cats/large" || die "a run reads other bytes"
  fi
fi
grid datastore delete cats:1 --yes --quiet
GRID_RECHECK=0 fails 1 other datastore cat cats:1 numbers
says 'cats:1 is deleted'

# The store is all that lies below the prefix, and nothing else.
equal "$(s3 GET '/stores?prefix=team%2Fa%2Fprobe' | grep -c '<Key>')" 0
equal "$(s3 GET '/stores' | grep -o '<Key>[^<]*' | grep -vc '^<Key>team/a/' || :)" 0
fails 1 grid --store s3://stores datastore list
says 's3://stores is not a store: it holds other things'
