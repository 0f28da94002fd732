# Tags: set, moved, listed, removed; cats@best wherever a version is named; what has one is not deleted. And stored retention.
. "$(dirname "$0")/lib.sh"
mkdir cats
for i in 1 2 3; do echo $i >cats/a; grid datastore create cats -q >/dev/null; done
grid datastore tag cats 2>err
grep -q 'cats has no tags' err || die "$(cat err)"
grid datastore tag cats:1 best 2>err
equal "$(cat err)" 'cats@best is cats:1 now'
grid datastore tag cats:2 best 2>err
equal "$(cat err)" 'cats@best is cats:2 now; it was cats:1'
grid datastore tag cats newest -q
grid datastore tag cats >out
equal "$(awk 'NR > 1 {print $1, $2}' out)" "best cats:2
newest cats:3"

# Wherever a version is named.
equal "$(grid datastore cat cats@best a)" 2
grid datastore ls cats@best | grep -q a
grid datastore get cats@best got -q && equal "$(cat got/a)" 2
grid datastore diff cats@best cats@newest | grep -q a
grid datastore verify cats@best -q
grid datastore show cats@best >out
grep -q 'tags  *best$' out || die "show: $(cat out)"
grid datastore show cats | grep -q 'cats@best is cats:2' || die 'show does not list tags'
cat >read.sh <<'S'
#!/bin/sh
cat "$1/a"
S
chmod +x read.sh
if [ -e /dev/fuse ]; then
  equal "$(grid run -q ./read.sh grid:cats@best)" 2
  equal "$(grid run -q --datastore_name cats@best ./read.sh /datastores/cats)" 2
  equal "$(grid run -q --datastore_version @best ./read.sh /datastores/cats)" 2
  fails 1 grid run -q ./read.sh grid:cats@bets
  says 'cats has no tag bets'
fi
fails 1 grid datastore cat cats@bets a
says 'it has best, newest'
fails 2 grid datastore tag cats:1 Best
fails 2 grid datastore tag cats:1 7
fails 2 grid datastore tag cats:1 latest
fails 2 grid datastore tag cats:1
says 'grid datastore tag cats:1 TAG'
fails 2 grid datastore tag cats:1 a --delete b
fails 1 grid datastore tag cats:9 best
fails 1 grid datastore tag cats --delete bets
fails 1 grid datastore tag dogs:1 best
fails 2 grid datastore describe cats@best

grid datastore create cats@best --name again -q >/dev/null
equal "$(grid datastore cat again:1 a)" 2

# A tag protects its version, and comes back with it.
fails 1 grid datastore delete cats:2 --yes
says 'cats:2 has the tag best'
fails 1 grid datastore delete cats --all --yes
fails 1 grid datastore delete cats@best --yes
grid datastore delete cats@best --yes --force -q
fails 1 grid datastore cat cats@best a
says 'cats@best: cats:2 is deleted'
grid datastore undelete cats:2 -q
equal "$(grid datastore cat cats@best a)" 2
grid datastore verify >out 2>&1 || die "verify: $(cat out)"

# A damaged one is named, stands for nothing, lets nothing be deleted, and can be set again.
chmod u+w "$GRID_STORE/datastores/cats/tags/best" && printf '{}' >"$GRID_STORE/datastores/cats/tags/best/9"
fails 1 grid datastore cat cats@best a
fails 1 grid datastore delete cats:1 --yes
says --force
fails 1 grid datastore verify
fails 1 grid datastore tag cats
grid datastore tag cats:2 best -q
equal "$(grid datastore cat cats@best a)" 2

# Stored rules: kept with the datastore, followed when asked.
fails 2 grid datastore retention cats:1 --keep-last 1
fails 2 grid datastore retention cats --remove --keep-last 1
grid datastore retention cats 2>err
grep -q 'keeps all its versions' err || die "$(cat err)"
grid datastore retention cats --keep-last 1 --keep-used 30d -q >out
equal "$(cat out)" 'cats --keep-last 1 --keep-used 30d'
grid gc -q >/dev/null
equal "$(grid datastore cat cats:1 a)" 1
grid datastore retention cats --keep-last 1 -q >out
equal "$(cat out)" 'cats --keep-last 1'
grid gc --apply-retention --dry-run >out
grep -q '^would delete .* of cats, which its retention does not keep: 1' out || die "dry run: $(cat out)"
equal "$(grid datastore cat cats:1 a)" 1
grid gc --apply-retention -o json >out
python3 - out <<'P'
import json, sys
(plan,) = json.load(open(sys.argv[1]))["retention"]
assert plan["name"] == "cats" and 1 in plan["deleted"] and 2 not in plan["deleted"] and plan["undo_until"], plan
P
fails 1 grid datastore cat cats:1 a
grid datastore undelete cats:1 -q
grid datastore retention cats --remove -q
grid gc --apply-retention -q >/dev/null
equal "$(grid datastore cat cats:1 a)" 1

# They move with the datastore.
grid datastore move cats --to "$PWD/other" -q >/dev/null
equal "$(grid --store "$PWD/other" datastore cat cats@best a)" 2
grid --store "$PWD/other" datastore tag cats --delete best -q
fails 1 grid --store "$PWD/other" datastore cat cats@best a
says 'it has newest'

# Completion offers them.
equal "$(grid --store "$PWD/other" __complete -- --store "$PWD/other" datastore show cats@ | tail -n +2)" cats@newest
