# A datastore gets another name: versions, digests, descriptions and numbers follow, the old name
# leads on until it is used again, and `move` goes both ways.
. "$(dirname "$0")/lib.sh"
mkdir cats && for i in 1 2 3 4; do echo $i >cats/a; grid datastore create cats -m "number $i" -q >/dev/null; done
grid datastore delete cats:2 --yes -q
grid datastore delete cats:3 --yes -q && grid datastore undelete cats:3 -q
grid datastore describe cats --text 'many cats' -q
grid datastore tag cats:1 best -q && grid datastore retention cats --keep-last 9 -q >/dev/null
roots() { grid datastore show "$1" -o json | python3 -c 'import json, sys
print([(v["version"], v["root"], v["message"], v["created"]) for v in json.load(sys.stdin)["versions"] if v["status"] == "ready"])'; }
before=$(roots cats)

fails 2 grid datastore rename cats Dogs
fails 2 grid datastore rename cats cats
fails 1 grid datastore rename birds dogs
says 'no datastore birds'
grid datastore create cats --name taken -q >/dev/null
fails 1 grid datastore rename cats taken
says 'nothing was renamed'
equal "$(roots cats)" "$before"

equal "$(grid datastore rename cats dogs)" 'cats is now called dogs  3 versions  · cats still leads there'
equal "$(roots dogs)" "$before"
equal "$(grid datastore describe dogs)" 'many cats'
equal "$(grid datastore cat dogs@best a)$(grid datastore cat cats@best a)" 11
grid datastore tag dogs:4 best -q
equal "$(grid datastore cat cats@best a)" 4
grid datastore retention dogs | grep -q 9 || die "retention: $(grid datastore retention dogs)"
grid datastore verify -q >/dev/null || die "$(grid datastore verify 2>&1)"
equal "$(grid datastore list -o json | grep -c '"name": "cats"')" 0
# The old name leads on.
equal "$(grid datastore cat cats:1 a)" 1
equal "$(grid datastore cat cats a -q)" 4
equal "$(grid datastore ls cats:4)" a
equal "$(roots cats)" "$before"
fails 1 grid datastore cat cats:2 a
fails 1 grid datastore delete cats:1 --yes
says 'cats:1 was renamed: it is dogs:1 now'
fails 1 grid datastore undelete cats:1
if [ -e /dev/fuse ] && grid run -q true 2>/dev/null; then
  grid run -q -- sh -c 'cat $0' /datastores/cats/1/a >out 2>err || die "$(cat err)"
  equal "$(cat out)" 1
  grid run -q -- cat /datastores/dogs/4/a >out && equal "$(cat out)" 4
fi
# A create knows its files, and numbers go on.
equal "$(grid datastore create cats --name dogs)" 'same as dogs:4 (use --force to make a new version)'
echo 5 >cats/a
equal "$(grid datastore create cats --name dogs | cut -d' ' -f1)" dogs:5
# And back.
grid datastore rename dogs cats -q >/dev/null
equal "$(grid datastore cat cats:5 a)$(grid datastore cat dogs:1 a)" 51
equal "$(grid datastore cat cats@best a)$(grid datastore cat dogs@best a)" 44
grid datastore verify -q >/dev/null || die "$(grid datastore verify 2>&1)"
# Used again, it means what it means now.
grid datastore rename cats pets -q >/dev/null
echo 9 >cats/a && equal "$(grid datastore create cats | cut -d' ' -f1)" cats:6
equal "$(grid datastore cat cats a -q)" 9
equal "$(grid datastore cat cats:1 a)" 1
grid gc -q >/dev/null 2>&1 || die "gc"
grid datastore verify -q >/dev/null || die "$(grid datastore verify 2>&1)"

# move asks before it makes a store in a folder, and leaves nothing behind.
fails 2 grid datastore move pets --to new-name </dev/null
says 'to rename it: grid datastore rename pets NEW'
[ ! -e new-name ] || die "a refused move made a store"
before=$(roots pets)
grid datastore move pets --to "$work/other" -q >/dev/null
fails 1 grid datastore cat pets:1 a
says 'is in the store'
grid --store "$work/other" datastore move pets --to "$GRID_STORE" -q >/dev/null
equal "$(roots pets)" "$before"
grid datastore verify -q >/dev/null || die "$(grid datastore verify 2>&1)"
grid datastore move pets --to "$work/other" -q >/dev/null
GRID_STORE=$work/other && equal "$(roots pets)" "$before"
grid datastore verify -q >/dev/null || die "$(grid datastore verify 2>&1)"
