# Where the system allows few threads, a create ends: with fewer of them, or with a sentence.
. "$(dirname "$0")/lib.sh"
mkdir cats && head -c 3000000 /dev/urandom | split -b 10000 -a 3 - cats/
[ "$(id -u)" = 0 ] || skip "needs to be root, to have a user without other processes"
chown -R 65534:65534 "$work"
done=0 failed=0
for limit in 1 2 3 4 5 6 8 10 14; do
  status=0
  timeout 60 setpriv --reuid=65534 --regid=65534 --clear-groups -- prlimit --nproc=$limit \
    "$GRID" datastore create cats --force --quiet >out 2>err || status=$?
  case $status in
    0) done=$((done + 1)) ;;
    1) grep -q 'cannot start a thread' err || die "$limit: $(cat err)"
       failed=$((failed + 1)) ;;
    *) die "limit $limit: status $status: $(cat err)" ;;
  esac
done
[ $failed -gt 0 ] || skip "this user may have more threads than the limit"
[ $done -gt 0 ] || die "none was made with 14 threads"
as_user "$GRID" datastore verify cats --quiet >/dev/null
