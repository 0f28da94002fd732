# Whatever happens to a mount: nothing hangs, nothing stays mounted, and nothing of another store is
# shown.
. "$(dirname "$0")/lib.sh"
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip '/dev/fuse cannot be opened'
mkdir cats m && echo meow >cats/a && grid datastore create cats -q >out
"$GRID" mount -q m 2>err || skip "$(cat err)"
grid unmount m
mounted() { grep -c " $1 fuse.grid " /proc/self/mounts || :; }
server_of() { grid datastore show cats | sed -n "s|.*mount $1 (process \([0-9]*\)).*|\1|p"; }
gone() { # PROCESS
  for attempt in $(seq 200); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.02; done
  die "process $1 lives"
}

# Not over its own store, nor above it, nor in it; nor where its cache and its state are.
ln -s store link && mkdir other && ln -s ../store other/far
for own in store . link store/packs other/far state/grid cache "$HOME/.."; do
  fails 2 timeout -s KILL 10 "$GRID" mount $own
  says 'from grid itself'
done
fails 2 timeout -s KILL 10 "$GRID" --store other/far mount other
says 'from grid itself'
(export HOME="$work/home" GRID_STORE= XDG_DATA_HOME=
 grid datastore create cats -q >out
 fails 2 timeout -s KILL 10 "$GRID" mount ~
 says "$HOME/.local/share/grid")
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  mkdir bound inner
  unshare -m sh -c 'mount --bind store/.. bound && mount --bind store inner
    for own in bound inner bound/store; do
      ! timeout -s KILL 10 "$0" mount $own 2>err || exit 1
      grep -q "from grid itself" err || exit 1
    done' "$GRID" || die "through a bind mount: $(cat err)"
fi
equal "$(mounted "$work.*")" 0

# One mount at a folder, by whatever name.
ln -s m by-link
grid mount by-link 2>err
grep -q "^mounted at $work/m; " err || die "$(cat err)"
for name in m by-link ./m/; do
  fails 1 grid mount $name
  says "mounted at $work/m already, by process"
done
grid unmount by-link
equal "$(mounted "$work/m")" 0
grid mount -q m && grid unmount by-link && equal "$(ls m)" ''

# The folder above is renamed: a signal and `unmount` still end the mount.
for end in TERM KILL unmount; do
  mkdir -p above/m && grid mount -q above/m && equal "$(cat above/m/cats/1/a)" meow  # now it is in use
  server=$(server_of "$work/above/m")
  mv above renamed
  equal "$(cat renamed/m/cats/1/a)" meow
  equal "$(server_of "$work/renamed/m")" "$server"
  mkdir -p above/m && grid mount -q above/m && grid unmount above/m
  if [ $end = unmount ]; then grid unmount renamed/m; else kill -$end "$server"; fi
  gone "$server"
  for attempt in $(seq 200); do [ "$(mounted "$work/renamed/m")" = 0 ] && break; sleep 0.02; done
  equal "$(ls renamed/m)" ''
  rm -r above renamed
done

# Another store comes to be at the same path.
grid --store theirs datastore create cats --name dogs -q >out
grid mount -q m && equal "$(ls m)" cats
mv store ours && mv theirs store && sleep 1.1
equal "$(ls m) $(cat m/cats/1/a)" 'cats meow'
grep -q "moved away from $work/store" state/grid/mounts/*-m.log || die "it is not said: $(cat state/grid/mounts/*)"
rm -rf ours && sleep 1.1
if ls m >out 2>&1; then die "of a store that is gone: $(cat out)"; fi
grep -q 'is gone' state/grid/mounts/*-m.log || die 'it is not said that it is gone'
grid unmount m
mv store theirs && grid datastore create cats -q >out
grid mount -q m && equal "$(ls m)" cats
rm -rf store/* && mv theirs/* store && sleep 1.1
if ls m >out 2>&1; then die "of another store: $(cat out)"; fi
grep -q 'is another store now' state/grid/mounts/*-m.log || die 'the other store is not named'
grid unmount m && rm -rf store theirs && grid datastore create cats -q >out

# The caller's descriptors are closed, so a lock ends with the command.
(flock 9 && grid mount -q m) 9>lock
flock -n lock true || die 'the mount keeps a lock of its caller'
grid unmount m

# Nothing of the state folder can be written: readers notice nothing, and the version is in use.
mkdir plain && : >plain/grid
XDG_STATE_HOME=$work/plain "$GRID" mount -q m 2>err || die "$(cat err)"
grep -q 'messages of the mount will be lost' err || die "$(cat err)"
equal "$(cat m/cats/1/a)" meow
fails 1 grid datastore delete cats:1 --yes
says 'cats:1 is in use by the process'
XDG_STATE_HOME=$work/plain "$GRID" unmount m
