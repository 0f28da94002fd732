# Runs, stops, kills and mounts by chance, for some seconds: what is said of them stays true.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
mkdir life && python3 "$here/../support/random_life.py" "$GRID" "$work/life" "${GRID_LIFE_SECONDS:-8}" ${GRID_LIFE_SEED:-}
