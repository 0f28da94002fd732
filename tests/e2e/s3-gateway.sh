# The S3 gateway of grid serve, as its real clients use it: aws, rclone, s3cmd and curl.
. "$(dirname "$0")/lib.sh"
mkdir -p 'cats/sub folder/deep' cats/hollow && seq 1000 >cats/numbers && head -c 20000000 /dev/urandom >cats/large
printf 'é+&' >'cats/sub folder/é +&~*.txt' && echo dash >cats/sub-x && echo dot >cats/sub.txt && : >cats/empty
seq 5 >'cats/sub folder/deep/five' && ln -s numbers cats/to-numbers && ln -s /etc/passwd cats/out
touch -d '2001-02-03 04:05:06.789 UTC' cats/numbers
grid datastore create cats -q >/dev/null
mkdir dogs && echo dog >dogs/dog && grid datastore create dogs -q >/dev/null
echo 2 >cats/second && grid datastore create cats -q >/dev/null

"$GRID" serve --listen 127.0.0.1:0 --s3-listen 127.0.0.1:0 --s3-domain s3.example -o json >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
below=$(member served url)/s3 own=$(member served s3_url)
[ "$below" != "$own" ] || die "one address for both: $own"
grid token create --s3 --datastore 'cats*' -o json >key
AWS_ACCESS_KEY_ID=$(member key access_key_id) AWS_SECRET_ACCESS_KEY=$(member key secret_access_key)
unset AWS_CA_BUNDLE http_proxy HTTP_PROXY all_proxy ALL_PROXY
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION=mars-1 AWS_EC2_METADATA_DISABLED=true
grid token list | grep -q S3
# What the clients must make of version 1, links and empty folder included.
cp -rL cats expected 2>/dev/null || :
rm -f expected/out expected/second

# curl signs by itself.
signed() {
  curl -sS --aws-sigv4 aws:amz:r:s3 -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
signed "$own/cats/1/large" | cmp - cats/large
signed "$below/cats/latest/second" | cmp - cats/second
equal "$(signed -r 0-3 "$own/cats/1/numbers" | tr '\n' ' ')" '1 2 '
equal "$(signed -o /dev/null -w '%{http_code}' "$own/dogs/1/dog")" 404
equal "$(curl -sS -o /dev/null -w '%{http_code}' "$own/cats/1/numbers")" 403
signed -H 'Host: cats.s3.example' "$own/1/numbers" | cmp - cats/numbers
equal "$(signed -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "$own/cats/1/numbers")" 421
# A write is refused although its body never ends.
equal "$(head -c 100000000 /dev/zero | signed -o out -w '%{http_code}' -H 'Expect: 100-continue' -X PUT -T - "$own/cats/3/x")" 405
grep -q '<Code>MethodNotAllowed</Code>' out

tried=
# Debian's: another program of that name may come first in the PATH.
aws() { /usr/bin/aws --endpoint-url "$endpoint" "$@"; }
try_aws() {
  equal "$(aws s3 ls | awk '{ print $3 }')" cats
  equal "$(aws s3 ls s3://cats/ | awk '{ print $2 }' | tr '\n' ' ')" '1/ 2/ '
  equal "$(aws s3 ls s3://cats/1/ | awk '{ print $NF }' | tr '\n' ' ')" \
    'hollow/ folder/ empty large numbers sub-x sub.txt to-numbers '
  aws s3 sync --quiet s3://cats/1/ got-aws
  rm -rf got-aws/hollow && mkdir got-aws/hollow
  diff -r expected got-aws
  equal "$(aws s3 cp s3://cats/latest/second -)" 2
  # In pages, by both protocols.
  aws s3api list-objects-v2 --bucket cats --query 'Contents[].Key' --output text | tr '\t' '\n' >keys
  LC_ALL=C sort -c keys
  for list in list-objects list-objects-v2; do
    aws s3api $list --bucket cats --page-size 3 --query 'Contents[].Key' --output text | tr '\t' '\n' | grep -v '^None$' | cmp - keys
  done
  aws s3api head-bucket --bucket cats
  equal "$(aws s3api get-bucket-location --bucket cats --output text)" None
  url=$(aws s3 presign s3://cats/1/numbers --expires-in 100)
  curl -sS "$url" | cmp - cats/numbers
  equal "$(curl -sS -o /dev/null -w '%{http_code}' -I "$url")" 403  # signed for GET alone
  fails 1 aws s3 cp cats/numbers s3://cats/3/x && says MethodNotAllowed
  fails 1 aws s3 rm s3://cats/1/numbers && says MethodNotAllowed
}

rclone() {
  /usr/bin/rclone --config /dev/null --retries 1 --s3-provider Other --s3-endpoint "$endpoint" --s3-env-auth "$@"
}
try_rclone() {
  equal "$(rclone lsf :s3:)" cats/
  equal "$(rclone lsf :s3:cats/1 | tr '\n' '|')" "$(cd expected && ls -p | LC_ALL=C sort | tr '\n' '|')"
  rclone copy :s3:cats/1 got-rclone
  rclone check :s3:cats/1 expected
  equal "$(stat -c %Y got-rclone/numbers)" "$(stat -c %Y cats/numbers)"
  mkdir -p got-rclone/hollow
  diff -r expected got-rclone
  equal "$(rclone cat :s3:cats/2/second)" 2
}

s3cmd() { /usr/bin/s3cmd -c s3cfg "$@"; }
try_s3cmd() {
  cat >s3cfg <<C
[default]
access_key = $AWS_ACCESS_KEY_ID
secret_key = $AWS_SECRET_ACCESS_KEY
host_base = ${endpoint#http://}
host_bucket = ${endpoint#http://}
use_https = False
C
  equal "$(s3cmd ls | awk '{ print $3 }')" s3://cats
  equal "$(s3cmd ls s3://cats/1/ | grep -c .)" 8
  mkdir got-s3cmd
  s3cmd -q sync s3://cats/1/ got-s3cmd/  # get --recursive fails at the key of an empty folder
  rm -rf got-s3cmd/hollow && mkdir got-s3cmd/hollow
  diff -r expected got-s3cmd
  s3cmd info s3://cats/1/numbers | grep -q 'File size: 3893'
}

for client in aws rclone s3cmd; do
  if [ ! -x "/usr/bin/$client" ]; then
    echo "SKIPPED: $client is not installed: scripts/install-deps test"
    continue
  fi
  endpoint=$own
  [ $client != aws ] || endpoint=$below
  try_$client
  tried="$tried $client"
done
[ -n "$tried" ] || skip "none of aws, rclone and s3cmd is installed"

grid token revoke "$(member key id)" -q
equal "$(signed -o /dev/null -w '%{http_code}' "$own/cats/1/numbers")" 403
kill $pid
wait $pid || die "status $? after SIGTERM: $(cat messages)"
echo "tried$tried"
