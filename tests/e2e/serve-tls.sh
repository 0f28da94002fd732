# grid serve beyond this machine: with a certificate of its own, which may be renewed while it runs,
# and behind a proxy; never without tokens.
. "$(dirname "$0")/lib.sh"
trap 'kill $pid 2>/dev/null || :; clean_up' EXIT
mkdir cats && head -c 9000000 /dev/urandom >cats/big
grid datastore create cats -q >/dev/null
certify() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
certify first
certify second
fails 2 grid serve --listen 0.0.0.0:0 --tls-cert first.crt --tls-key first.key && says 'nobody has a token'
token=$(grid token create -q)
fails 2 grid serve --tls-cert first.crt --tls-key second.key && says 'not that of the certificate'
fails 1 grid serve --tls-cert absent --tls-key first.key && says 'absent'

start() { # OPTIONS…
  "$GRID" serve "$@" -o json >served 2>messages & pid=$!
  until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
  url=$(python3 -c 'import json; print(json.load(open("served"))["url"])')
  port=${url##*:}
}
stop() { kill $pid; wait $pid || die "status $?: $(cat messages)"; }
cp first.crt used.crt && cp first.key used.key
start --listen 127.0.0.1:0 --tls-cert used.crt --tls-key used.key
get() { path=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@" "https://localhost:$port$path"; }
files=/api/v1/datastores/cats/versions/1/files
get $files/big --cacert first.crt | cmp - cats/big
get $files/big --cacert first.crt --tls-max 1.2 | cmp - cats/big
equal "$(get $files/big --cacert first.crt -r 8999990- | wc -c)" 10
get $files/big --cacert second.crt >out 2>err && die "a wrong certificate was trusted"
# Old TLS, and plain HTTP at this port, get nothing; the server goes on.
curl -sS --tls-max 1.1 --cacert first.crt "https://localhost:$port/healthz" 2>err && die "TLS 1.1 was spoken"
curl -sS "http://127.0.0.1:$port/healthz" 2>err && die "plain HTTP was answered"
python3 - $port <<'P'
import socket, sys
for text in [b"", b"\x16\x03\x01", b"\x16\x03\x01\xff\xff" + b"x" * 70000, b"\0" * 5000]:
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(text)
    s.close()
P
get /healthz --cacert first.crt | grep -q ok
# The cookie of a secure connection is bound to this server.
link=$(python3 -c 'import json; print(json.load(open("served"))["link"])')
curl -sS -D head -o /dev/null --cacert first.crt "https://localhost:$port/login?${link#*\?}"
grep -qi '^set-cookie: __Host-.*; Secure' head || die "$(cat head)"
# A renewed certificate is used without a restart.
cp second.key used.key && cp second.crt used.crt
for _ in $(seq 150); do
  get /healthz --cacert second.crt 2>/dev/null | grep -q ok && break
  sleep 0.1
done
get /healthz --cacert second.crt | grep -q ok
stop

# Behind a proxy: its word is believed, and at an address that others reach nobody else is answered.
start --listen 127.0.0.1:0 --behind-proxy 127.0.0.1
link=$(python3 -c 'import json; print(json.load(open("served"))["link"])')
curl -sS -D head -o /dev/null -H 'X-Forwarded-Proto: https' "$link"
grep -qi '^set-cookie: __Host-' head || die "$(cat head)"
stop
start --listen 0.0.0.0:0 --behind-proxy 127.0.0.2
equal "$(curl -sS -o out -w '%{http_code}' -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/v1/datastores")" 403
grep -q 'its proxy only' out
equal "$(curl -sS -o out -w '%{http_code}' --interface 127.0.0.2 -H "Authorization: Bearer $token" "http://127.0.0.1:$port/api/v1/datastores")" 200
stop
