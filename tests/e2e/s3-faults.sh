# A network that loses, cuts and resets one request in ten, and a gateway that is busy, silent or
# killed, cause no wrong result.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
seed=$(date +%s)
echo "seed $seed"
# Sets $proxy, its process; $AWS_ENDPOINT_URL leads through it.
start_proxy() { # RATE FAULT…
  port=$(free_port)
  rate=$1
  shift
  /usr/bin/python3 "$here/../support/fault_proxy.py" "$port" "$gateway_port" "$seed" "$rate" "$@" >proxy.out 2>&1 &
  proxy=$!
  export AWS_ENDPOINT_URL=http://127.0.0.1:$port
}
# The proxy must have caused at least COUNT faults.
stop_proxy() { # COUNT
  kill "$proxy"
  wait "$proxy" || :
  cat proxy.out
  [ "$(cut -d' ' -f2 proxy.out)" -ge "$1" ] || die "the network was too good"
}
trap 'kill "$proxy" 2>/dev/null || :; ceph_stop; clean_up' EXIT
export GRID_STALL_TIMEOUT=2 GRID_STORE=s3://stores/x

start_proxy 0.1 503 500 reset lost cut
mkdir cats
for i in $(seq 10); do head -c 3000000 /dev/urandom >cats/$i; done
grid datastore create cats --quiet >/dev/null
for i in $(seq 2 6); do
  echo "$i" >cats/changed
  if [ "$i" = 4 ]; then
    radosgw_kill
    (sleep 1; radosgw_serve) &
  fi
  equal "$(grid datastore create cats | cut -d' ' -f1)" "cats:$i"
done
wait $! 2>/dev/null || :
for i in 1 2 3; do
  rm -rf copy "$XDG_CACHE_HOME"
  grid datastore get cats copy --quiet
  equal "$(listing cats)" "$(listing copy)"
done
grid datastore verify --quiet
stop_proxy 5

start_proxy 0.2 stall
equal "$(grid datastore cat cats:6 changed)" 6
rm -rf "$XDG_CACHE_HOME"
equal "$(grid datastore cat cats:5 changed)" 5
grid datastore list >/dev/null
stop_proxy 1
