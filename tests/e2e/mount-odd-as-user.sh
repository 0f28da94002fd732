# Whatever happens to a mount of an ordinary user: as mount-odd.sh, which says more.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip 'mount-odd.sh has shown it'
as_user env "$GRID" --version >/dev/null 2>&1 || skip "an ordinary user cannot run $GRID"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups -- sh "$here/mount-odd.sh" || status=$?
exit $status
