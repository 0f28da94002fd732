# A store that several users of a machine share: what one of them reads, another does not delete.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'needs root, to be two users'
as_user env "$GRID" --version >/dev/null 2>&1 || skip "an ordinary user cannot run $GRID"
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip '/dev/fuse cannot be opened'
other() { setpriv --reuid=65533 --regid=65533 --clear-groups -- env HOME="$work/other" \
  XDG_CACHE_HOME="$work/other/cache" XDG_STATE_HOME="$work/other/state" "$@"; }
mkdir cats m other && echo meow >cats/a
for i in 1 2 3; do grid datastore create cats --force -q >out; done
chmod 755 "$work" && chown -R 65534:65534 store cats && chown -R 65533:65533 other m
export XDG_CACHE_HOME="$work/mine/cache" XDG_STATE_HOME="$work/mine/state"
mkdir mine && chown 65534:65534 mine
me() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }

if other "$GRID" mount -q m 2>err; then
  equal "$(other cat m/cats/1/a)" meow
  fails 1 me "$GRID" datastore delete cats:1 --yes
  says 'cats:1 is in use by the process'
  says "of the user "
  other "$GRID" unmount m
  me "$GRID" datastore delete cats:1 --yes -q
fi
if other "$GRID" run -q true 2>err; then
  other "$GRID" run -q -- sh -c 'touch other/runs; while [ ! -e other/go ]; do sleep 0.05; done' sh grid:cats:2 & run=$!
  until [ -e other/runs ]; do sleep 0.05; done
  fails 1 me "$GRID" datastore delete cats:2 --yes
  says 'cats:2 is in use by the process'
  touch other/go && wait $run
  me "$GRID" datastore delete cats:2 --yes -q
fi
