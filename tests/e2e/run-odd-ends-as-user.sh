# Whatever happens to a run of an ordinary user: as run-odd-ends.sh, which says more.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'run-odd-ends.sh has shown it'
as_user env "$GRID" --version >/dev/null 2>&1 || skip "an ordinary user cannot run $GRID"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups -- sh "$here/run-odd-ends.sh" || status=$?
exit $status
