#!/bin/sh
# What a version in place of a large bucket costs: in-place.sh [COUNT]. Prints a table.
# The server answers listings at once and has no objects; see list_server.py.
set -eu
GRID=$(realpath "${GRID:-build/release/grid}")
count=${1:-1000000}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/grid-in-place.XXXXXX")
cd "$work"
/usr/bin/python3 "$here/list_server.py" "$count" >port &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
while [ ! -s port ]; do sleep 0.1; done
export AWS_ENDPOINT_URL="http://127.0.0.1:$(cat port)" AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret \
  AWS_EC2_METADATA_DISABLED=true GRID_STORE="$work/store" XDG_CACHE_HOME="$work/cache" XDG_STATE_HOME="$work/state"
for variable in http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy; do unset $variable; done
row() { # WHAT COMMAND…
  what=$1; shift
  /usr/bin/time -f '%e %M' -o time "$@" >out 2>err || { cat err >&2; exit 1; }
  read -r seconds memory <time
  awk -v w="$what" -v n="$count" -v s="$seconds" -v m="$memory" 'BEGIN {
    rate = s > 0 ? n / s : 0
    printf "| %-28s | %7.2f s | %9.0f objects/s | %5.0f MB |\n", w, s, rate, m / 1024 }'
}
echo "| $count objects               |      time |                    |   memory |"
row 'create --no-copy' "$GRID" datastore create s3://bucket/data/ --name big --no-copy --quiet
row 'again: same as big:1' "$GRID" datastore create s3://bucket/data/ --name big --no-copy --quiet
row 'verify' "$GRID" datastore verify big:1 --quiet
echo "store: $(du -sm store | cut -f1) MB"
