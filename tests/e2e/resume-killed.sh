# 100 creates killed at random moments: each is continued, and under 5 % of the source is read twice.
# Slow: 200 creates of 2 GB and more; SIZE, in MB, and KILLS change that.
. "$(dirname "$0")/lib.sh"
. "$here/../support/nginx.sh"
. "$here/../support/radosgw.sh"
size=${SIZE:-2000}
mkdir folder www
head -c ${size}000000 /dev/urandom | split -b 500000 -a 5 - folder/
head -c ${size}000000 /dev/urandom >large
tar cf folder.tar folder
gzip -1 <folder.tar >www/folder.tar.gz
nginx_start
radosgw_start
trap 'kill $nginx_pid 2>/dev/null || :; ceph_stop; clean_up' EXIT
use_owner
make_bucket data
split -n 40 large part.
for part in part.*; do
  s3 PUT "/data/parts/$part" -f -T "$part" -o /dev/null
  rm "$part"
done
# The program reaches the bucket through a port that counts bytes.
counted=$(free_port)
export AWS_ENDPOINT_URL="http://127.0.0.1:$counted" no_proxy=127.0.0.1
url_port=$(free_port)
/usr/bin/python3 "$here/../support/kill_creates.py" "$GRID" "${KILLS:-100}" "${SHARE:-0.05}" \
  folder=folder large=large tar=folder.tar,--extract \
  "url@$url_port:$nginx_port=http://127.0.0.1:$url_port/folder.tar.gz" \
  "s3@$counted:$gateway_port=s3://data/parts/"
