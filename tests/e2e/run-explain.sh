# Where a run's read time went and how much was read for it, at its end and in its record.
. "$(dirname "$0")/lib.sh"
mkdir cats && head -c 3000000 /dev/urandom >cats/noise && seq 100000 >cats/numbers && grid datastore create cats -q >out
needs_run
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
grid run --explain --name reads cat /datastores/cats/1/noise /datastores/cats/1/numbers >out 2>err
cat cats/noise cats/numbers | cmp - out
for word in 'the kernel asked' 'waiting for the store' 'decompressing' 'comparing digests' 'bytes read from the store for each'; do
  grep -q "$word" err || die "no '$word': $(cat err)"
done
grid status reads | grep -q 'comparing digests' || die "$(grid status reads)"
grid status reads -o json >record
# Noise is stored raw, numbers compressed; chunks at the edges of requests are read twice.
equal "$(value '(read_costs["request_count"] > 3, 3000000 <= read_costs["store_bytes"] < 4500000, read_costs["unpack_ns"] > 0, read_costs["request_ns"] > read_costs["store_ns"] > 0, read_costs["remote_bytes"])' <record)" \
  "(True, True, True, True, 0)"
equal "$(value 'versions[0]["bytes_read"] >= 3588895' <record)" True
# Reads through a server that was killed count too.
grid run -q --name killed -- sh -c 'cat /datastores/cats/1/noise; kill -9 $(pgrep -x grid-serve -P $PPID); cat /datastores/cats/1/numbers' >out 2>err
cat cats/noise cats/numbers | cmp - out
grid status killed -o json | value '"%s %s" % (versions[0]["bytes_read"] >= 3588895, servers_replaced)' >got
equal "$(cat got)" "True 1"
grid run --explain true 2>err
grep -q 'the kernel requested nothing' err || die "$(cat err)"
fails 2 grid run --detach --explain true
says 'grid status RUN'
