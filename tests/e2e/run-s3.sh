# A run of a store in a bucket: its record says what came over the network and what the cache had.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/team
mkdir cats && head -c 20000000 /dev/urandom >cats/noise
grid datastore create cats --quiet >/dev/null
needs_run
costs() { grid status "$1" -o json | /usr/bin/python3 -c 'import json, sys; c = json.load(sys.stdin)["read_costs"]; print(*(c[k] // 1000000 for k in ("cache_hit_bytes", "cache_missed_bytes", "remote_bytes")))'; }
for name in first second; do
  grid run --explain --name $name cat /datastores/cats/1/noise >out 2>err-$name
  cmp out cats/noise
done
# 20 MB came once. Bytes on their way when a reader asks for them count as missed.
read -r hit missed remote <<EOT
$(costs first)
EOT
[ $((hit + missed)) -ge 19 ] && [ "$remote" -ge 19 ] && [ "$remote" -le 21 ] || die "first: $(costs first)"
read -r hit missed remote <<EOT
$(costs second)
EOT
[ "$hit" -ge 20 ] && [ "$missed $remote" = "0 0" ] || die "second: $(costs second)"
grep -q '100.0 %  of it was in the node' err-second || die "$(cat err-second)"
