# Versions of a private bucket in place, by a user who may list, locate and get, and nothing else.
# Objects overwritten or deleted there are reported by name by mount, cat, get, verify and show.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket priv
put() { printf '%s' "$2" | s3 PUT "/priv/$1" -f --data-binary @- -o /dev/null; }
for n in $(seq 30); do put "img/set%20a/$n.txt" "content of $n"; done
head -c 3000000 /dev/urandom >large
s3 PUT /priv/img/large -f -T large -o /dev/null
for key in img/none/ img/x//y img/up/../z img/b/c; do
  s3 PUT "/priv/$key" -f --path-as-is -o /dev/null --data-binary ''
done
put img/b both

# An object sent in two parts, whose ETag is not an MD5.
upload=$(s3 POST '/priv/img/parts?uploads=' -f | sed 's/.*<UploadId>\(.*\)<.UploadId>.*/\1/')
head -c 6000000 /dev/urandom >part1 && head -c 1000 /dev/urandom >part2
for n in 1 2; do
  s3 PUT "/priv/img/parts?partNumber=$n&uploadId=$upload" -f -D headers -o /dev/null -T "part$n"
  etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *\(.*[^\r]\)\r*$/\1/p' headers)
  parts="${parts:-}<Part><PartNumber>$n</PartNumber><ETag>$etag</ETag></Part>"
done
s3 POST "/priv/img/parts?uploadId=$upload" -f -o /dev/null -d "<CompleteMultipartUpload>$parts</CompleteMultipartUpload>"
cat part1 part2 >parts

radosgw_admin user create --uid=reader --display-name=reader --max-buckets=-1 --access-key=READERKEY --secret-key=readersecret >/dev/null
cat >policy <<P
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/reader"]},"Action":["s3:ListBucket","s3:GetBucketLocation","s3:GetObject"],"Resource":["arn:aws:s3:::priv","arn:aws:s3:::priv/*"]}]}
P
s3 PUT '/priv?policy=' -f --data-binary @policy -o /dev/null
export AWS_ACCESS_KEY_ID=READERKEY AWS_SECRET_ACCESS_KEY=readersecret

# The listing alone makes the version.
grid datastore create s3://priv/img/ --name cats --no-copy >out 2>err || die "$(cat err)"
grep -q '^cats:1  33 files' out && grep -q 'in place, none read' out || die "$(cat out err)"
for said in 'b: is an object, and a folder of other objects' 'x//y: its key has an empty name' 'up/../z: its key has the name . or ..'; do
  grep -qF "$said" err || die "not said: $said: $(cat err)"
done
grid datastore create s3://priv/img --name cats --no-copy 2>/dev/null | grep -q 'same as cats:1' || die "not the same"

# Reading, everywhere.
grid datastore cat cats:1 large | cmp - large
grid datastore get cats:1 copy --quiet
cmp copy/large large
cmp copy/parts parts
equal "$(cat copy/set*/7.txt)" 'content of 7'
mkdir mnt && grid mount mnt --quiet
equal "$(cat 'mnt/cats/1/set a/9.txt')" 'content of 9'
cmp mnt/cats/1/large large
[ -d mnt/cats/1/none ] || die 'no empty folder'
grid cache | grep -q '^in-place' || die "not cached: $(grid cache)"

# In a run too, where runs can have mounts.
if grid run -q true 2>/dev/null; then
  equal "$(grid run -q -- cat '/datastores/cats/1/set a/5.txt')" 'content of 5'
fi

# What was read is in the cache and checked: it can be read without the bucket.
radosgw_kill
GRID_STALL_TIMEOUT=1 grid datastore cat cats:1 large | cmp - large
radosgw_serve

grid datastore verify >out || die "$(cat out)"
grep -q '33 files in place compared by size and ETag .*: none has drifted' out || die "$(cat out)"
grid datastore show cats:1 | grep -q 'In place: 33 files (9.0 MB) in a bucket' || die 'no warning'
grid datastore show cats:1 | grep -q 'drifted: none known (compared' || die 'not compared'

# Another object at a key, or none: an I/O error, and one line that names the key and the version.
put 'img/set%20a/9.txt' 'CONTENT OF 9'
put 'img/set%20a/11.txt' 'longer than before'
s3 DELETE '/priv/img/set%20a/12.txt' -f
grid unmount mnt --quiet
grid cache clear --quiet
grid mount --foreground mnt 2>log &
until [ -e mnt/cats ]; do sleep 0.05; done
for n in 9 11 12; do
  for _ in 1 2; do fails 1 cat "mnt/cats/1/set a/$n.txt"; says 'Input/output error'; done
  equal "$(grep -c "cats:1: set a/$n.txt: s3://priv/img/set a/$n.txt is" log)" 1
  fails 1 grid datastore cat cats:1 "set a/$n.txt"
  says "cats:1: set a/$n.txt: s3://priv/img/set a/$n.txt is"
done
equal "$(cat 'mnt/cats/1/set a/10.txt')" 'content of 10'
fails 1 grid datastore get cats:1 drifted --quiet
says 'set a/'
grid unmount mnt --quiet

grid datastore show cats:1 | grep -q 'drifted: 3 files' || die "what readers met is not shown"
rm -r cache
fails 1 grid datastore verify cats:1
equal "$(grep -c '^drifted  cats:1: set a/' "$work/out")" 3
grep -qF 'set a/12.txt: s3://priv/img/set a/12.txt is gone' "$work/out" || die "$(cat out)"
grid datastore show cats:1 | grep -q 'drifted: 3 files (compared' || die "verify's findings are not shown"

# A new listing makes the next version; diff shows the differences.
grid datastore create s3://priv/img/ --name cats --no-copy 2>/dev/null | grep -q '^cats:2  32 files' || die 'no cats:2'
grid datastore diff cats:1 cats:2 >out
grep -qF -- '- set a/12.txt' out && grep -qF '~ set a/11.txt' out && grep -qF '~ set a/9.txt' out || die "$(cat out)"
grep -q '0 added, 1 removed, 2 changed, 0 renamed' out || die "$(cat out)"
equal "$(grid datastore cat cats:2 'set a/9.txt')" 'CONTENT OF 9'

# Deleting a version leaves the bucket alone.
grid datastore delete cats:2 --yes --quiet
s3 GET '/priv/img/set%20a/9.txt' -f | grep -q 'CONTENT OF 9'

fails 2 grid datastore create ./copy --no-copy
says 'the source must be s3://BUCKET/PREFIX'

# A copy of a version in place: refused, naming the objects that drifted, unless they may be left out.
fails 1 grid datastore create cats:1 --name cats
says 'set a/12.txt: s3://priv/img/set a/12.txt is gone'
says 'set a/9.txt: s3://priv/img/set a/9.txt is no longer the object of 12 bytes'
says '3 files or folders could not be kept'
grid datastore create cats:1 --name cats --allow-partial >out 2>err || die "$(cat err)"
grep -q '^cats:3  30 files' out || die "$(cat out)"
grid datastore create s3://priv/img/ --name now --no-copy --quiet >/dev/null 2>&1
grid datastore create now:1 2>err | grep -q '^now:2  32 files' || die "$(cat err)"
grid datastore create now:2 | grep -q 'same as now:2' || die 'a copy of a copy differs'
grid datastore diff now:1 now:2 | tail -1 | grep -q ' 0 changed' || die "$(grid datastore diff now:1 now:2)"
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$GRID" datastore cat now:2 large | cmp - large
grid datastore create s3://priv/img/ --name copied --quiet >/dev/null 2>&1
equal "$(grid datastore show copied:1 | grep root)" "$(grid datastore show now:2 | grep root)"
fails 1 grid datastore create now:9
says 'now:9'
fails 2 grid datastore create now:1 --exclude large
says 'copied as it is'

# Both in one version.
mkdir more && echo owned >more/owned
grid datastore create more --name mixed --quiet >/dev/null
grid datastore create --base mixed:1 --add 'img=s3://priv/img/set a/' --no-copy --quiet >/dev/null
equal "$(grid datastore cat mixed:2 owned) $(grid datastore cat mixed:2 img/3.txt)" 'owned content of 3'
grid datastore verify mixed >out || die "$(cat out)"
grep -q '29 files in place compared' out || die "$(cat out)"
