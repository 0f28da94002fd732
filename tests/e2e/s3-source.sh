# Versions of a bucket's objects: each object is read once, every key is accounted for.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket data
for n in $(seq 40); do
  printf 'content of %s\n' "$n" | s3 PUT "/data/images/a%20b/$n.txt" -f --data-binary @- -o /dev/null
done
head -c 70000000 /dev/urandom >large
s3 PUT /data/images/large -f -T large -o /dev/null
for key in images/ images/none/ images/a images/a/b images/x//y images/up/../z; do
  s3 PUT "/data/$key" -f --path-as-is -o /dev/null --data-binary ''
done
printf x | s3 PUT /data/images/a -f --data-binary @- -o /dev/null
printf odd | s3 PUT /data/images/%C3%A9%2B%20%2A%0A.txt -f --data-binary @- -o /dev/null

grid datastore create s3://data/images/ >out 2>err
grep -q '^images:1  43 files' out || die "$(cat out err)"
for said in 'a: is an object, and a folder of other objects' 'x//y: its key has an empty name' 'up/../z: its key has the name . or ..'; do
  grep -qF "$said" err || die "not said: $said: $(cat err)"
done
grid datastore get images:1 copy --quiet
cmp copy/large large
[ -d copy/none ] && [ -f copy/a/b ] || die "folders: $(ls copy copy/a)"
equal "$(cat copy/a*b/37.txt)" 'content of 37'
equal "$(cat "$(printf 'copy/\303\251+ *\n.txt')")" odd
equal "$(ls copy/a*b/ | wc -l)" 40
grid datastore create s3://data/images 2>/dev/null | grep -q 'same as images:1' || die "not the same"
grid datastore create s3://data/images/large --name one --quiet >/dev/null
grid datastore cat one large | cmp - large
grid datastore create s3://data/images/ --name less --exclude 'a b' --exclude large --quiet >/dev/null 2>&1
equal "$(grid datastore ls less 2>/dev/null | tr '\n' ' ' | cut -c1-8)" 'a/ none/'

fails 1 grid datastore create s3://data/absent/
says 'there is nothing at s3://data/absent/'
fails 1 grid datastore create s3://nobody/x/
says 'there is no bucket nobody'
fails 1 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$GRID" datastore create s3://data/images/
says 'no credentials were found'

# A public bucket needs no credentials.
cat >policy <<P
{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:ListBucket","s3:GetObject"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}]}
P
s3 PUT '/data?policy=' -f --data-binary @policy -o /dev/null
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$GRID" datastore create s3://data/images/a%20b/ --name none 2>/dev/null && die "a prefix is not decoded"
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$GRID" datastore create 's3://data/images/a b/' --name public --quiet >/dev/null
equal "$(grid datastore cat public 37.txt)" 'content of 37'

# Unchanged objects are not read.
printf 'another content' | s3 PUT /data/images/a%20b/37.txt -f --data-binary @- -o /dev/null
grid datastore create s3://data/images/ >out 2>err
grep -q '1 read, 42 unchanged' out || die "read again: $(cat out err)"
equal "$(grid datastore cat images 'a b/37.txt')" 'another content'
