# create --extract of archives in a bucket: extracted while they arrive, continued in the middle, and
# not read again when they have not changed.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket data
mkdir -p src/sub && echo 1 >src/one && echo 2 >src/sub/two && ln -s sub/two src/link && printf '#!/bin/sh\n' >src/run && chmod +x src/run
head -c 120000000 /dev/urandom | split -b 500000 -a 3 - src/sub/
tar -C src -czf Cats.tar.gz . && tar -C src -cf cats.tar . && (cd src && zip -0qry ../cats.zip .)
for archive in Cats.tar.gz cats.tar cats.zip; do
  s3 PUT "/data/archives/$archive" -f -T $archive -o /dev/null
  grid datastore create "s3://data/archives/$archive" --extract --name x --quiet >/dev/null
  grid datastore get x out --quiet && rm -f same
  diff -r --no-dereference src out && [ -x out/run ] || die "the content of $archive"
  rm -r out
done
grid datastore create s3://data/archives/cats.tar --extract --name cats --exclude sub/ --quiet >/dev/null
equal "$(grid datastore ls cats 2>/dev/null | tr '\n' ' ')" 'link one run '
grid datastore create s3://data/archives/Cats.tar.gz --quiet >/dev/null
equal "$(grid datastore ls -R cats:2)" Cats.tar.gz
grid datastore create --name both --source a=s3://data/archives/cats.tar --source b=s3://data/archives/ --extract --quiet >/dev/null
equal "$(grid datastore cat both a/one)$(grid datastore ls both:1 b | tr '\n' ' ')" '1Cats.tar.gz cats.tar cats.zip '

# Killed and repeated.
export GRID_STORE=$work/another
"$GRID" datastore create s3://data/archives/Cats.tar.gz --extract --quiet 2>/dev/null &
pid=$!
until [ -n "$(find "$GRID_STORE" -size +1M 2>/dev/null | head -1)" ]; do
  kill -0 $pid 2>/dev/null || break
done
kill -9 $pid && ! wait $pid 2>/dev/null || die "it was over before it could be killed"
grid datastore create s3://data/archives/Cats.tar.gz --extract -o json >out 2>err
[ "$(sed -n 's/.*"bytes_resumed": \([0-9]*\).*/\1/p' out)" -gt 10000000 ] || die "$(cat out)"
grid datastore get cats out.cats --quiet
diff -r --no-dereference src out.cats || die "the content of what was continued"
grid datastore create s3://data/archives/Cats.tar.gz --extract -o json >out 2>err
grep -q '"same": true' out && grep -q '"bytes_read": 0' out || die "$(cat out)"

fails 1 grid datastore create s3://data/archives/none.tar.gz --extract
says 'there is no object s3://data/archives/none.tar.gz'
fails 2 grid datastore create s3://data/archives/ --extract
says '--extract is for one archive: name its key'
fails 2 grid datastore create s3://data/archives/cats.tar --extract --no-copy
says '--extract does not go with --no-copy'
s3 PUT /data/archives/text.tar -f --data-binary @src/one -o /dev/null
fails 1 grid datastore create s3://data/archives/text.tar --extract
says 'is not an archive that can be unpacked'
