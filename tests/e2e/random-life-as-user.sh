# The same for an ordinary user: random-life.sh says more.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'random-life.sh has shown it'
as_user env "$GRID" --version >/dev/null 2>&1 || skip "an ordinary user cannot run $GRID"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups -- sh "$here/random-life.sh" || status=$?
exit $status
