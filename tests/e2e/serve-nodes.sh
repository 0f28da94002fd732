# Ten machines mount the store of one server at once, through nginx with TLS in front of it, as
# docs/http-api.md configures it. The server is killed and started again while they read.
. "$(dirname "$0")/lib.sh"
. "$here/../support/ports.sh"
[ "$(id -u)" = 0 ] || skip "network namespaces take root"
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip '/dev/fuse cannot be opened'
for program in ip nsenter nginx openssl; do
  command -v $program >/dev/null || skip "$program is not installed: scripts/install-deps test"
done
nodes=10
net=$((($$ % 200) + 20))
spaces=$(seq -f "gridN%g-$$" $nodes)
pid='' proxy=''
end() {
  for n in $(seq $nodes); do umount -l "$work/n$n/m" 2>/dev/null || :; done
  kill $pid $proxy 2>/dev/null || :
  for space in $spaces; do ip netns del "$space" 2>/dev/null || :; done
  clean_up
}
trap end EXIT
names= listens=
port=$(free_port)
for n in $(seq $nodes); do
  space=gridN$n-$$
  ip netns add "$space" 2>err || skip "no network namespaces: $(cat err)"
  ip link add "gN$n-$$" type veth peer name eth0 netns "$space" 2>err || skip "no veth: $(cat err)"
  ip addr add "10.$net.$n.1/24" dev "gN$n-$$" && ip link set "gN$n-$$" up
  ip -n "$space" addr add "10.$net.$n.2/24" dev eth0
  ip -n "$space" link set eth0 up && ip -n "$space" link set lo up
  names="$names,IP:10.$net.$n.1" listens="$listens listen 10.$net.$n.1:$port ssl;"
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key -out crt -days 2 \
  -subj /CN=grid -addext "subjectAltName=${names#,}" 2>err || die "$(cat err)"

mkdir -p cats/breeds
for i in $(seq 1 200); do seq 1 "$i" >"cats/breeds/$i"; done
head -c 20000000 /dev/urandom >cats/big
grid datastore create cats -q >/dev/null
inner=$(free_port)
start() {
  : >served
  "$GRID" serve --listen "127.0.0.1:$inner" --behind-proxy 127.0.0.1 -o json >served 2>messages & pid=$!
  until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
}
export GRID_STORE=$work/store
token=$(grid token create --role writer -q)
start
cat >nginx.conf <<C
daemon off; pid $work/nginx.pid; error_log $work/nginx.err; worker_processes 2;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path $work/t1; proxy_temp_path $work/t2;
  fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
  upstream grid { server 127.0.0.1:$inner; keepalive 32; }
  server {
    $listens
    ssl_certificate $work/crt; ssl_certificate_key $work/key;
    client_max_body_size 0;
    location / {
      proxy_pass http://grid;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$remote_addr;
      proxy_set_header X-Forwarded-Proto \$scheme;
      proxy_buffering off;
      proxy_request_buffering off;
    }
  }
}
C
nginx -c "$work/nginx.conf" -p "$work" 2>nginx.out & proxy=$!
until curl -s --cacert crt -o /dev/null "https://10.$net.1.1:$port/healthz"; do
  kill -0 $proxy || die "nginx: $(cat nginx.out nginx.err)"; sleep 0.05
done

at() { # NODE COMMAND…
  local n=$1; shift
  nsenter --net="/run/netns/gridN$n-$$" env -u XDG_CONFIG_HOME XDG_CACHE_HOME="$work/n$n/cache" \
    XDG_STATE_HOME="$work/n$n/state" GRID_STORE="https://10.$net.$n.1:$port" GRID_TOKEN="$token" \
    SSL_CERT_FILE="$work/crt" "$@"
}
waiting=
for n in $(seq $nodes); do
  mkdir -p "n$n/m"
  at "$n" "$GRID" mount -q "n$n/m" 2>"n$n/err" & waiting="$waiting $!"
done
for one in $waiting; do wait "$one" || die "a mount: $(cat n*/err)"; done
waiting=
for n in $(seq $nodes); do
  { diff -r cats/breeds "n$n/m/cats/1/breeds" && cmp cats/big "n$n/m/cats/1/big"; } >"n$n/differs" 2>&1 &
  waiting="$waiting $!"
done
sleep 0.3 && kill -9 $pid && sleep 1 && start
for one in $waiting; do wait "$one" || die "a reader: $(cat n*/differs)"; done

# A node makes a version, and all see it.
cp -r cats dogs && echo new >dogs/new
at 3 "$GRID" datastore create dogs -q >out 2>err || die "$(cat err)"
for n in $(seq $nodes); do
  for attempt in $(seq 100); do [ -e "n$n/m/dogs/1/new" ] && break; sleep 0.1; done
  equal "$(cat "n$n/m/dogs/1/new")" new
done
grid datastore verify -q >out || die "$(cat out)"
# Events come through without delay.
curl -sN --max-time 2 --cacert crt -H "Authorization: Bearer $token" "https://10.$net.1.1:$port/api/v1/events" >events || :
grep -q '^event: ready' events
for n in $(seq $nodes); do at "$n" "$GRID" unmount "n$n/m" || die "unmount of node $n"; done
kill $pid && wait $pid || die "status $? after SIGTERM: $(cat messages)"
