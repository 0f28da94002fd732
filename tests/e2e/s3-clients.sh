# Common S3 clients see sane objects in a store, and a bucket filled by any of them is a source.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
mkdir -p data/sub\ folder && seq 1000 >data/numbers && head -c 20000000 /dev/urandom >data/large
printf 'é+&' >'data/sub folder/é +&.txt'
grid --store s3://stores/team datastore create data --quiet >/dev/null

cat >s3cfg <<C
[default]
access_key = OWNERKEY
secret_key = ownersecret
host_base = 127.0.0.1:$gateway_port
host_bucket = 127.0.0.1:$gateway_port
use_https = False
signature_v2 = False
C
# Debian's: another program of that name may come first in the PATH.
aws() { /usr/bin/aws --endpoint-url "$endpoint" "$@"; }
s3cmd() { /usr/bin/s3cmd -c s3cfg "$@"; }
rclone() { /usr/bin/rclone --config /dev/null --s3-provider Ceph --s3-endpoint "$endpoint" --s3-env-auth "$@"; }

see_aws() { aws s3 cp --quiet "s3://stores/$1" "$2"; }
see_s3cmd() { s3cmd -q get --force "s3://stores/$1" "$2"; }
see_rclone() { rclone copyto ":s3:stores/$1" "$2"; }
list_aws() { aws s3 ls --recursive s3://stores | awk '{ print $4, $3 }'; }
list_s3cmd() { s3cmd ls -r s3://stores | awk '{ print substr($4, 13), $3 }'; }
list_rclone() { rclone lsf -R --files-only --format ps --separator ' ' :s3:stores; }
fill_aws() { aws s3 cp --quiet --recursive data "s3://$1/"; }
fill_s3cmd() { s3cmd -q sync data/ "s3://$1/"; }
fill_rclone() { rclone copy data ":s3:$1"; }

tried=0
for client in aws rclone s3cmd; do
  if [ ! -x "/usr/bin/$client" ]; then
    echo "SKIPPED: $client is not installed: scripts/install-deps test"
    continue
  fi
  tried=$((tried + 1))
  # All see the same keys and sizes, and unchanged objects: a pack's data holds large byte for byte.
  list_$client | LC_ALL=C sort >"list-$client"
  [ "$(grep -c . "list-$client")" -ge 4 ] || die "$client sees $(cat "list-$client")"
  cmp "list-$client" "$(ls list-* | head -1)" || die "$client sees something else"
  see_$client team/store.json marker && grep -q '"grid": "store"' marker || die "$client: no marker"
  see_$client team/datastores/data/versions/1 record && grep -q '"grid": "version"' record || die "$client: no record"
  pack=$(sort -k2 -n "list-$client" | tail -1 | cut -d' ' -f1)
  see_$client "$pack" pack
  equal "$(stat -c %s pack)" "$(sort -k2 -n "list-$client" | tail -1 | cut -d' ' -f2)"
  # And the other way round.
  make_bucket "filled-$client"
  fill_$client "filled-$client"
  grid datastore create "s3://filled-$client/" --name "$client" --quiet >/dev/null
  grid datastore get "$client" "copy-$client" --quiet
  diff -r data "copy-$client" || die "$client"
  rm -rf "copy-$client"
done
[ "$tried" -gt 0 ] || skip "none of aws, rclone and s3cmd is installed"
echo "$tried clients"
