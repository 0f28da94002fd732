# A mount beside which one call after the other fails, or is interrupted: nothing hangs or stays mounted.
. "$(dirname "$0")/lib.sh"
: "${FAULTS:?is the library of faults.cc}"
LD_PRELOAD=$FAULTS "$GRID" --version >/dev/null 2>&1 || skip 'the program cannot be run with the library'
[ -r /dev/fuse ] && [ -w /dev/fuse ] || skip "/dev/fuse cannot be opened"
lives() { mkdir -p lives && python3 "$here/../support/fault_lives.py" "$GRID" "$FAULTS" lives mount "$@" || die "$*"; }
lives fork
lives thread
lives write --every 3
lives write --every 5 --lasting
lives open --every 7
lives memory --every 499
lives 15 --every 7
lives 9 --every 7
