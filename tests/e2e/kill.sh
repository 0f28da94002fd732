# kill -9 of a create at random moments: the store is as before, and a repeat works. SEED repeats a run
# of it; kill-many.sh does it more often.
. "$(dirname "$0")/lib.sh"
mkdir cats && head -c 1000000 /dev/urandom >cats/first && grid datastore create cats --quiet >/dev/null
seed=${SEED:-$$}; echo "SEED=$seed"
killed=0 round=1 rounds=${ROUNDS:-6}
while [ $round -le $rounds ]; do
  i=0; while [ $i -lt 40 ]; do
    head -c $((2000 + i * 9000)) /dev/urandom >cats/$round-$i; i=$((i + 1)); done
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  "$GRID" datastore create cats --quiet >out 2>/dev/null &
  pid=$!
  sleep "0.0$((seed / 65536 % 90 + 10))"
  kill -9 $pid 2>/dev/null && killed=$((killed + 1)) || :
  wait $pid 2>/dev/null || :
  grid datastore verify >verified 2>&1 || die "round $round: $(cat verified)"
  [ "$(grid datastore cat cats:1 first | sha256sum)" = "$(sha256sum <cats/first)" ] || die "cats:1"
  grid datastore create cats --quiet >out 2>err || die "round $round: repeat: $(cat err)"
  grid datastore cat cats "$round-39" | cmp - "cats/$round-39" || die "round $round: wrong bytes"
  rm cats/$round-*
  round=$((round + 1))
done
echo "killed $killed of $rounds before their end"
[ $killed -gt $((rounds / 5)) ] || die "too few creates were alive when they were to be killed"
