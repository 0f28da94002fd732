# A bucket that other programs filled is read in place: aws, rclone and s3cmd, if installed.
. "$(dirname "$0")/lib.sh"
for client in aws rclone s3cmd; do
  [ -x "/usr/bin/$client" ] && clients="${clients:-} $client"
done
[ -n "${clients:-}" ] || skip 'neither aws nor rclone nor s3cmd is in /usr/bin'
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
mkdir -p cats/sub
seq 1000 >cats/numbers
printf 'odd' >"cats/sub/é + *.txt"
head -c 20000000 /dev/urandom >cats/large # sent in parts
: >cats/sub/nothing
unset AWS_CA_BUNDLE || :

fill() { # CLIENT
  case $1 in
    aws) /usr/bin/python3 /usr/bin/aws --endpoint-url "$endpoint" s3 cp --recursive --quiet cats s3://aws/cats ;;
    rclone)
      rclone --config /dev/null copy cats ":s3,provider=Ceph,env_auth,endpoint='$endpoint':rclone/cats" \
        --s3-upload-cutoff 5Mi --s3-chunk-size 5Mi -q
      ;;
    s3cmd)
      s3cmd --config=/dev/null --access_key=OWNERKEY --secret_key=ownersecret --no-ssl \
        --host="${endpoint#http://}" --host-bucket="${endpoint#http://}" --no-progress --quiet \
        --multipart-chunk-size-mb=5 put --recursive cats/ s3://s3cmd/cats/
      ;;
  esac
}
for client in $clients; do
  make_bucket "$client"
  fill "$client" >filled 2>&1 || die "$client: $(cat filled)"
  grid datastore create "s3://$client/cats/" --name "$client" --no-copy >out 2>&1 || die "$client: $(cat out)"
  grep -q "^$client:1  4 files  20.0 MB  · in place" out || die "$client: $(cat out)"
  grid datastore get "$client:1" "copy-$client" --quiet
  diff -r cats "copy-$client" || die "$client: it is read differently"
  grid datastore verify "$client" >out || die "$client: $(cat out)"
done
