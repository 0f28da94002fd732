# A file that an ordinary user may not read is named, and no version is made without --allow-partial.
. "$(dirname "$0")/lib.sh"
mkdir in && echo a >in/a && echo b >in/b && mkdir in/closed && echo c >in/closed/c
chmod 000 in/b in/closed
fails 1 as_user "$GRID" datastore create in
says 'b: cannot open it: Permission denied'
says 'closed: Permission denied'
says 'nothing was published'
fails 1 as_user "$GRID" datastore show in:1
as_user "$GRID" datastore create in --allow-partial >out 2>err
grep -q '^in:1  1 file ' out || die "$(cat out err)"
grep -q '^grid: b: .*Permission denied; left out$' err || die "$(cat err)"
as_user "$GRID" datastore create in -x b -x closed --name whole >out 2>err
grep -q '^whole:1  1 file ' out || die "$(cat out err)"
[ ! -s err ] || die "$(cat err)"
