# A large file is created through a server while its client and the server are killed in turn, ten times: the version
# is right, and little is sent twice. Both live in a network namespace of their own, whose counters tell what was sent.
# Slow: it sends 5 GB; GRID_BYTES says how many else.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip "network namespaces take root"
if [ -z "${GRID_INSIDE:-}" ]; then
  unshare -n true 2>err || skip "no network namespaces: $(cat err)"
  status=0
  (cd "$here" && GRID_INSIDE=yes unshare -n sh "$here/serve-interrupted.sh") || status=$?
  exit $status
fi
ip link set lo up
bytes=${GRID_BYTES:-5000000000}
mkdir large && head -c "$bytes" /dev/urandom >large/file
start() {
  : >served
  "$GRID" serve --listen 127.0.0.1:8000 -o json >served 2>>messages & server=$!
  until [ -s served ]; do kill -0 $server || die "$(cat messages)"; sleep 0.05; done
}
mkdir tiny && echo tiny >tiny/file && grid datastore create tiny -q >/dev/null
sent() { awk '$1 == "lo:" { print $10 }' /proc/self/net/dev; }
start
GRID_TOKEN=$(grid token create --role writer -q) && export GRID_TOKEN
store=$GRID_STORE before=$(sent) client=''
begin() {
  env XDG_CACHE_HOME="$work/far/cache" XDG_STATE_HOME="$work/far/state" GRID_STORE=http://127.0.0.1:8000 \
    "$GRID" datastore create large -q >out 2>err & client=$!
}
for n in 1 2 3 4 5 6 7 8 9 10; do
  want=$((before + bytes / 12 * n))
  [ -n "$client" ] || begin
  until [ "$(sent)" -gt $want ] || ! kill -0 $client 2>/dev/null; do sleep 0.02; done
  if [ $((n % 2)) = 1 ]; then
    kill -9 $client 2>/dev/null || :
    wait $client 2>/dev/null || :
    client=
  else
    kill -9 $server || die "the server has ended: $(cat messages)"
    wait $server 2>/dev/null || :
    start
  fi
done
[ -n "$client" ] || begin
wait $client || die "the last create: $(cat err)"
total=$(($(sent) - before))
echo "sent $total bytes for $bytes: $(awk -v a=$total -v b="$bytes" 'BEGIN { printf "%.3f", a / b }')"
kill $server && wait $server || die "status $? after SIGTERM: $(cat messages)"
grid --store "$store" datastore get large:1 copy -q && cmp large/file copy/file
grid --store "$store" datastore verify -q >out || die "$(cat out)"
# A fiftieth; each kill costs what lies in the kernel's buffers, which weighs more for a smaller file.
twice=$((bytes / 50)) && [ $twice -gt 100000000 ] || twice=100000000
[ "$total" -lt $((bytes + twice)) ] || die "too much was sent twice"
