# What grid serve does for others, by real sockets: creates from a URL, checks, and events that
# tell of both. A server with a name for other machines is led to none of its own neighbours.
. "$(dirname "$0")/lib.sh"
mkdir -p www cats && seq 1000 >cats/numbers && tar cf www/dogs.tar -C cats numbers
grid datastore create cats -q >/dev/null
python3 - >port 2>/dev/null <<'P' &
import http.server, os
os.chdir("www")
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[3:])
            self.end_headers()
        else:
            super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
P
web=$!
start() { # OPTION…
  : >served
  "$GRID" serve --listen 127.0.0.1:0 -o json "$@" >served 2>messages & pid=$!
  until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
  url=$(python3 -c 'import json; print(json.load(open("served"))["url"])')
}
until [ -s port ]; do sleep 0.05; done
from=http://127.0.0.1:$(cat port)
token=$(grid token create -q --role writer)
send() { path=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@" "$url$path"; }
job() { # SOURCE: makes a version of dogs, and prints the job once it is over
  id=$(send /api/v1/datastores/dogs/versions -d "{\"source\": \"$1\"}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
  for _ in $(seq 200); do
    send "/api/v1/jobs/$id" >job
    grep -q '"status": "\(queued\|running\)"' job || break
    sleep 0.05
  done
  cat job
}

start
curl -sSN -H "Authorization: Bearer $token" "$url/api/v1/events" >events & follower=$!
until grep -q 'event: ready' events; do sleep 0.05; done
job $from/to/dogs.tar | grep -q '"status": "done"' || die "$(cat job)"
grid datastore cat dogs:1 numbers | cmp - cats/numbers
job $from/none.tar | grep -q '"status": "failed", "reason": ".*404' || die "$(cat job)"
send /api/v1/store/verify -X POST | grep -q '"kind": "verify"'
for _ in $(seq 200); do grep -q 'event: version' events && break; sleep 0.05; done
grep -A1 'event: version' events | grep -q '{"name": "dogs", "version": 1}' || die "$(cat events)"
grep -q 'event: job' events
# A stream does not outlive its token, nor its server.
other=$(grid token create -q)
curl -sSN -H "Authorization: Bearer $other" "$url/api/v1/events" >more 2>/dev/null & revoked=$!
until grep -q ready more; do sleep 0.05; done
grid token revoke "$(echo "$other" | cut -d_ -f2)" -q
wait $revoked && die 'the stream of a revoked token ended as if it were whole'
began=$(date +%s); kill $pid; wait $pid || die "status $? after SIGTERM: $(cat messages)"
[ $(($(date +%s) - began)) -le 4 ] || die 'a follower held the server up'
wait $follower || :

start --host grid.example
equal "$(send /api/v1/datastores/dogs/versions -o /dev/null -w '%{http_code}' -d "{\"source\": \"$from/dogs.tar\"}")" 403
kill $pid; wait $pid || :
start --host grid.example --allow-fetch
for source in $from/dogs.tar http://localhost:$(cat port)/dogs.tar http://169.254.169.254/latest/a.tar 'http://[::1]:9/a.tar' http://2130706433:$(cat port)/dogs.tar; do
  job "$source" | grep -q '"status": "failed", "reason": ".*address' || die "$source: $(cat job)"
done
equal "$(send /api/v1/datastores/dogs/versions -o /dev/null -w '%{http_code}' -d '{"source": "/etc"}')" 400
kill $pid $web; wait $pid || :
