# A store in a folder is shared with a group by one command, whatever the umask of its members; a
# store at the default place is private.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo 1 >cats/a
unset GRID_STORE
(umask 022 && grid datastore create cats -q >/dev/null)
equal "$(stat -c %a "$XDG_DATA_HOME/grid")" 700

[ "$(id -u)" = 0 ] || skip 'only root can act as two users'
group=$(getent group users | cut -d: -f1)
[ -n "$group" ] || skip 'there is no group to share with'
gid=$(getent group "$group" | cut -d: -f3)
chmod 755 "$work"
mkdir -m 755 srv && export GRID_STORE=$work/srv/store
grid datastore create cats -q >/dev/null
fails 2 grid store share
says '--group'
fails 2 grid store share --group no-such-group
says 'there is no group no-such-group'
grid store share --group "$group" >out 2>err
grep -q "is shared with the group $group" out || die "$(cat out err)"
equal "$(stat -c '%a %g' srv/store)" "2775 $gid"
# Two members with closed umasks, each with a home of its own.
as() { # UID COMMAND…
  uid=$1; shift
  mkdir -p "$work/home.$uid" && chown "$uid" "$work/home.$uid"
  HOME=$work/home.$uid XDG_DATA_HOME='' XDG_CACHE_HOME='' XDG_STATE_HOME='' XDG_RUNTIME_DIR='' \
    setpriv --reuid="$uid" --regid="$uid" --groups="$gid" -- sh -c 'umask 077; "$@"' sh "$@"
}
chmod -R a+rX cats
as 4001 "$GRID" datastore create cats --name dogs -q >/dev/null
echo 2 >cats/a
as 4002 "$GRID" datastore create cats --name dogs -q >/dev/null
equal "$(as 4001 "$GRID" datastore cat dogs:2 a)" 2
as 4001 "$GRID" datastore delete dogs:2 --yes --now -q
as 4002 "$GRID" gc -q >/dev/null
as 4002 "$GRID" datastore verify -q >/dev/null
equal "$(find srv/store -type d ! -perm -2770 | wc -l)" 0
equal "$(find srv/store -type f ! -perm -0440 | wc -l)" 0
equal "$(find srv/store ! -group "$gid" | wc -l)" 0
# A store made in a folder of the group is shared from the beginning; others stay out.
mkdir srv/team && chgrp "$gid" srv/team && chmod 2770 srv/team
GRID_STORE=$work/srv/team/store as 4001 "$GRID" datastore create cats -q >/dev/null
GRID_STORE=$work/srv/team/store as 4002 "$GRID" datastore create cats --name more -q >/dev/null
equal "$(stat -c %a srv/team/store)" 2770
status=0
HOME=$work/home.4003 setpriv --reuid=4003 --regid=4003 --clear-groups -- "$GRID" \
  --store "$work/srv/team/store" datastore list >out 2>&1 || status=$?
equal "$status" 1
# A closed folder above is named.
mkdir -m 700 closed && GRID_STORE=$work/closed/store grid datastore create cats -q >/dev/null
GRID_STORE=$work/closed/store grid store share --group "$group" >out 2>err
grep -q "the group cannot pass through $work/closed" err || die "not said: $(cat err)"
