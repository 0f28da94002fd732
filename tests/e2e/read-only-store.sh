# A store on a file system that is mounted read-only: all that reads works, and what would write is
# refused in one sentence, without leaving anything.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip 'a private mount needs root'
mkdir cats m && echo meow >cats/a && head -c 300000 /dev/urandom >cats/b
grid datastore create cats --quiet >/dev/null
grid datastore describe cats --text 'many cats' >/dev/null
echo purr >cats/a
cat >inner.sh <<'INNER'
set -eu
mount --bind "$GRID_STORE" "$GRID_STORE" && mount -o remount,bind,ro "$GRID_STORE"
refused() {
  status=0; "$GRID" "$@" 2>err >out || status=$?
  [ $status = 1 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'Read-only file system' err ||
    { echo "status $status: $*"; cat err; exit 1; }
}
refused datastore create cats
refused datastore create cats --name dogs
refused datastore delete cats:1 --yes
refused datastore describe cats --text other
for command in 'list' 'show cats' 'ls -l cats' 'verify' 'get cats copy' 'diff cats:1 cats:1' 'describe cats'; do
  "$GRID" datastore $command >out 2>err || { echo "$command"; cat err; exit 1; }
done
cmp copy/b cats/b
[ "$("$GRID" datastore cat cats a)" = meow ]
"$GRID" store repair >out 2>err || { echo repair; cat err; exit 1; }
if [ -e /dev/fuse ]; then
  "$GRID" mount m --quiet
  cmp m/cats/1/b cats/b
  "$GRID" unmount m
fi
if "$GRID" run -q true 2>/dev/null; then
  [ "$("$GRID" run -q cat grid:cats/a)" = meow ]
fi
INNER
find store >before
unshare -m sh inner.sh || die 'with a read-only store'
find store | cmp - before
