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
grep -qx '> old/ → new/' out || die "$(cat out)"
! grep -q old/name out || die "a renamed folder is more than one line: $(cat out)"
tail -1 out | grep -Eqx 'cats:1 → cats:2: 2 added, 2 removed, [0-9]+ changed, 1 renamed' \
  || die "$(tail -1 out)"
equal "$(grid datastore diff cats:2 cats:2)" 'cats:2 → cats:2: 0 added, 0 removed, 0 changed, 0 renamed'
grid datastore diff cats:1 cats -o json | grep -q '"old_path": "old/name"' || die "json"

# By folder, and of some paths.
mkdir -p cats/new/sub && echo more >cats/new/more && echo s >cats/new/sub/file && rm cats/new/name && echo x >cats/added
grid datastore create cats --quiet >/dev/null
grid datastore diff --stat cats:2 cats >out
grep -Eqx 'FOLDER +ADDED +REMOVED +CHANGED +RENAMED +BEFORE +AFTER' out || die "$(cat out)"
grep -Eqx '/ +0 +0 +1 +0 +4 B +2 B' out || die "$(cat out)"
grep -Eqx 'new/ +2 +1 +0 +0 +3.9 kB +7 B' out || die "$(cat out)"
grid datastore diff cats:2 cats:3 new/sub/ added >out
equal "$(cat out)" "~ added  (4 B → 2 B)
+ new/sub/
+ new/sub/file  (2 B)
cats:2 → cats:3: 2 added, 0 removed, 1 changed, 0 renamed"
grid datastore diff --stat cats:3 cats:3 >out
equal "$(cat out)" 'cats:3 → cats:3: 0 added, 0 removed, 0 changed, 0 renamed'
