# What grid keeps in the cache and the state folder is nobody else's to see, whatever the umask; a store
# and a copy follow the umask; and a group can be given a cache to share.
. "$(dirname "$0")/lib.sh"
umask 022
mkdir cats && for i in 1 2 3; do echo $i >cats/$i; done && chmod +x cats/1
grid datastore create cats --quiet >/dev/null
grid datastore create cats --force --quiet >/dev/null
grid datastore cat cats 1 >/dev/null
grid datastore get cats copy --quiet
if "$GRID" run -q true 2>/dev/null; then
  grid run -q cat grid:cats/2 >/dev/null
  grid run -q --detach true >/dev/null
  grid mount "$(mkdir -p m && echo m)" 2>/dev/null && grid unmount m 2>/dev/null
fi
seen=$(find "$XDG_CACHE_HOME" "$XDG_STATE_HOME" -perm /077 ! -type l ! -path '*/artifacts*')
[ -z "$seen" ] || die "others may see: $(echo "$seen" | head -5)"
equal "$(stat -c %a "$XDG_CACHE_HOME" "$XDG_CACHE_HOME/grid" | tr '\n' ' ')" '700 700 '
# By the umask.
equal "$(stat -c %a store copy copy/1 copy/2 | tr '\n' ' ')" '755 755 755 644 '
umask 027
grid datastore get cats narrow --quiet
equal "$(stat -c %a narrow narrow/1 narrow/2 | tr '\n' ' ')" '750 750 640 '
# A folder that was made for it is shared.
mkdir -p team/grid && chmod 2770 team/grid
env XDG_CACHE_HOME="$work/team" "$GRID" datastore create cats --force --quiet >/dev/null
unshared=$(find team/grid -type d ! -perm 2770 -o -type f ! -perm 660)
[ -z "$unshared" ] || die "not shared: $(ls -ld $unshared)"
[ -n "$(find team/grid -type f)" ] || die 'nothing was kept there'
