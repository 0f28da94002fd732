# A terminal never receives control sequences that a store, a source or a run brought; pipes and files
# get names, descriptions and logs byte for byte.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip 'python3 is needed for a terminal'
esc=$(printf '\033]0;owned\007') c1=$(printf '\302\233')31m del=$(printf '\177')
evil="$esc$c1$del"
on_terminal() { python3 "$here/../support/on_terminal.py" "$GRID" "$@" | tr -d '\r' >shown; }
# clean COMMAND…: on a terminal, it shows the name `owned`, and no control character that does
# something but those that draw a line of progress. harmless COMMAND…: the latter.
clean() {
  harmless "$@"
  grep -q owned shown || die "$*: shows nothing: $(cat -v shown)"
}
harmless() {
  on_terminal "$@" || :
  LC_ALL=C sed "s/$(printf '\033')\[K//g" shown >left
  ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" left || die "$*: $(cat -v left)"
  ! LC_ALL=C grep -q "$(printf '\302[\200-\237]')" left || die "$*: C1: $(cat -v left)"
}
mkdir cats "cats/in $evil" && echo a >"cats/name $evil" && echo b >"cats/in $evil/below"
ln -s "to $evil" cats/link
printf 'not utf-8 \233 owned' | tee "cats/$(printf 'raw \233 owned')" >/dev/null
grid datastore create cats --message "message $evil" --quiet >/dev/null
grid datastore describe cats --text "text $evil
second line" >/dev/null
echo c >"cats/more $evil"
grid datastore create cats --message "message $evil" --quiet >/dev/null

for command in 'describe cats' 'show cats' 'show cats:1' 'ls cats' 'ls -lR cats' 'diff cats:1 cats:2' \
  'describe cats -o json' 'ls cats -o json'; do
  clean datastore $command
done
clean datastore cat cats "name $evil x"
clean datastore ls cats "no $evil"
clean datastore get cats "copy $evil"
clean datastore create "none $evil"
clean datastore verify "cats:no $evil"
clean datastore delete cats:1 "--no $evil"
# Interrupted creates, runs and what they were asked.
grid datastore create cats "other $evil" --name left 2>/dev/null && die 'there is no such source'
mkdir "source $evil" && mkfifo "source $evil/pipe" && grid datastore create "source $evil" --name left 2>/dev/null || :
if "$GRID" run -q --name one -- true "argument $evil" 2>/dev/null; then
  clean status one
  clean status "none $evil"
  clean run "none $evil"
  harmless history
fi
harmless datastore list
harmless datastore list --show-incomplete
# Lines that people wrote stay lines.
on_terminal datastore describe cats
equal "$(tail -1 shown)" 'second line'
# Byte for byte elsewhere.
equal "$(grid datastore describe cats)" "text $evil
second line"
grid datastore ls cats | grep -qF "name $evil" || die 'ls changed a name in a pipe'
grid datastore cat cats "name $evil" >/dev/null
# JSON is the same text, escaped.
grid datastore describe cats -o json >out
equal "$(python3 -c 'import json; print(json.load(open("out"))["description"])')" "text $evil
second line"

# Errors about damaged content.
for pack in $(find store -name '*.data'); do chmod u+w "$pack" && truncate -s 1 "$pack"; done
rm -rf "$XDG_CACHE_HOME"
on_terminal datastore verify || :
! grep -q "$(printf '\033')\]" shown || die "verify: $(cat -v shown)"
# What a file or a run printed goes through.
printf '%s' "$esc" >plain && rm -rf store && grid datastore create plain --quiet >/dev/null
on_terminal datastore cat plain plain
grep -qF "$esc" shown || die "cat: $(cat -v shown)"

# A text that cannot be kept is refused before anything is read.
fails 2 grid datastore describe plain --text "$(printf 'K\344tzchen')"
says 'the text is not UTF-8'
fails 2 grid datastore create cats --message "$(printf 'K\344tzchen')"
says 'the text is not UTF-8'
fails 2 grid datastore create cats --message "$(head -c 70000 /dev/zero | tr '\0' x)"
says 'at most 65536'
