# The disk of the state folder is full, or fills up while a create keeps its notes there: the create
# goes on, says so if it could not be continued, and a repeat makes the right version.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip 'a private mount needs root'
cat >inner.sh <<'INNER'
set -eu
die() { echo "$*" >&2; exit 1; }
create() { # NAME SOURCE [OPTION]
  name=$1; shift
  "$GRID" datastore create --name "$name" "$@" --quiet -o json 2>err >out || die "$name: $(cat err)"
}
# Room for the record and for part of the checkpoint, of a member journal or of an open pack.
mount -t tmpfs -o size=300k tmpfs "$XDG_STATE_HOME"
mkdir src && head -c 80000000 /dev/urandom | split -b 20000 -a 4 - src/
tar cf src.tar src && gzip -1 -k src.tar
sleep 0.3
create folder src && [ ! -s err ] || die "said: $(cat err)"
create tar src.tar --extract && [ ! -s err ] || die "said: $(cat err)"
create packed src.tar.gz --extract && [ ! -s err ] || die "said: $(cat err)"
[ -z "$(ls "$XDG_STATE_HOME/grid/creates")" ] || die "left: $(ls "$XDG_STATE_HOME"/grid/creates/*)"
for name in folder tar packed; do
  "$GRID" datastore get $name out-$name --quiet
done
diff -r src out-folder && diff -r src out-tar/src && diff -r src out-packed/src || die 'the content'

# Killed, with notes that end where the disk was full.
export GRID_STORE=$GRID_STORE/another
"$GRID" datastore create src.tar.gz --extract --name packed --quiet >/dev/null &
pid=$!
avail() { df --output=avail "$XDG_STATE_HOME" | tail -1; }
until [ "$(avail)" -lt 50 ]; do
  kill -0 $pid 2>/dev/null || die "it was over before the disk was full: $(avail) KB"
done
kill -9 $pid && ! wait $pid 2>/dev/null || die 'it was over before it could be killed'
create packed src.tar.gz --extract
rm -r out-packed && "$GRID" datastore get packed out-packed --quiet
diff -r src out-packed/src || die 'the content of what was continued'

# Not even room for the record.
head -c 1000000 /dev/zero >"$XDG_STATE_HOME/fill" 2>/dev/null || :
create full src --force
grep -q 'No space left on device' err && [ "$(wc -l <err)" = 1 ] || die "said: $(cat err)"
INNER
mkdir -p "$GRID_STORE" "$XDG_STATE_HOME"
unshare -m sh inner.sh || die "inside the full disk"
