# grid serve over real sockets: files and lists for tokens, the link for a browser, clients that
# send nonsense or nothing, and an end by SIGTERM.
. "$(dirname "$0")/lib.sh"
mkdir cats && seq 1 200000 >cats/numbers && head -c 9000000 /dev/urandom >cats/big && echo a >'cats/a b'
grid datastore create cats -q >/dev/null
fails 2 grid serve --listen nowhere:1 && says 'nowhere'
fails 2 grid serve --listen 127.0.0.1:99999 && says 'port'
fails 2 grid serve --listen 0.0.0.0:0 && says '--tls-cert'
fails 2 grid serve --tls-cert x && says 'go together'
fails 2 grid serve --behind-proxy localhost && says 'IP address'
fails 2 grid serve --socket here --listen 9000 && says 'do not go together'
fails 1 grid serve --socket cats && says 'something else is there'
grid serve --print-openapi | python3 -c 'import json, sys; assert json.load(sys.stdin)["paths"]'

"$GRID" serve --listen 127.0.0.1:0 --host grid.example -o json >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
member() { python3 -c 'import json, sys; print(json.load(open("served"))[sys.argv[1]])' "$1"; }
url=$(member url) link=$(member link)
token=$(grid token create -q)
get() { path=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@" "$url$path"; }
files=/api/v1/datastores/cats/versions/1/files

get $files/big | cmp - cats/big
get $files/a%20b | cmp - 'cats/a b'
equal "$(get $files/numbers -r 0-3 | tr '\n' ' ')" '1 2 '
equal "$(get $files/numbers -o /dev/null -w '%{http_code} %{size_download}' -I)" '200 0'
equal "$(get $files/numbers -o /dev/null -w '%{http_code}' -H 'If-None-Match: *')" 304
get '/api/v1/datastores/cats/versions/1/entries?sort=size&order=descending&count=1' | grep -q '"big"'
# A port that is in use says so, and who is unknown is not let in.
fails 1 grid serve --listen "${url#http://}" && says 'in use'
equal "$(curl -sS -o /dev/null -w '%{http_code}' "$url/api/v1/datastores")" 401
equal "$(get /api/v1/datastores -o /dev/null -w '%{http_code}' -H 'Host: evil.example')" 421
equal "$(get /api/v1/datastores -o /dev/null -w '%{http_code}' -H 'Host: grid.example')" 200
equal "$(curl -sS -L -c jar -b jar -o /dev/null -w '%{http_code}' "$link")" 200
curl -sS -b jar "$url/api/v1/datastores" | grep -q '"cats"'
equal "$(curl -sS -o /dev/null -w '%{http_code}' "$link")" 403
equal "$(head -c 3000000 /dev/zero | get /api/v1/datastores/cats/description -o /dev/null -w '%{http_code}' -T -)" 403
grid token revoke "$(grid token list -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0]["id"])')" -q
equal "$(get /api/v1/datastores -o /dev/null -w '%{http_code}')" 401

# What is no HTTP, and what could be two requests for those before and behind a proxy.
python3 - "${url#http://}" <<'P'
import socket, sys
host, port = sys.argv[1].split(":")
def send(text, wait=True):
    s = socket.create_connection((host, int(port)), timeout=10)
    try:
        s.sendall(text)
        return s.recv(4096).split(b"\r\n")[0] if wait else s
    except ConnectionError:
        return b""
head = b"Host: localhost\r\n"
cases = {
    b"nonsense\r\n\r\n": (b"400",),
    b"GET / HTTP/9.9\r\n\r\n": (b"400",),
    b"GET /\x00 HTTP/1.1\r\n" + head + b"\r\n": (b"400",),
    b"GET / HTTP/1.1\r\n" + head + b"X: " + b"x" * 100000 + b"\r\n\r\n": (b"431",),
    b"GET / HTTP/1.1\r\n" + head + head + b"\r\n": (b"421", b"400"),
    b"GET / HTTP/1.1\r\n\r\n": (b"421",),
    b"PUT / HTTP/1.1\r\n" + head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab": (b"400",),
    b"PUT / HTTP/1.1\r\n" + head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":
        (b"400",),
    b"PUT / HTTP/1.1\r\n" + head + b"Content-Length: -1\r\n\r\n": (b"400",),
    b"GET /healthz HTTP/1.0\r\n" + head + b"\r\n": (b"200",),
    b"GET http://evil.example/healthz HTTP/1.1\r\n" + head + b"\r\n": (b"400", b"404"),
}
for text, allowed in cases.items():
    got = send(text)
    assert any(b" " + status in got for status in allowed), (text[:60], got, allowed)
# Clients that send nothing, or half a request, hold nobody up.
idle = [send(b"GET /healthz HT" if i % 2 else b"", wait=False) for i in range(300)]
assert b"200" in send(b"GET /healthz HTTP/1.1\r\n" + head + b"\r\n")
# Two requests in one piece get two answers.
s = send(b"GET /healthz HTTP/1.1\r\n" + head + b"\r\nGET /healthz HTTP/1.1\r\n" + head
         + b"Connection: close\r\n\r\n", wait=False)
answer = b""
while piece := s.recv(65536):
    answer += piece
assert answer.count(b"HTTP/1.1 200") == 2, answer
P
kill -0 $pid || die "the server has ended: $(cat messages)"
# An answer under way is finished after SIGTERM, and then the server ends.
token=$(grid token create -q)
get $files/big --limit-rate 5M -o slow & slow=$!
sleep 0.3
kill $pid
wait $slow
cmp slow cats/big
wait $pid || die "status $? after SIGTERM: $(cat messages)"
