# create from URLs: archives are extracted while they come, other files are kept as they are.
. "$(dirname "$0")/lib.sh"
mkdir -p www/data src/sub && cd src
echo 1 >one && echo 2 >sub/two && ln -s sub/two link && printf '#!/bin/sh\n' >run && chmod +x run
head -c 9000000 /dev/urandom >large
cd .. && tar -C src -czf www/data/Cats.tar.gz . && (cd src && zip -qry ../www/data/dogs.zip .)
printf 'a,b\n' >www/data/table.csv && touch -d '2024-05-06 07:08:10 UTC' www/data/table.csv
head -c 5000000 www/data/Cats.tar.gz >www/data/cut.tar.gz

# Python's server gives no ranges, nginx does.
/usr/bin/env python3 - www >port 2>/dev/null <<'PY' &
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
plain=$!
trap 'kill $plain $ranges 2>/dev/null || :; clean_up' EXIT
ranges=
while [ ! -s port ]; do sleep 0.05; done
plain_url=http://127.0.0.1:$(cat port)/data
export GRID_STALL_TIMEOUT=5 no_proxy=127.0.0.1

grid datastore create "$plain_url/Cats.tar.gz" --quiet >/dev/null
grid datastore get cats out.cats >/dev/null
diff -r --no-dereference src out.cats && [ -x out.cats/run ] || die "the content of cats"
equal "$(grid datastore show cats -o json | grep -o '"source": *"[^"]*"')" "\"source\": \"$plain_url/Cats.tar.gz\""
grid datastore create "$plain_url/Cats.tar.gz" --no-extract --name kept --quiet >/dev/null
grid datastore cat kept Cats.tar.gz | cmp - www/data/Cats.tar.gz
grid datastore create "$plain_url/table.csv?key=secret#part" --quiet >/dev/null
equal "$(grid datastore cat table.csv table.csv)" "a,b"
grid datastore show table.csv -o json | grep -q secret && die "the query was recorded"
grid datastore get table.csv out.table >/dev/null
equal "$(stat -c %Y out.table/table.csv)" "$(date -d '2024-05-06 07:08:10 UTC' +%s)"
grid datastore create --name both --source "dogs=$plain_url/Cats.tar.gz" --source src --quiet >/dev/null
equal "$(grid datastore cat both dogs/one)$(grid datastore cat both one)" 11
fails 1 grid datastore create "$plain_url/dogs.zip"
says 'is a zip, which is read by the directory at its end'
fails 1 grid datastore create "$plain_url/cut.tar.gz" --name cut
says 'cut.tar.gz: ./large: the archive is damaged or truncated'
fails 1 grid datastore create "$plain_url/missing.csv"
fails 2 grid datastore create "${plain_url%/data}"
says 'no name for a datastore can be taken'
command -v nginx >/dev/null || skip "there is no nginx: ranges were not tried"

port=$(/usr/bin/env python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >nginx.conf <<CONF
daemon off; pid $work/nginx.pid; error_log $work/nginx.err;
events {}
http { access_log $work/nginx.log; client_body_temp_path $work/t1; proxy_temp_path $work/t2;
  fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
  server { listen 127.0.0.1:$port; root $work/www; } }
CONF
nginx -c "$work/nginx.conf" -p "$work" 2>/dev/null &
ranges=$!
chmod 755 "$work"
tries=0
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
  tries=$((tries + 1)) && [ $tries -lt 200 ] || die "nginx: $(cat nginx.err)"
  sleep 0.05
done
grid datastore create "http://127.0.0.1:$port/data/dogs.zip" --quiet >/dev/null
grid datastore get dogs out.dogs >/dev/null
diff -r --no-dereference src out.dogs && [ -x out.dogs/run ] || die "the content of dogs"
grep -q ' 206 ' nginx.log || die "no range was asked for"
