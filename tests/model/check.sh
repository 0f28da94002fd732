#!/bin/sh
# Checks the collection protocol of docs/collection.md with spin: what must hold, in each of some sizes, and that each
# rule is needed, by leaving it out. Takes about 100 s on two cores and 2 GB. Exit status 77: there is no spin.
#   tests/model/check.sh [--long]      --long: all states of the largest size too; half an hour and 14 GB
set -eu
memory=3500  # MB, of each of two
model=$(cd "$(dirname "$0")" && pwd)/collection.pml
command -v spin >/dev/null && command -v cc >/dev/null || { echo "spin or cc is missing: scripts/install-deps test"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try NAME STORAGE SECONDS DEFINES…: writes what spin found to $work/NAME/found
try() {
  name=$1 storage=$2 seconds=$3; shift 3
  mkdir "$work/$name"; cd "$work/$name"
  spin -a "$@" "$model" >spin.log 2>&1 || { echo broken >found; cat spin.log; return; }
  # shellcheck disable=SC2086
  cc -O1 -DSAFETY $storage -DMEMLIM=$memory -o pan pan.c >cc.log 2>&1
  table=24
  case $storage in -DBITSTATE*) table=32 ;; esac
  status=0
  timeout -s INT "$seconds" ./pan -E -m200000 -w$table >pan.log 2>&1 || status=$?
  if grep -q 'assertion violated' pan.log; then echo error
  elif grep -q 'errors: 0' pan.log && ! grep -q 'reached -DMEMLIM\|max search depth too small' pan.log && [ $status = 0 ]; then echo none
  elif [ $status = 124 ] && ! grep -q 'reached -DMEMLIM' pan.log; then echo "none yet"
  else echo broken; cat pan.log >&2; fi >found
  rm -f pan pan.c
}

# expect NAME: WANTED…
failures=0
expect() {
  name=$1 wanted=$2 found=$(cat "$work/$1/found")
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$work/$1/pan.log" 2>/dev/null)
  case $found in
    "$wanted") word=ok ;;
    "none yet") [ "$wanted" = none ] && [ "$name" = together ] && word=ok || word=WRONG ;;
    *) word=WRONG ;;
  esac
  [ $word = ok ] || failures=$((failures + 1))
  printf '%-20s found: %-9s states: %-10s %s\n' "$name" "$found" "${states:--}" "$word"
}

rules="NO_SECOND_LOOK PACKS_FIRST NO_WAIT NO_RESCUE LOOK_TOO_EARLY NO_CONTEST NO_ROLL_FORWARD CLOSED_IS_ENDED END_IN_FLIGHT
       TWO_VERDICTS NEXT_TOO_EARLY EXCLUDE_NOTHING"
lives="KEEP_CONDEMNED NO_CLOSING RESCUE_ANY"

{
  # Two writers, a sleeper and two collectors have too many states: as many as can be seen in the time.
  try together "-DBITSTATE -DP_RAND -DT_RAND" 45 -DWRITERS=3 -DSLEEPER -DCOLLECTORS=2
  try one_collector -DCOLLAPSE 100 -DWRITERS=2 -DCOLLECTORS=1
  try a_sleeper -DCOLLAPSE 100 -DWRITERS=2 -DSLEEPER -DCOLLECTORS=1 -DRUNS=2
} &
first=$!
{
  try one_writer -DCOLLAPSE 100 -DWRITERS=1 -DCOLLECTORS=2
  try sleeper_alone -DCOLLAPSE 100 -DWRITERS=1 -DSLEEPER -DCOLLECTORS=2 -DRUNS=2 -DCOLLECTIONS=3
  try freed -DCOLLAPSE 100 -DFROZEN -DWRITERS=1 -DCOLLECTORS=1 -DCOLLECTIONS=4
  for rule in $rules; do try "$rule" -DCOLLAPSE 60 -DWRITERS=1 -DCOLLECTORS=2 "-D$rule"; done
  for rule in $lives; do try "$rule" -DCOLLAPSE 60 -DFROZEN -DWRITERS=1 -DCOLLECTORS=1 -DCOLLECTIONS=4 "-D$rule"; done
} &
second=$!
wait $first; wait $second
for name in together one_collector a_sleeper one_writer sleeper_alone freed; do expect $name none; done
for rule in $rules $lives; do expect "$rule" error; done
if [ "${1:-}" = --long ]; then
  memory=14000
  try all_states -DHC4 6000 -DWRITERS=2 -DSLEEPER -DCOLLECTORS=2 -DAT_FIRST=1
  expect all_states none
fi
[ $failures = 0 ] || { echo "$failures are wrong"; exit 1; }
