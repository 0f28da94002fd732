# Slow: every moment of the lives of a run and a mount (fault-run.sh, fault-mount.sh).
. "$(dirname "$0")/lib.sh"
: "${FAULTS:?is the library of faults.cc}"
LD_PRELOAD=$FAULTS "$GRID" --version >/dev/null 2>&1 || skip 'the program cannot be run with the library'
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
mkdir lives
lives() { python3 "$here/../support/fault_lives.py" "$GRID" "$FAULTS" lives "$@" || die "$*"; }
for life in run mount; do
  for kind in fork thread write open 15 2 9; do lives $life $kind; done
  lives $life memory --every 29
done
lives mount write --lasting
