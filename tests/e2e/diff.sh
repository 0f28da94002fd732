# diff: a line for each difference, and totals.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/old && cd cats
echo same >same && echo before >changed && echo gone >removed && seq 1000 >old/name && echo t >touched
cd .. && grid datastore create cats --quiet >/dev/null
cd cats
echo after! >changed && rm removed && mkdir new && mv old/name new/name && rmdir old
echo new >added && touch -d 2001-01-01 touched
cd .. && grid datastore create cats --quiet >/dev/null
grid datastore diff cats:1 cats:2 >out
grep -qx '+ added  (4 B)' out || die "$(cat out)"
grep -qx -- '- removed' out || die "$(cat out)"
grep -qx '~ changed  (7 B → 7 B)' out || die "$(cat out)"
grep -qx '~ touched  (not its content)' out || die "$(cat out)"
grep -qx '> old/name → new/name' out || die "$(cat out)"
tail -1 out | grep -Eqx 'cats:1 → cats:2: 2 added, 2 removed, [0-9]+ changed, 1 renamed' \
  || die "$(tail -1 out)"
equal "$(grid datastore diff cats:2 cats:2)" 'cats:2 → cats:2: 0 added, 0 removed, 0 changed, 0 renamed'
grid datastore diff cats:1 cats -o json | grep -q '"old_path": "old/name"' || die "json"
