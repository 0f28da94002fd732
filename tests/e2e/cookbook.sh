# The commands of docs/cookbook.md work as they are written.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/images && echo a,b >cats/labels.csv
for i in 1 2 3; do seq $((i * 100)) >cats/images/$i.png; done
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$here/../../docs/cookbook.md" >steps.sh
[ "$(grep -c '^grid' steps.sh)" -ge 20 ] || die "the page has no commands"
mkdir bin && ln -s "$GRID" bin/grid
PATH=$work/bin:$PATH sh -ex steps.sh >out 2>&1 || die "$(tail -5 out)"
grep -q '^same as numbers:1' out || die "the command was not recognised: $(cat out)"
equal "$(cat cats/labels.csv)" a,b
grep -q labels.csv members.txt
equal "$(grid datastore ls -R images-only | grep -v '/$' | wc -l)" 3
grid datastore verify -q >/dev/null
