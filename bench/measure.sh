# shellcheck shell=bash disable=SC2154,SC2034
# measure.sh: the measures. Sourced by run. Each is a function of the corpus for the program that is
# on, and appends to the results; corpora.sh says what the corpora are.

second_of() { case $1 in photos) echo photos2 ;; large) echo large2 ;; esac; }
memory_for() { case $1 in large) echo 6500 ;; photos) echo 2500 ;; *) echo 2000 ;; esac; }

# list_of CORPUS: the files that are read: all of photos, every tenth of many.
list_of() {
  local list=$work/$1.list every=1
  [ "$1" != many ] || every=10
  [ -s "$list" ] || (cd "$source" && find . -type f -printf '%P\n' | sort |
    awk -v n="$every" 'n == 1 || NR % n == 3') > "$list"
  echo "$list"
}

# Storing a corpus: first into an empty store, the unchanged folder again, and the changed one where
# there is one; all cold. Repeated while that takes little. The store is left with all versions.
measure_store() {
  local corpus=$1 group="store $1" need begun=$SECONDS repeat after
  local second; second=$(second_of "$corpus")
  need=$(memory_for "$corpus")
  for repeat in $(seq "$repeats"); do
    [ "$repeat" = 1 ] || [ $((SECONDS - begun)) -lt "$patience" ] || break
    source_is "$corpus"
    fresh
    cold "$need"
    spent "${peer}_create" "$store" "$source" 1 || { source_off; return 1; }
    record "$group" 'first, cold' s "$seconds"
    record "$group" 'first, cold: until synced' s "$synced"
    record "$group" 'first, cold: CPU' s "$cpu"
    record "$group" 'first, cold: peak memory' MB "$memory"
    local total; total=$(size_of "$source/")
    after=$(size_of "$store")
    record "$group" 'stored, of the source' % "$(percent "$after" "$total")"
    record "$group" 'files in the store' files "$(files_of "$store")"
    if again_is_cheap; then
      cold 500
      if spent "${peer}_create" "$store" "$source" 2; then record "$group" 'same again' s "$seconds"; fi
      [ -z "$second" ] || measure_changed "$second" "$need" "$total"
    fi
    source_off
  done
}

# The next version: the changed folder at the same path.
measure_changed() {
  local before; before=$(size_of "$store")
  source_is "$1"
  cold "$2"
  spent "${peer}_create" "$store" "$source" 3 || return
  record "$group" 'changed' s "$seconds"
  record "$group" 'stored by changed, of the source' % "$(percent $(($(size_of "$store") - before)) "$3")"
}

percent() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", 100 * a / b }'; }
# A copy is the same work each time, and images are too; so is a program that reads all again.
again_is_cheap() {
  case $peer in cp | squashfs | erofs) return 1 ;; casync | bup | ostree) [ "$quick" = 0 ] ;; esac
}

# Eight published versions of one package, one after the other.
measure_series() {
  local number all=0
  local group="series $1"
  fresh
  for number in 1 2 3 4 5 6 7 8; do
    source_is "$1/$number"
    cold 200
    spent "${peer}_create" "$store" "$source" "$number" || { source_off; return 1; }
    all=$(awk -v a="$all" -v b="$seconds" 'BEGIN { print a + b }')
    source_off
  done
  record "$group" 'all eight, cold' s "$all"
  record "$group" 'stored' MB "$(awk -v b="$(size_of "$store")" 'BEGIN { printf "%.2f", b / 1e6 }')"
}

# read_row MEASURE FIELD UNIT READER-ARGUMENTS...: FIELD is reader's: 4 operations or 5 MB a second.
# Where single operations are what counts, their latencies follow.
read_row() {
  local measure=$1 field=$2 unit=$3 line
  shift 3
  line=$(timeout "$limit" "${reader[@]}" "$@" 2>> "$notes") || { note "$peer: $measure failed"; return 1; }
  record "$group" "$measure" "$unit" "$(echo "$line" | cut -f"$field")"
  operations=$(echo "$line" | cut -f2)
  case $measure in
    *'cold, 1 process')
      record "$group" "$measure: p50" us "$(echo "$line" | cut -f6)"
      record "$group" "$measure: p99" us "$(echo "$line" | cut -f7)" ;;
  esac
}

# remount: a cold mount, with memory ready.
remount() {
  unmounted
  cold 0
  mounted 1 || return 1
  drop_caches
  [ "$divisor" != 1 ] || ready "$1"
}

# Every file once, in shuffled order, by 1 and by 4 processes, cold and then warm. What is warm is
# what the cold pass has read.
measure_files() {
  local list; list=$(list_of "$1")
  remount 2000 || return
  read_row 'cold, 1 process' 4 files/s files "$root" "$list" 1 "$read_limit"
  read_row 'warm, 1 process' 4 files/s files "$root" "$list" 1 "$read_limit" 1 "$operations"
  [ "$1" = photos ] || return 0
  remount 2000 || return
  read_row 'cold, 4 processes' 4 files/s files "$root" "$list" 4 "$read_limit"
  read_row 'warm, 4 processes' 4 files/s files "$root" "$list" 4 "$read_limit" 1 "$operations"
}

measure_large() {
  local all=()
  remount 5000 || return
  for name in shard-0.bin shard-1.bin shard-2.bin shard-3.bin table.csv; do all+=("$root/$name"); done
  read_row 'sequential, cold' 5 MB/s seq "$read_limit" "${all[@]}"
  read_row 'sequential, warm' 5 MB/s seq "$read_limit" "${all[@]}"
  remount 2000 || return
  read_row 'the CSV, cold' 5 MB/s seq "$read_limit" "$root/table.csv"
  remount 1500 || return
  read_row '4 KiB at random, cold, 1 process' 4 reads/s rand "$root/shard-1.bin" 4 1
  remount 1500 || return
  read_row '4 KiB at random, cold, 4 processes' 4 reads/s rand "$root/shard-1.bin" 4 4
}

# walk MEASURE FIND-ARGUMENTS...
walk() {
  local begin=$EPOCHREALTIME count time
  count=$(timeout "$walk_limit" "${as_reader[@]}" find "$root/" "${@:2}" | wc -l)
  time=$(since "$begin")
  record "$group" "$1" entries/s "$(awk -v n="$count" -v s="$time" 'BEGIN { printf "%.0f", n / s }')"
}
measure_walks() {
  remount 500 || return
  walk 'find, cold'
  walk 'find, warm'
  remount 500 || return
  walk 'find with sizes, cold' -printf '%s\n'
  walk 'find with sizes, warm' -printf '%s\n'
}

# Reading version 1 through the mount; `source` is the corpus, for those that read it itself.
measure_read() {
  local corpus=$1 group="read $1" begun=$SECONDS repeat operations=0
  source_is "$corpus"
  list_of "$corpus" > /dev/null
  for repeat in $(seq "$repeats"); do
    [ "$repeat" = 1 ] || [ $((SECONDS - begun)) -lt "$patience" ] || break
    cold 0
    mounted 1 || break
    case $peer in native) ;; *) record "$group" 'mount until a stat answers' s "$mount_seconds" ;; esac
    case $corpus in
      photos) measure_files photos ;;
      large) measure_large ;;
      many) measure_walks; measure_files many ;;
    esac
    unmounted
  done
  source_off
}

# The same reads through a mount by an ordinary user.
measure_as_user() {
  local peer=user label='grid, as a user' mnt=$work/user/mnt
  local as_reader=(runuser -u "$user" --) reader=(runuser -u "$user" -- "$work/reader")
  measure_read "$1"
}

measure_restore() {
  local group="restore $1" want
  rm -rf "$work/restored"
  cold "$(memory_for "$1")"
  spent "${peer}_restore" "$store" 1 "$work/restored" || return
  want=$(files_of "$corpora/$1")
  [ "$(files_of "$work/restored")" = "$want" ] || { note "$peer: restored another number of files"; return; }
  record "$group" 'restore, cold' s "$seconds"
  record "$group" 'restore, cold: until synced' s "$synced"
  rm -rf "$work/restored"
}

# The most memory that the mount process had after reading with 1 and with 10 processes, with
# --quick with 10.
measure_memory() {
  local corpus=$1 group="memory of the mount" count counts='1 10'
  [ "$quick" = 0 ] || counts=10
  source_is "$corpus"
  for count in $counts; do
    cold 0
    mounted 1 || break
    case $corpus in
      large) "${reader[@]}" rand "$root/shard-1.bin" 3 "$count" > /dev/null
        "${reader[@]}" seq 5 "$root/table.csv" "$root/shard-0.bin" > /dev/null ;;
      *) "${reader[@]}" files "$root" "$(list_of "$corpus")" "$count" "$read_limit" > /dev/null ;;
    esac
    record "$group" "$corpus, read by $count" MB "$(mount_memory)"
    unmounted
  done
  source_off
}
mount_memory() {
  local process most=0 now
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/exe")" = "$grid" ] || continue
    now=$(awk '/^VmHWM/ { printf "%.1f", $2 * 1.024 / 1000 }' "$process/status")
    most=$(awk -v a="$most" -v b="$now" 'BEGIN { print (a > b ? a : b) }')
  done
  echo "$most"
}
