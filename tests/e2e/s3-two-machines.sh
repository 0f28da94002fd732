# Two machines share one bucket, each with its own network and its own cache.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
[ "$(id -u)" = 0 ] || skip "network namespaces take root"
command -v ip >/dev/null || skip "ip is not installed: scripts/install-deps test"
net=$((($$ % 200) + 20))
spaces="gridA$$ gridB$$"
relay=
end() {
  [ -z "$relay" ] || kill "$relay" 2>/dev/null || :
  for space in $spaces; do ip netns del "$space" 2>/dev/null || :; done
  ceph_stop
  clean_up
}
radosgw_start
trap end EXIT
n=0
for space in $spaces; do
  n=$((n + 1))
  ip netns add "$space" 2>err || skip "no network namespaces: $(cat err)"
  ip link add "grid$n-$$" type veth peer name eth0 netns "$space" 2>err || skip "no veth: $(cat err)"
  ip addr add "10.$net.$n.1/24" dev "grid$n-$$" && ip link set "grid$n-$$" up
  ip -n "$space" addr add "10.$net.$n.2/24" dev eth0
  ip -n "$space" link set eth0 up && ip -n "$space" link set lo up
done
use_owner
make_bucket stores
# The server listens on loopback alone; this brings the two networks to it.
port=$(free_port)
/usr/bin/python3 - "$port" "$gateway_port" "10.$net.1.1" "10.$net.2.1" <<'P' &
import socket, sys, threading
port, target = int(sys.argv[1]), int(sys.argv[2])
def pump(source, sink):
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def listen(address):
    listener = socket.create_server((address, port))
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", target))
        for pair in ((client, server), (server, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()
threads = [threading.Thread(target=listen, args=(a,)) for a in sys.argv[3:]]
for thread in threads: thread.start()
P
relay=$!
machine() { # N COMMAND…
  m=$1
  shift
  ip netns exec "$(echo "$spaces" | cut -d' ' -f"$m")" env AWS_ENDPOINT_URL="http://10.$net.$m.1:$port" \
    XDG_CACHE_HOME="$work/cache-$m" XDG_STATE_HOME="$work/state-$m" "$GRID" --store s3://stores/team "$@"
}
fetched() { machine "$1" cache -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["bytes_fetched"])'; }
mkdir cats && head -c 8000000 /dev/urandom >cats/large && seq 10000 >cats/numbers
for _ in $(seq 50); do curl -s --noproxy '*' -o /dev/null "http://10.$net.1.1:$port/" && break; sleep 0.1; done

machine 1 datastore create cats --quiet >/dev/null
machine 2 datastore get cats one --quiet
equal "$(listing cats)" "$(listing one)"
echo more >cats/more
machine 2 datastore create cats --quiet >/dev/null
equal "$(machine 1 datastore cat cats more)" more

# Each has its own cache: both fetch the same blocks, and neither fetches one twice.
[ "$(fetched 2)" -ge 8000000 ] || die "machine 2 fetched $(fetched 2)"
machine 1 datastore get cats:1 two --quiet
first=$(fetched 1)
[ "$first" -ge 8000000 ] && [ "$first" -lt 9500000 ] || die "machine 1 fetched $first"
rm -r two && machine 1 datastore get cats:1 two --quiet
equal "$(fetched 1)" "$first"

# Both publish at once.
mkdir a b && echo a >a/file && echo b >b/file
machine 1 datastore create a --name both --quiet >/dev/null &
other=$!
machine 2 datastore create b --name both --quiet >/dev/null
wait "$other"
for m in 1 2; do
  equal "$( (machine $m datastore cat both:1 file; machine $m datastore cat both:2 file) | sort | tr '\n' ' ')" 'a b '
done
# A version deleted by one is deleted for the other, which may rely for a minute on what it has heard.
machine 1 datastore delete cats:1 --yes --quiet
export GRID_RECHECK=0
fails 1 machine 2 datastore cat cats:1 numbers
says 'cats:1 is deleted'
