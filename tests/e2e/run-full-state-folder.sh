# The disk of the state folder fills up while a run lives: its end is on record all the same.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip 'a private mount needs root'
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
cat >inner.sh <<'INNER'
set -eu
die() { echo "$*" >&2; exit 1; }
mount -t tmpfs -o size=1m tmpfs "$XDG_STATE_HOME"
fill='head -c 2000000 /dev/zero >"$XDG_STATE_HOME/fill" 2>/dev/null; cat /datastores/cats/1/a'
status=0
"$GRID" run -q --name full -- sh -c "$fill; sleep 1.2; echo last; exit 3" >out 2>err || status=$?
[ "$status" = 3 ] || die "status $status: $(cat err)"
[ "$(cat out)" = "meow
last" ] || die "printed: $(cat out)"
"$GRID" status full | grep -q 'failed (status 3)' || die "$("$GRID" status full)"
[ "$(sort err | uniq -d)" = "" ] || die "said twice: $(cat err)"
rm "$XDG_STATE_HOME/fill"
"$GRID" run -q --name sweep -- sh -c "$fill; exit \$1" sh '[0, 4]' >out 2>err || :
for said in 'sweep-exp0 done' 'sweep-exp1 failed' 'sweep failed'; do
  "$GRID" status "${said% *}" | grep -q "status *${said#* }" || die "$("$GRID" status "${said% *}"): $(cat err)"
done
INNER
mkdir -p "$XDG_STATE_HOME"
unshare -m sh inner.sh || die "inside the full disk"
