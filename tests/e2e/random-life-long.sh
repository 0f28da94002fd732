# Slow: random-life.sh for 25 minutes, or for GRID_LIFE_SECONDS.
GRID_LIFE_SECONDS=${GRID_LIFE_SECONDS:-1500}
export GRID_LIFE_SECONDS
. "$(dirname "$0")/random-life.sh"
