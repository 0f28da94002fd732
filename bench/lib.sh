# shellcheck shell=bash disable=SC2154,SC2034
# lib.sh: how one thing is measured. Sourced by run, which sets work, user and the limits.

set -u
store=$work/store mnt=$work/mnt source=$work/src corpora=$work/c results=$work/results.tsv
notes=$work/notes
timed=(/usr/bin/time -a -o "$work/time" -f '%e %U %S %M' timeout -k 5 "$limit")
root=''
reader=("$work/reader") as_reader=()

note() { echo "$*" | tee -a "$notes" >&2; }
say() { echo "$(date +%T) $*" >&2; }

# record GROUP MEASURE UNIT VALUE: one line of the results, for the program that is on.
label=''
record() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${label:-$peer}" "$4" >> "$results"; }

# since MOMENT: the seconds from an earlier $EPOCHREALTIME to now.
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.4f", b - a }'; }

is_mounted() { grep -q " $1 " /proc/self/mounts; }

# Waits until the machine does nothing else: at least 85 % of it idle for 0.2 s. Gives up after
# 5 s and notes it. For a smoke run it does not matter.
quiet() {
  local a b _
  [ "$divisor" = 1 ] || return 0
  for _ in $(seq 24); do
    a=$(awk '/^cpu / { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9; exit }' /proc/stat)
    sleep 0.2
    b=$(awk '/^cpu / { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9; exit }' /proc/stat)
    echo "$a $b" | awk '{ exit !(($3 - $1) >= 0.85 * ($4 - $2)) }' && return
  done
  note "$peer: the machine was busy with something else, near: $(tail -1 "$results" | cut -f1-2)"
}

# A virtual machine may hand free memory back to its host after 2 s (free page reporting); the first
# use of each such page then costs about 15 us, 3 to 4 s a GB, which looks like a slow disk. This
# touches that much memory right before a cold measure, so that the page cache gets pages which are
# there. The measure must follow at once.
ready() { [ "$1" = 0 ] || "$work/reader" touch "$1" > /dev/null; }

# Nothing is cached but the programs that measure, which would add their own cold starts to the
# times of what they start. Only root can drop caches: for anybody else everything is warm, and run
# says so.
drop_caches() {
  sync
  [ "$can_drop" = 1 ] || return 0
  echo 3 > /proc/sys/vm/drop_caches
  /usr/bin/time -o /dev/null timeout 5 "${as_reader[@]}" stat -t / > /dev/null
}

# cold MIB: nothing is cached, and so much memory is ready.
cold() {
  quiet
  drop_caches
  [ "$divisor" != 1 ] || ready "$1"
}

# Every version is stored from one path, as a user's folder keeps its path: programs which trust
# path, inode and times then see unchanged files as unchanged.
source_is() {
  source_off
  if [ "$can_mount" = 1 ]; then
    mkdir -p "$source"
    mount --bind "$corpora/$1" "$source"
  else
    mv "$corpora/$1" "$source"
    source_holds=$1
  fi
}
source_holds=''
source_off() {
  if is_mounted "$source"; then umount "$source"; fi
  if [ -n "$source_holds" ]; then mv "$source" "$corpora/$source_holds"; fi
  source_holds=''
}

# spent COMMAND...: runs one of the functions of peers.sh and sets seconds, cpu (seconds), memory
# (MB, the largest process) and synced (seconds with a sync after it). False if it failed.
spent() {
  local begin=$EPOCHREALTIME status after
  rm -f "$work/time"
  "$@" > "$work/log/last" 2>&1
  status=$?
  after=$EPOCHREALTIME
  sync
  read -r seconds cpu memory < <(awk '/^[0-9.]+ [0-9.]+ [0-9.]+ [0-9]+$/ {
    wall += $1; cpu += $2 + $3; if ($4 > rss) rss = $4 }
    END { printf "%.2f %.2f %.0f\n", wall, cpu, rss * 1.024 / 1000 }' "$work/time")
  # /usr/bin/time rounds down to 10 ms, which is too coarse for what takes less than a second.
  seconds=$(awk -v t="$seconds" -v a="$begin" -v b="$after" \
    'BEGIN { print t < 1 ? sprintf("%.3f", b - a) : t }')
  synced=$(awk -v t="$seconds" -v s="$(since "$after")" 'BEGIN { printf "%.3f", t + s }')
  [ $status = 0 ] && return
  note "$peer: ${*:1:1} failed (status $status; 124 is the limit of $limit s): $(tail -1 "$work/log/last")"
  return 1
}

size_of() { du -s --apparent-size -B1 "$1" | cut -f1; }
files_of() { find "$1" -type f | wc -l; }

# fresh: an empty store of the program that is on.
fresh() {
  rm -rf "$store"
  "${peer}_init" "$store" > "$work/log/init" 2>&1 || note "$peer: init failed"
}

# mounted VERSION: mounts, and sets `root` and mount_seconds: until the first stat of something in
# the version answers.
mounted() {
  local begin=$EPOCHREALTIME
  root=''
  if ! "${peer}_mount" "$store" "$1" "$mnt" > "$work/log/mount" 2>&1 || ! "${as_reader[@]}" stat -t "$root/" > /dev/null; then
    note "$peer: the mount failed: $(tail -1 "$work/log/mount")"
    return 1
  fi
  mount_seconds=$(since "$begin")
}
unmounted() { "${peer}_umount" "$mnt" >> "$work/log/mount" 2>&1 || note "$peer: the unmount failed"; }

# Removes what is mounted or bound, whatever happened.
clean_up() {
  local folder
  for folder in "$mnt" "$work/user/mnt"; do
    if is_mounted "$folder"; then umount -l "$folder" 2> /dev/null || fusermount3 -uz "$folder"; fi
  done
  source_off
}
