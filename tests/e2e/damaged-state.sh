# Whatever happens to the files that this machine keeps of runs, mounts, tokens and credentials, no command
# crashes or waits: what can be read is shown, what cannot is named, and new runs start.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >/dev/null
needs_run
export XDG_CONFIG_HOME=$work/config
grid run -q --name one -- sh -c 'echo out; echo art >"$GRID_ARTIFACTS/art"' sh grid:cats >/dev/null
grid run -q --name swept -- sh -c 'echo $1' sh '[1, 2]' >/dev/null
grid token create --role reader >/dev/null 2>&1 || :
echo precious >elsewhere
mkdir kept && cp -a "$XDG_STATE_HOME" kept/state && { cp -a "$XDG_CONFIG_HOME" kept/config 2>/dev/null || :; }
(cd kept && find . -type f ! -path '*/artifacts/*' | sort) >files
grep -q record.json files || die "no record: $(cat files)"
tries() { # COMMAND…: ends soon, with 0 or 1, and fails in sentences
  status=0; timeout 20 "$GRID" "$@" >out 2>err || status=$?
  [ $status -le 1 ] || die "$what: status $status of $*: $(cat err)"
  [ $status = 0 ] || [ -s err ] || die "$what: $* fails in silence"
  ! grep -qE 'terminate|ssertion|exception|what\(\)' err || die "$what: $*: $(cat err)"
}
while read -r file; do
  for harm in zeros garbage cut folder pipe link; do
    what="$harm in $file"
    rm -rf "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" && cp -a kept/state "$XDG_STATE_HOME"
    [ ! -d kept/config ] || cp -a kept/config "$XDG_CONFIG_HOME"
    target=$work/$file
    size=$(stat -c %s "$target")
    case $harm in
      zeros) head -c "$size" /dev/zero >"$target" ;;
      garbage) head -c "$size" /dev/urandom >"$target" ;;
      cut) truncate -s $((size / 2)) "$target" ;;
      folder) rm -f "$target" && mkdir "$target" ;;
      pipe) rm -f "$target" && mkfifo "$target" ;;
      link) rm -f "$target" && ln -s "$work/elsewhere" "$target" ;;
    esac
    for command in history 'status one' 'logs one' 'artifacts one' 'token list' 'session list'; do
      tries $command
    done
    tries run -q --name next cat grid:cats/a
    equal "$(cat out)" meow
  done
done <files
equal "$(cat elsewhere)" precious
