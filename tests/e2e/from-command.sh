# A version is made of what a command leaves in a folder.
. "$(dirname "$0")/lib.sh"
cat >download.sh <<'S'
echo "downloading to $2"
mkdir -p "$2/raw" && seq 1000 >"$2/raw/numbers" && echo "${LABEL:-one}" >"$2/labels"
S
grid datastore create --name mnist --from-command 'sh download.sh --root {}' >out 2>err
grep -q '^mnist:1  2 files' out || die "$(cat out err)"
grep -q 'downloading to /' err || die "the command's output is not shown"
equal "$(grid datastore cat mnist:1 labels)" one
grid datastore show mnist:1 | grep -q 'command: sh download.sh --root {} (ended with status 0 after' ||
  die "$(grid datastore show mnist:1)"
equal "$(ls "$XDG_CACHE_HOME/grid/commands" | wc -l)" 0

# Again: new files with new times, and the same data.
sleep 0.01
equal "$(grid datastore create --name mnist --from-command 'sh download.sh --root {}' 2>/dev/null)" \
  'same as mnist:1 (use --force to make a new version)'
equal "$(LABEL=two grid datastore create --name mnist --from-command 'sh download.sh --root {}' 2>/dev/null | cut -d' ' -f1)" mnist:2

# One that fails, or makes nothing, publishes nothing and keeps what it printed and wrote.
fails 1 grid datastore create --name mnist --from-command 'sh download.sh --root {}; echo no network; exit 7'
says 'the command ended with status 7'
says 'nothing was published'
log=$(sed -n 's/.*what it printed is in \(.*\), what it wrote in.*/\1/p' err)
grep -q 'no network' "$log" || die "its output is not kept: $(cat err)"
equal "$(cat "$(dirname "$log")/data/labels")" one
fails 1 grid datastore create --name mnist --from-command 'true {}'
says 'left nothing in the folder'
fails 1 grid datastore create --name mnist --from-command 'kill -9 $$ {}'
says 'was ended by signal 9'
equal "$(grid datastore show mnist -o json | grep -c '"status": "ready"')" 2
fails 2 grid datastore create --name mnist --from-command 'true'
says 'write {} where the command takes the folder'
fails 2 grid datastore create --from-command 'touch {}/a'
says '--name'
fails 2 grid datastore create . --name x --from-command 'touch {}/a'
says 'does not go with --from-command'
