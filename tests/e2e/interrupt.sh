# Ctrl-C during a create: one sentence, death by the signal, nothing published; then it continues.
. "$(dirname "$0")/lib.sh"
mkdir cats
i=0; while [ $i -lt 60 ]; do head -c 5000000 /dev/urandom >cats/$i; i=$((i + 1)); done
for signal in INT TERM; do
  export GRID_STORE=$work/store-$signal
  # A shell makes its background processes ignore SIGINT.
  env --default-signal=INT "$GRID" datastore create cats >out 2>err &
  pid=$!
  until [ -n "$(find "$GRID_STORE" -size +1M 2>/dev/null | head -1)" ]; do
    kill -0 $pid 2>/dev/null || break
    sleep 0.01
  done
  kill -s $signal $pid 2>/dev/null || die "create was over before it could be interrupted"
  status=0; wait $pid || status=$?
  [ $status -gt 128 ] || die "status $status after SIG$signal: $(cat err)"
  grep -q '^grid: interrupted: nothing was published' err || die "$(cat err)"
  fails 1 grid datastore show cats:1
done
grid datastore verify --quiet >/dev/null
grid datastore create cats >out
grep -q '^cats:1  60 files' out || die "$(cat out)"
# The repeat uses what the interrupted create stored: at most one pack per worker is stored twice.
size=$(du -sm "$GRID_STORE" | cut -f1)
[ "$size" -lt 460 ] || die "300 MB take $size MB"
grep -q 'stored 300 MB' out && die "nothing was used again: $(cat out)" || :
