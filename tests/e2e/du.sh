# What versions take of the store, and that deleting one frees what du and gc --explain say.
. "$(dirname "$0")/lib.sh"
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || die "$1 is not between $2 and $3"; }
fails 1 grid datastore du  # there is no store yet
mkdir cats && head -c 3000000 /dev/urandom >cats/shared
for i in 1 2 3; do head -c 5000000 /dev/urandom >cats/own; grid datastore create cats -q >/dev/null; done
mkdir dogs && cp cats/shared dogs && head -c 1000000 /dev/urandom >dogs/own
grid datastore create dogs -q >/dev/null

# Of a datastore, what others need too is not its alone.
grid datastore du -o json >out
equal "$(value '[(u["name"], u["version"], u["versions"], u["status"], u["files"]) for u in usage]' <out)" \
  "[('cats', None, 3, 'ready', 2), ('dogs', None, 1, 'ready', 2)]"
between "$(value 'usage[0]["stored_bytes"]' <out)" 18000000 18100000
between "$(value 'usage[0]["alone_bytes"]' <out)" 15000000 15100000
between "$(value 'usage[1]["alone_bytes"]' <out)" 1000000 1050000
between "$(value 'needed_bytes' <out)" 19000000 19100000
between "$(value 'pack_bytes - needed_bytes' <out)" 0 100000
equal "$(value 'interrupted_bytes' <out)" 0
grid datastore du | grep -Eq '^cats +3 +2 +8.0 MB +18.0 MB +15.0 MB +ready' || die "$(grid datastore du)"

# Of a version, neither is what the next version needs.
grid datastore du cats -o json >out
between "$(value 'usage[1]["stored_bytes"]' <out)" 8000000 8050000
between "$(value 'usage[1]["alone_bytes"]' <out)" 5000000 5050000
fails 2 grid datastore du cats:1
fails 1 grid datastore du cast
says 'cats'

grid gc --explain cats:2 -o json >said
equal "$(value '[(v["name"], v["version"], v["stored_bytes"] // 100000) for v in sharing]' <said)" \
  "[('cats', 1, 30), ('cats', 3, 30), ('dogs', 1, 30)]"
grid gc --explain cats:2 >out
grep -q '^cats:2 takes 8.0 MB in the store; 5.0 MB of it would be free if it were deleted' out || die "$(cat out)"
grep -Eq '^dogs:1 +3.0 MB +ready' out || die "$(cat out)"
fails 1 grid gc --explain cats:9
fails 1 grid gc --explain cast

# A deleted version counts until it can no longer be taken back; then its space is free, as was said.
grid datastore delete cats:2 -y -q
grid gc --explain cats:2 | grep -q 'will be free when it can no longer be taken back' || die "$(grid gc --explain cats:2)"
equal "$(grid datastore du cats -o json | value '[u["status"] for u in usage]')" "['ready', 'deleted', 'ready']"
grid datastore undelete cats:2 -q
grid datastore delete cats:2 -y -q --now
grid datastore du | grep -q '^5.0 MB more that no version needs; see' || die "$(grid datastore du)"
fails 1 grid gc --explain cats:2
grid gc --rewrite-below 99 -o json >run
freed=$(value bytes_freed <run) alone=$(value 'version["alone_bytes"]' <said)
between "$freed" $((alone - 60000)) $((alone + 60000))
