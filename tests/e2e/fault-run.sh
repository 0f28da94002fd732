# A run in which one call after the other fails, or is interrupted: nothing that was written is lost.
. "$(dirname "$0")/lib.sh"
: "${FAULTS:?is the library of faults.cc}"
LD_PRELOAD=$FAULTS "$GRID" --version >/dev/null 2>&1 || skip 'the program cannot be run with the library'
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
lives() { mkdir -p lives && python3 "$here/../support/fault_lives.py" "$GRID" "$FAULTS" lives run "$@" || die "$*"; }
lives fork
lives thread
lives write --every 3
lives open --every 11
lives memory --every 997
lives 15 --every 13
lives 9 --every 17
