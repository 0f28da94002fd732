# A state folder that cannot be used causes one warning, and the create still works.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a
mkdir -p "$XDG_STATE_HOME/grid"
check() { # COMMAND…
  "$@" "$GRID" datastore create cats --force >out 2>err || die "$(cat err)"
  grep -q '^cats:' out || die "$(cat out)"
  equal "$(grep -vc "^new store at" err)" 1
  grep -q '^grid: cannot make .*state/grid/creates: ' err || die "$(cat err)"
}
# Not writable.
chmod 555 "$XDG_STATE_HOME/grid"
check as_user
chmod 755 "$XDG_STATE_HOME/grid"
# A file in its place.
echo >"$XDG_STATE_HOME/grid/creates"
check env
rm "$XDG_STATE_HOME/grid/creates"
# A read-only and a full disk.
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || exit 0
cat >inner.sh <<'INNER'
set -eu
mount -t tmpfs -o size=64k tmpfs "$XDG_STATE_HOME/grid"
! head -c 1000000 /dev/zero >"$XDG_STATE_HOME/grid/filler" 2>/dev/null
"$GRID" datastore create cats --force >out 2>err
[ "$(wc -l <err)" = 1 ] || { cat err; exit 1; }
grep -q 'No space left on device' err || { cat err; exit 1; }
[ -z "$(ls "$XDG_STATE_HOME/grid/creates")" ] || { ls "$XDG_STATE_HOME/grid/creates"; exit 1; }
rm "$XDG_STATE_HOME/grid/filler"
"$GRID" datastore create cats --force >out 2>err
[ ! -s err ] || { cat err; exit 1; }
mount -o remount,ro "$XDG_STATE_HOME/grid"
"$GRID" datastore create cats --force >out 2>err
[ "$(wc -l <err)" = 1 ] || { cat err; exit 1; }
grep -q 'Read-only file system' err || { cat err; exit 1; }
INNER
unshare -m sh inner.sh || die "inside the full or read-only disk"
