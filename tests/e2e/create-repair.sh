# Damage in the store is healed by creating again from the same source: what is damaged is stored again, and the
# whole store then is well.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/a
head -c 3000000 /dev/urandom >cats/a/large
i=0; while [ $i -lt 50 ]; do echo "cat $i" >cats/a/$i; i=$((i + 1)); done
listing cats >want
grid datastore create cats --quiet >/dev/null
flip() { # FILE OFFSET: inverts the bits of a byte
  chmod u+w "$1"
  old=$(od -An -tu1 -j "$2" -N1 "$1")
  printf "\\$(printf %03o $((255 - old)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
pack=$(find store -type f -size +500k | head -1)

# A source that has not changed is not read, and so heals nothing.
flip "$pack" 1000000
fails 1 grid datastore verify
grid datastore create cats --quiet >out
grep -q '^same as cats:1' out || die "$(cat out)"
fails 1 grid datastore verify

grid datastore create cats --repair >out 2>err || die "$(cat err)"
grep -q '^same as cats:1' out || die "$(cat out)"
grep -q 'stored 1 chunk again that was damaged' err || die "$(cat err)"
grep -q 'all is well' err || die "$(cat err)"
[ ! -e "$pack" ] || die "the damaged pack is still there"
grid datastore verify --quiet >out || die "$(cat out)"
grid datastore get cats:1 copy --quiet
listing copy | cmp - want || die "the copy differs"

# It says how much was damaged, and that other data still is.
mkdir dogs && head -c 2000000 /dev/urandom >dogs/woof
grid datastore create dogs --quiet >/dev/null
for pack in $(find store -type f -size +1500k); do flip "$pack" 1000000; done
grid datastore create cats --repair -o json >out 2>err
equal "$(python3 -c 'import json; d = json.load(open("out")); print(d["same"], d["chunks_healed"])')" "True 1"
grep -q 'could not be healed from this source: see grid datastore verify' err || die "$(cat err)"
grid datastore verify cats --quiet >out || die "$(cat out)"
fails 1 grid datastore verify dogs
grid datastore create dogs --repair --quiet >/dev/null
grid datastore verify --quiet >out || die "$(cat out)"

# Where nothing is read, nothing can be healed.
fails 2 grid datastore create --base cats:1 --add dogs --repair
says '--repair does not go with --base'
fails 2 grid datastore create cats:1 --name copy --repair
says '--repair does not go with a version'
