# 10,000 reads through a mount while one request in eight meets a fault: every byte is right, and no
# read fails.
# Slow: all kinds of faults, including answers that never come.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
[ -e /dev/fuse ] || skip "there is no /dev/fuse"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/x GRID_STALL_TIMEOUT=2
seed=${SEED:-$(date +%s)}
echo "seed $seed"
/usr/bin/python3 - "$seed" <<'P'
import os, random, sys
choose = random.Random(int(sys.argv[1]))
for i in range(10000):
    os.makedirs(f"files/{i % 100}", exist_ok=True)
    with open(f"files/{i % 100}/{i}", "wb") as file:
        file.write(choose.randbytes(choose.randrange(1, 12000)))
P
grid datastore create files --quiet >/dev/null
# The cache is empty and small: most reads ask the server.
rm -rf "$XDG_CACHE_HOME"
grid cache limit 8MB --quiet
port=$(free_port)
/usr/bin/python3 "$here/../support/fault_proxy.py" "$port" "$gateway_port" "$seed" 0.125 \
  429 500 502 503 504 reset lost cut short wrong expired skew region stall >proxy.out 2>&1 &
proxy=$!
trap 'kill "$proxy" 2>/dev/null || :; ceph_stop; clean_up' EXIT
export AWS_ENDPOINT_URL=http://127.0.0.1:$port
mkdir m && grid mount m --quiet
/usr/bin/python3 - "$seed" <<'P' || die "$(tail -5 "$XDG_STATE_HOME"/grid/*.log "$XDG_STATE_HOME"/grid/*/*.log 2>/dev/null)"
import concurrent.futures, random, sys
order = list(range(10000))
random.Random(int(sys.argv[1]) + 1).shuffle(order)

def read(i):
    with open(f"m/files/1/{i % 100}/{i}", "rb") as got, open(f"files/{i % 100}/{i}", "rb") as want:
        assert got.read() == want.read(), f"file {i}"

with concurrent.futures.ThreadPoolExecutor(8) as pool:
    print(sum(1 for _ in pool.map(read, order)), "reads")
P
grid unmount m
kill "$proxy" && wait "$proxy" || :
cat proxy.out
[ "$(cut -d' ' -f4 proxy.out)" -ge 2000 ] || die "too few requests went through the faults"
[ "$(cut -d' ' -f2 proxy.out)" -ge 200 ] || die "the network was too good"
