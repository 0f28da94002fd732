# What a run reads is recorded in order, and the next run can prefetch it.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/team
mkdir cats && for i in 1 2 3 4 5 6 7 8; do head -c 5000000 /dev/urandom >cats/$i.bin; done
grid datastore create cats --quiet >/dev/null
needs_run
cost() { grid status "$1" -o json | /usr/bin/python3 -c 'import json, sys; c = json.load(sys.stdin)["read_costs"]; print(c["remote_bytes"] // 1000000, c["cache_missed_bytes"] // 1000000)'; }
forget() { grid cache clear --quiet --yes 2>/dev/null || grid cache clear --quiet; }
fetched_in() { # MB MOST OPTION…: runs a script that reads nothing and waits until so much was fetched
  least=$1; most=$2; shift 2
  rm -f go
  "$GRID" run -q --name idle "$@" -- sh -c 'until [ -e go ]; do sleep 0.05; done' sh grid:cats:1 & run=$!
  for attempt in $(seq 200); do
    read -r came _ <<EOT
$(cost idle 2>/dev/null || echo 0 0)
EOT
    [ "$came" -lt "$least" ] || break
    sleep 0.05
  done
  sleep 0.3; touch go; wait $run
  read -r came _ <<EOT
$(cost idle)
EOT
  [ "$came" -ge "$least" ] && [ "$came" -le "$most" ] || die "$*: $came MB came"
  rm -rf state/grid/runs/idle
}
grid run -q --name first cat grid:cats:1/7.bin grid:cats:1/2.bin >out
cat cats/7.bin cats/2.bin | cmp - out
equal "$(find "$XDG_CACHE_HOME/grid/traces" -type f | wc -l)" 1
forget; fetched_in 0 1
# The cache itself reads up to 16 MB ahead of what looks like sequential reading.
forget; fetched_in 9 27 --prefetch trace
grid run -q --name second cat grid:cats:1/7.bin grid:cats:1/2.bin | cmp out -
equal "$(cost second | cut -d' ' -f2)" 0
forget; fetched_in 40 42 --prefetch all
fails 2 grid run --prefetch some true
says 'none, trace or all'
