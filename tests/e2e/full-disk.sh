# A full disk: one sentence, existing versions can still be read, and the create continues once there
# is room.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip 'a private mount needs root'
cat >inner.sh <<'INNER'
set -eu
mount -t tmpfs -o size=6m tmpfs "$GRID_STORE"
mkdir small large && echo small >small/a && head -c 20000000 /dev/urandom >large/b
"$GRID" datastore create small --quiet >/dev/null
status=0
"$GRID" datastore create large 2>err || status=$?
[ $status = 1 ] || { echo "status $status"; exit 1; }
grep -q 'No space left on device' err || { cat err; exit 1; }
[ "$(wc -l <err)" = 1 ] || { cat err; exit 1; }
[ "$("$GRID" datastore cat small a)" = small ]
"$GRID" datastore verify --quiet >/dev/null
! "$GRID" datastore show large:1 2>/dev/null
# Once there is room, the same command works.
mount -o remount,size=60m "$GRID_STORE"
"$GRID" datastore create large --quiet >/dev/null
"$GRID" datastore cat large b | cmp - large/b
# Files that were stored before the disk was full are not read again.
mkdir larger && head -c 90000000 /dev/urandom >larger/c && sleep 0.3
! "$GRID" datastore create larger 2>err
grep -q 'No space left on device' err || { cat err; exit 1; }
"$GRID" datastore list --show-incomplete | grep -q ' larger  failed .*No space left on device'
mount -o remount,size=200m "$GRID_STORE"
"$GRID" datastore create larger >out
grep -q 'continued after ..\.. MB' out || { cat out; exit 1; }
"$GRID" datastore cat larger c | cmp - larger/c
[ -z "$(ls "$XDG_STATE_HOME/grid/creates")" ]
INNER
mkdir -p "$GRID_STORE"
unshare -m sh inner.sh || die "inside the full disk"
