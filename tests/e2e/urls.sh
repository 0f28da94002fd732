# create from URLs: archives are extracted while they arrive, other files are stored unchanged.
. "$(dirname "$0")/lib.sh"
. "$here/../support/nginx.sh"
mkdir -p www/data src/sub && cd src
echo 1 >one && echo 2 >sub/two && ln -s sub/two link && printf '#!/bin/sh\n' >run && chmod +x run
head -c 9000000 /dev/urandom >large
cd .. && tar -C src -czf www/data/Cats.tar.gz . && (cd src && zip -qry ../www/data/dogs.zip .)
printf 'a,b\n' >www/data/table.csv && touch -d '2024-05-06 07:08:10 UTC' www/data/table.csv
head -c 5000000 www/data/Cats.tar.gz >www/data/cut.tar.gz

# Python's server gives no ranges, nginx does. Below lying/ it says that it does.
ln -s data www/lying
/usr/bin/env python3 - www >port 2>/dev/null <<'PY' &
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        if self.path.startswith("/lying/"):
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", '"1"')
        super().end_headers()
handler = functools.partial(Handler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
PY
plain=$!
trap 'kill $plain $nginx_pid 2>/dev/null || :; clean_up' EXIT
nginx_pid=
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
lying_url=${plain_url%/data}/lying
grid datastore create "$lying_url/Cats.tar.gz" --name lying --quiet >/dev/null
grid datastore get lying out.lying --quiet
diff -r --no-dereference src out.lying || die "the content of lying"
grid datastore create "$lying_url/Cats.tar.gz" --no-extract --name lying-kept --quiet >/dev/null
grid datastore cat lying-kept Cats.tar.gz | cmp - www/data/Cats.tar.gz
fails 1 grid datastore create "$lying_url/dogs.zip"
says 'is a zip, which is read by the directory at its end'
fails 1 grid datastore create "$plain_url/dogs.zip"
says 'is a zip, which is read by the directory at its end'
fails 1 grid datastore create "$plain_url/cut.tar.gz" --name cut
says 'cut.tar.gz: ./large: the archive is damaged or truncated'

# Passwords and signatures of a URL are neither kept nor shown; the same command goes on all the same.
# What broke off is listed once some of it is stored.
mkdir big && head -c 70000000 /dev/urandom >big/large
tar cf - big | gzip -1 | head -c 60000000 >www/data/cut-later.tar.gz
secret_url=$(echo "$plain_url" | sed 's|://|://ann:pass-word@|')/cut-later.tar.gz
fails 1 grid datastore create "$secret_url?X-Amz-Date=1&X-Amz-Signature=s3cret" --name signed
fails 1 grid datastore create "$secret_url?X-Amz-Date=2&X-Amz-Signature=s3cret2" --name signed
equal "$(grid datastore list --show-incomplete -o json | grep -c '"name": *"signed"')" 1
grid datastore list --show-incomplete >shown
if grep -rE 's3cret|pass-word' "$XDG_STATE_HOME" "$XDG_CACHE_HOME" "$GRID_STORE" out err shown; then
  die "a secret was kept or shown"
fi
fails 1 grid datastore resume signed
says 'repeat its command with the whole URL'
fails 1 grid datastore create "$plain_url/missing.csv"
fails 2 grid datastore create "${plain_url%/data}"
says 'names no file: its path is empty'
fails 2 grid datastore create "$plain_url/x%2Fy.csv"
says 'names no file: the last part of its path stands for'
upper=HTTP${plain_url#http}
grid datastore create "$upper/Cats.tar.gz" --name upper --quiet >/dev/null
equal "$(grid datastore cat upper one)" 1
equal "$(grid datastore show upper -o json | grep -o '"source": *"[^"]*"')" "\"source\": \"$plain_url/Cats.tar.gz\""
nginx_start
grid datastore create "http://127.0.0.1:$nginx_port/data/dogs.zip" --quiet >/dev/null
grid datastore get dogs out.dogs >/dev/null
diff -r --no-dereference src out.dogs && [ -x out.dogs/run ] || die "the content of dogs"
grep -q ' 206 ' nginx.log || die "no range was asked for"
