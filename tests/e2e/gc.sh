# Space comes back: delete, undelete and gc, beside creates that go on, stand still or die.
. "$(dirname "$0")/lib.sh"
stored() { du -s --apparent-size -B1 "$GRID_STORE/packs" | cut -f1; }
freed() { # of the JSON document of a run
  python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["bytes_freed"])' "$1"
}
mkdir cats && head -c 3000000 /dev/urandom >cats/shared
for i in 1 2 3; do head -c 5000000 /dev/urandom >cats/own; grid datastore create cats -q >/dev/null; cp -a cats copy$i; done
before=$(stored)

# Nothing is freed that a version needs, or that can be taken back.
grid gc -o json >run && equal "$(freed run)" 0
grid datastore delete cats:2 -y -q
grid gc -o json >run && equal "$(freed run)" 0
equal "$(stored)" "$before"
fails 1 grid datastore get cats:2 none -q
grid datastore undelete cats:2 -q
grid datastore get cats:2 back -q && diff -r copy2 back
fails 1 grid datastore undelete cats:2
says 'cats:2 is not deleted'
fails 1 grid datastore undelete cats:9
fails 2 grid datastore undelete cats

# Without undo, the next run frees what that version alone had, and no more.
grid datastore delete cats:2 -y -q --now
grid gc --dry-run >out && grep -q 'would free 5.0 MB' out || die "$(cat out)"
equal "$(stored)" "$before"
grid gc -o json >run
[ "$(freed run)" -gt 4900000 ] && [ "$(freed run)" -lt 5400000 ] || die "$(cat run)"
[ "$(stored)" -lt $((before - 4900000)) ] || die "$(stored) of $before bytes are there"
grid gc -o json >run && equal "$(freed run)" 0
fails 1 grid datastore undelete cats:2
says 'its space was freed'
for i in 1 3; do rm -rf back; grid datastore get cats:$i back -q && diff -r copy$i back; done
grid datastore verify -q
# The same content again is stored again.
grid datastore create copy2 --name cats -q >/dev/null
rm -rf back && grid datastore get cats back -q && diff -r copy2 back

# Of a pack of which little is needed, the rest is written anew. Who reads meanwhile finds it.
mkdir many mounted && for i in $(seq 300); do head -c 20000 /dev/urandom >many/$i; done
grid datastore create many -q >/dev/null
mkdir few && cp -a many/1[0-9] few
grid datastore create few -q >/dev/null
grid mount mounted -q
exec 4<mounted/few/1/10
grid datastore delete many:1 -y -q --now
before=$(stored)
grid gc --rewrite-below 0 -o json >run && equal "$(freed run)" 0
grid gc --dry-run >out && grep -q 'would rewrite' out || die "$(cat out)"
equal "$(stored)" "$before"
grid gc >out && grep -q '^rewrote ' out || die "$(cat out)"
[ "$(stored)" -lt $((before - 5000000)) ] || die "$(stored) of $before bytes are there"
cmp - few/10 <&4 && exec 4<&- && diff -r few mounted/few/1
grid unmount mounted -q
rm -rf back && grid datastore get few back -q && diff -r few back
grid gc -o json >run && equal "$(freed run)" 0
fails 2 grid gc --rewrite-below 100
says 'no share'

# A create that reads from a pipe holds its lease. It has begun before a version that it could build on is
# deleted, so what that one had is condemned, and not removed before it has ended.
mkdir more && head -c 4000000 /dev/urandom >more/new
tar cf archive.tar cats more && mkfifo pipe
"$GRID" datastore create - --extract --name slow -q <pipe >slow.out 2>slow.err & create=$!
exec 3>pipe
head -c 100000 archive.tar >&3
until ls "$GRID_STORE"/leases/*-1 >/dev/null 2>&1; do kill -0 $create || die "$(cat slow.err)"; sleep 0.02; done
grid datastore delete cats:4 -y -q --now
grid gc >out
grep -q 'waits    for the create of slow' out || die "$(cat out)"
grep -q '^freed 0 B' out || die "$(cat out)"
tail -c +100001 archive.tar >&3
exec 3>&-
wait $create || die "the create failed: $(cat slow.err)"
grid gc >/dev/null
grid datastore verify -q
grid datastore get slow got -q && diff -r cats got/cats && diff -r more got/more
[ -z "$(ls "$GRID_STORE/leases")" ] || die "a lease is left: $(ls "$GRID_STORE/leases")"

# One that stands still for longer than the patience is no longer waited for, publishes nothing, and says so.
"$GRID" datastore create - --extract --name slow -q <pipe >slow.out 2>slow.err & create=$!
exec 3>pipe
head -c 100000 archive.tar >&3
until ls "$GRID_STORE"/leases/*-1 >/dev/null 2>&1; do kill -0 $create || die "$(cat slow.err)"; sleep 0.02; done
grid datastore delete slow:1 -y -q --now
grid gc --patience 1s >out && grep -q waits out || die "$(cat out)"
sleep 1.1
grid gc --patience 1s >out && ! grep -q waits out || die "$(cat out)"
tail -c +100001 archive.tar >&3
exec 3>&-
status=0; wait $create || status=$?
equal $status 1
grep -q 'has stood still for so long that a collection no longer waits for it' slow.err || die "$(cat slow.err)"
fails 1 grid datastore show slow:2
grid datastore create - --extract --name slow -q <archive.tar >/dev/null
rm -rf got && grid datastore get slow got -q && diff -r cats got/cats && diff -r more got/more

# Whoever is told that nothing has changed still has the version, though another was faster to delete it.
"$GRID" datastore create - --extract --name slow -q <pipe >slow.out 2>slow.err & create=$!
exec 3>pipe
head -c 100000 archive.tar >&3
until ls "$GRID_STORE"/leases/*-1 >/dev/null 2>&1; do kill -0 $create || die "$(cat slow.err)"; sleep 0.02; done
newest() { grid datastore show slow -o json | python3 -c 'import json, sys; print(max(v["version"] for v in json.load(sys.stdin)["versions"] if v["status"] == "ready"))'; }
before=$(newest)
grid datastore delete slow:$before -y -q
tail -c +100001 archive.tar >&3
exec 3>&-
wait $create || die "$(cat slow.err)"
[ "$(newest)" -gt "$before" ] || die "the version was deleted, and no other made"

# Creates and runs of gc that are killed at any moment lose nothing.
round=0
while [ $round -lt 12 ]; do
  round=$((round + 1))
  head -c 2000000 /dev/urandom >cats/own
  "$GRID" datastore create cats -q >/dev/null 2>&1 & create=$!
  "$GRID" gc --patience 1s >/dev/null 2>&1 & collector=$!
  sleep 0.0$((round * 3 % 10))
  kill -9 $create $collector 2>/dev/null || :
  wait $create || : ; wait $collector || :
  grid datastore create cats -q >/dev/null
  rm -rf back && grid datastore get cats back -q && diff -r cats back
  newest=$(grid datastore show cats -o json | python3 -c 'import json, sys; print(max(v["version"] for v in json.load(sys.stdin)["versions"]))')
  [ $((round % 3)) -ne 0 ] || grid datastore delete cats:$newest -y -q --now
done
grid datastore verify -q
sleep 1.1
# The first of these may see the lease of a killed create, the second closes it, the third frees.
for run in 1 2 3; do grid gc --patience 1s --keep-interrupted 1s -q >/dev/null && sleep 1.1; done
grid gc --patience 1s --keep-interrupted 1s -o json >run && equal "$(freed run)" 0
grid datastore verify -q

# A store of an older program is upgraded first.
python3 - "$GRID_STORE/store.json" <<'P'
import json, os, sys
old = json.load(open(sys.argv[1]))
os.chmod(sys.argv[1], 0o644)
json.dump({"grid": "store", "format": 1, "store_id": old["store_id"]}, open(sys.argv[1], "w"))
P
fails 1 grid gc
says 'grid store upgrade'
grid store upgrade -q
grid store upgrade -q
grid gc >/dev/null
grid datastore verify -q
