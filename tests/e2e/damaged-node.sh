# Whatever happens to the files that this machine keeps of stores and creates (zeros after a power cut,
# garbage, cut short, a folder, a pipe or a link in their place), the main job is done and its result is right.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/a
head -c 3000000 /dev/urandom >cats/a/large
i=0; while [ $i -lt 300 ]; do echo "cat $i" >cats/a/$i; i=$((i + 1)); done
grid datastore create cats --quiet >/dev/null
echo more >cats/more
grid datastore create cats --quiet >/dev/null
listing cats >want
# A create that was killed has left a record, a checkpoint and open packs.
head -c 20000000 /dev/urandom >big
"$GRID" datastore create big --name big --quiet >/dev/null &
sleep 0.3; kill -9 $! 2>/dev/null || :; wait 2>/dev/null || :
main_job() { # WHAT
  rm -rf copy m
  timeout 20 "$GRID" datastore get cats:2 copy --quiet || die "$1: get: status $?"
  listing copy | cmp - want || die "$1: the copy differs"
  timeout 20 "$GRID" datastore create cats >out 2>err || die "$1: create: status $?: $(cat err)"
  grep -q 'same as cats:2' out || die "$1: $(cat out)"
  timeout 20 "$GRID" datastore list --show-incomplete >/dev/null || die "$1: list: status $?"
  grid datastore verify --quiet >out || die "$1: verify: $(cat out)"
}
main_job "at first"
echo precious >elsewhere
rm -rf kept && mkdir kept && cp -a "$XDG_CACHE_HOME" kept/cache && cp -a "$XDG_STATE_HOME" kept/state
(cd kept && find cache state -type f | sort) >files
[ "$(wc -l <files)" -ge 3 ] || die "too few files: $(cat files)"
grep -q '\.table$' files || die "no chunk table: $(cat files)"
grep -q 'scans/' files || die "no scan record: $(cat files)"
restore() {
  rm -rf "$XDG_CACHE_HOME" "$XDG_STATE_HOME"
  cp -a kept/cache "$XDG_CACHE_HOME" && cp -a kept/state "$XDG_STATE_HOME"
}
while read -r file; do
  for harm in zeros tail garbage cut empty folder pipe link; do
    restore
    target=$work/$file
    size=$(stat -c %s "$target")
    case $harm in
      zeros) head -c "$size" /dev/zero >"$target" ;;
      tail) truncate -s $((size / 2)) "$target" && truncate -s "$size" "$target" ;;
      garbage) head -c "$size" /dev/urandom >"$target" ;;
      cut) truncate -s $((size / 2)) "$target" ;;
      empty) : >"$target" ;;
      folder) rm -f "$target" && mkdir "$target" ;;
      pipe) rm -f "$target" && mkfifo "$target" ;;
      link) rm -f "$target" && ln -s "$work/elsewhere" "$target" ;;
    esac
    main_job "$harm in $file"
  done
done <files
equal "$(cat elsewhere)" precious
