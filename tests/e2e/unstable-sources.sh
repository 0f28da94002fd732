# Entries that a version cannot keep are named; a file that changes while it is read makes no version.
. "$(dirname "$0")/lib.sh"
mkdir in && echo keep >in/keep
mkfifo in/pipe
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("in/socket")' || :
[ "$(id -u)" != 0 ] || mknod in/device c 1 3 2>/dev/null || :
grid datastore create in >out 2>err
grep -q '^in:1  1 file ' out || die "$(cat out err)"
for f in pipe socket device; do
  [ ! -e in/$f ] || grep -q "^grid: $f: is .*; left out$" err || die "$f is not named: $(cat err)"
done
grid datastore show in:1 | grep -q 'left out' || die "the version does not say so"
rm -f in/pipe in/socket in/device

# A file that grows while it is read.
head -c 60000000 /dev/urandom >in/growing
(while echo more >>in/growing; do :; done 2>/dev/null) &
writer=$!
fails 1 grid datastore create in
says growing
says 'nothing was published'
equal "$(grid datastore list -o json | grep -c '"latest": 1')" 1
grid datastore create in --allow-partial >out 2>err
kill $writer; wait $writer 2>/dev/null || :
grep -q '^grid: growing: .*; left out$' err || die "$(cat err)"
grep -q '^in:2  1 file ' out || equal "$(cat out)" "same as in:1 (use --force to make a new version)"

# Folders of grid's own change while it runs, and belong to no source.
mkdir own && echo 1 >own/file
export GRID_STORE=$work/own/store XDG_CACHE_HOME=$work/own/.cache XDG_STATE_HOME=$work/own/.state
for version in 1 2; do
  grid datastore create own --force -q >out 2>err
done
for what in 'store: is the store itself' '.cache/grid: is grid.s cache' '.state/grid: is grid.s state'; do
  grep -q "^grid: $what; left out$" err || die "no '$what': $(cat err)"
done
equal "$(grid datastore ls -R own:2 | tr '\n' ' ')" ".cache/ .state/ file "

# A file that hides its size is not taken for an empty one.
if [ -f /proc/version ] && [ ! -s /proc/version ]; then
  fails 1 grid datastore create /proc/version
  says 'version: says that it has 0 bytes, but has some'
fi
