# What a machine refuses is said in one sentence that names what helps: files that may not grow, homes
# that are missing or read-only, folders in which nothing can be made. Nothing loops, no signal ends it.
. "$(dirname "$0")/lib.sh"
mkdir large && head -c 3000000 /dev/urandom >large/file && echo small >large/small
limited() { (ulimit -f 1000; exec "$@"); } # half a megabyte
fails 1 limited "$GRID" datastore create large
says 'File too large'
grid datastore create large --quiet >/dev/null
fails 1 limited "$GRID" datastore get large copy
says 'copy is an incomplete copy'
[ ! -e copy/file ] || die 'a short file has its name'
[ -z "$(find copy -name '.grid-get-*')" ] || die "left: $(find copy)"
fails 1 sh -c 'ulimit -f 1000; exec "$GRID" datastore cat large file >out.cat'
says 'cannot write to standard output: File too large'
# Programs that grid starts get the default back: 0000…1000000 is SIGXFSZ, 25.
if "$GRID" run -q true 2>/dev/null; then
  ignored=$(grid run -q grep SigIgn /proc/self/status | cut -f2)
  [ $((0x$ignored & 0x1000000)) = 0 ] || die "a script has SIGXFSZ ignored: $ignored"
fi

# Folders that say for ever that what is made in them is missing.
for store in /proc/nope /proc/nope/deeper; do
  fails 1 timeout 20 "$GRID" --store $store datastore create large
  says "cannot make the folder $store"
done
fails 1 timeout 20 env XDG_CACHE_HOME=/proc/nope XDG_STATE_HOME=/proc/nope "$GRID" run true
says '/proc/nope'
env XDG_CACHE_HOME=/proc/nope "$GRID" datastore create large --force --quiet >/dev/null
timeout 20 env XDG_STATE_HOME=/proc/nope "$GRID" datastore create large --force 2>err >/dev/null ||
  die "$(cat err)"
grep -q 'XDG_STATE_HOME names another folder' err || die "$(cat err)"

# A home that cannot be used.
chmod 555 home
no_home() { as_user env -u XDG_DATA_HOME -u XDG_CACHE_HOME -u XDG_STATE_HOME -u GRID_STORE "$@"; }
fails 1 no_home "$GRID" datastore create large
says 'GRID_STORE names another folder'
chmod 755 home
if [ "$(id -u)" = 0 ]; then
  fails 1 setpriv --reuid=12345 --regid=12345 --clear-groups env -i "$GRID" datastore list
  says 'set HOME, or each of GRID_STORE, XDG_CACHE_HOME'
fi

# Without /proc a store can be made and read.
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || exit 0
cat >inner.sh <<'INNER'
set -eu
mount -t tmpfs tmpfs /proc
"$GRID" --store "$PWD/another" datastore create large --quiet >/dev/null
"$GRID" --store "$PWD/another" datastore cat large small >small
"$GRID" --store "$PWD/another" datastore get large whole --quiet
INNER
unshare -m sh inner.sh || die 'without /proc'
equal "$(cat small)" small
cmp whole/file large/file
