# mount returns when the mount answers; versions come and go; unmount leaves nothing.
. "$(dirname "$0")/lib.sh"
[ -r /dev/fuse ] || skip 'there is no /dev/fuse'
mkdir cats m && echo meow >cats/a && mkdir cats/sub && seq 100000 >cats/sub/numbers
grid datastore create cats --quiet >/dev/null
grid mount m 2>err
grep -q "^mounted at $work/m; " err || die "$(cat err)"
equal "$(ls m)" cats
equal "$(ls m/cats | tr '\n' ' ')" '1 latest '
cmp m/cats/1/sub/numbers cats/sub/numbers
equal "$(readlink m/cats/latest)" 1
equal "$(listing cats)" "$(listing m/cats/1)"
! echo x 2>/dev/null >m/cats/1/new || die "the mount can be written to"
[ ! -e m/cats/7 ] && [ ! -e m/dogs ] || die "what does not exist does"

# A mounted version is shown as in use, and is not deleted.
grid datastore show cats | grep -q "mount $work/m (process [0-9]*): cats:1" || die "not shown"
fails 1 grid datastore delete cats:1 --yes
says "in use by the mount $work/m"

echo purr >cats/b && grid datastore create cats --quiet >/dev/null
i=0; while [ ! -e m/cats/2/b ]; do i=$((i + 1)); [ $i -lt 100 ] || die "version 2 does not appear"
  sleep 0.1; done
equal "$(cat m/cats/2/b)" purr

fails 1 grid mount m
says "$work/m"
grid unmount m
equal "$(ls m)" ''
grid datastore delete cats:1 --yes --quiet
fails 2 grid unmount m
says "$work/m"
fails 1 grid mount no-such-folder
says 'no-such-folder'
fails 1 grid --store nowhere mount m
says 'there is no store'

# In the foreground, ended by a signal.
"$GRID" mount --foreground m 2>err &
pid=$!
i=0; until [ -e m/cats ]; do i=$((i + 1)); [ $i -lt 100 ] || die "no mount: $(cat err)"; sleep 0.05; done
kill $pid; wait $pid || die "status $? at SIGTERM: $(cat err)"
equal "$(ls m)" ''
