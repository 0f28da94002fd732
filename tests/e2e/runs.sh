# What a run leaves: its record, its log, its artifacts; and the commands that show them.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
echo purr >cats/a && grid datastore create cats -q >out
needs_run
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
# A foreground run: all it printed to both streams is in its log, in order.
grid run -q --name one -- sh -c 'echo out; echo err >&2; cat /datastores/cats/1/a; exit 3' >out 2>err || status=$?
equal "$status $(cat out err | tr '\n' ' ')" "3 out meow err "
equal "$(grid logs one | sort | tr '\n' ' ')" "err meow out "
equal "$(grid status one -o json | value '(status, exit_status, [(v["version"], v["bytes_read"]) for v in versions], resources["memory_peak"] > 100000)')" \
  "('failed', 3, [(1, 5)], True)"
grid status one | grep -q 'status  *failed (status 3)' || die "$(grid status one)"
# If the reader of a script's output goes away, the script notices as it would without grid.
equal "$(grid run -q --name pipe yes | head -1)" y
equal "$(grid status pipe -o json | value 'signal')" 13
# Repeats a command on the same versions, though there is a newer one now.
grid run -q --name two --env WORD=hello -- sh -c 'cat /datastores/cats/a "$1"/a; echo $WORD' sh grid:cats >out
echo hiss >cats/a && grid datastore create cats -q >out
equal "$(grid run -q --repeat two --name again | tr '\n' ' ')" "purr purr hello "
equal "$(grid logs again)" "$(grid logs two)"
# A detached run has a name that people can say, and can be followed and stopped.
name=$(grid run -q --detach -- sh -c 'echo begun; trap "echo bye; exit 1" TERM; while :; do sleep 0.05; done' sh grid:cats:1)
echo "$name" | grep -q '^[a-z]*-[a-z]*-[0-9][0-9]$' || die "$name"
until grid logs "$name" | grep -q begun; do sleep 0.05; done
equal "$(grid status -o json | value '[(r["name"], r["status"]) for r in runs]')" "[('$name', 'running')]"
fails 1 grid datastore delete cats:1 --yes
says "$name"
grid logs -f "$name" >followed & follower=$!
grid stop -q "$name"
wait $follower
grep -q bye followed || die "$(cat followed)"
equal "$(grid status "$name" -o json | value status)" stopped
fails 1 grid stop "$name"
says 'not running'
# A run that does not end is killed, and its record says so.
grid run -q --detach --name deaf -- sh -c 'trap "" TERM; touch deaf; while :; do sleep 0.05; done' >out
until [ -e deaf ]; do sleep 0.05; done
grid stop -q --wait 0 deaf
equal "$(grid status deaf -o json | value status)" stopped
# After its supervisor was killed, a run is `lost`.
grid run -q --detach --name orphan sleep 60 >out
kill -9 "$(grid status orphan -o json | value pid)"
for attempt in $(seq 100); do grid status orphan | grep -q running || break; sleep 0.02; done
equal "$(grid status orphan -o json | value status)" lost
equal "$(grid status -q)" ""
# An error that keeps a detached run from starting is reported at once, and leaves nothing behind.
printf '#!/no/such/interpreter\n' >bad && chmod +x bad
fails 1 grid run -q --detach --name never ./bad
says interpreter
fails 1 grid status never
says 'no run never'
fails 1 grid run -q --name one true
says 'already'
fails 2 grid run -q --name 'No Name' true
fails 1 grid status on
says 'did you mean one'
# Artifacts: listed, fetched, made a datastore.
grid run -q --name maker -- sh -c 'mkdir "$GRID_ARTIFACTS/x"; echo 1 >"$GRID_ARTIFACTS/x/preds.csv"; echo log >"$GRID_ARTIFACTS/train.log"'
equal "$(grid artifacts maker -o json | value '[a["path"] for a in artifacts]')" "['train.log', 'x/preds.csv']"
grid artifacts -q maker --download_dir got -m 'csv$' >out
equal "$(cd got && find . -type f)" ./x/preds.csv
grid datastore create -q grid:run:maker --name preds >out
equal "$(grid datastore cat preds x/preds.csv)" 1
mkdir outputs && echo old >outputs/old && sleep 0.1
grid run -q --name writer --artifacts outputs -- sh -c 'echo new >outputs/new'
rm -r outputs
equal "$(grid artifacts writer -o json | value '[a["path"] for a in artifacts]')" "['new']"
# Which runs used a version, and the history.
equal "$(grid datastore show cats:2 -o json | value '[r["name"] for r in runs]')" "['again', 'two']"
grid datastore show cats | grep -q '^again  *done' || die "$(grid datastore show cats)"
equal "$(grid history -o json | value '[r["name"] for r in runs][:2]')" "['writer', 'maker']"
equal "$(grid history -n 1 | wc -l)" 2
# Where mounts are forbidden, copies work.
equal "$(grid run -q --name copied --attach copy -- sh -c 'cat "$1"; ls $GRID_DATASTORES/cats' sh grid:cats:1/a)" "meow
1"
equal "$(ls state/grid/runs/copied)" "artifacts
log
record.json
supervisor"
# Runs that are over can be found, and deleted: their names are free then.
equal "$(grid history --filter failed --filter cats:1 -o json | value '[r["name"] for r in runs]')" "['one']"
equal "$(grid history --filter preds.csv -n 1 -o json | value '[r["name"] for r in runs]')" "['maker']"
fails 2 grid history delete one
says '--yes'
grid run -q --detach --name busy sleep 60 >out
sleep 2.1
fails 1 grid history delete --yes one busy
says 'grid stop busy'
grid status one >out || die "one was deleted though the command failed"
equal "$(grid history prune --older-than 1s --keep-last 2 --dry-run -o json | value 'removed')" False
grid history prune --older-than 1s --keep-last 2 --dry-run | grep -q '^one ' || die "prune does not show one"
fails 1 grid history delete --yes on
says 'did you mean one'
grid history delete --yes one two >out 2>err
says 'deleted 2 runs'
fails 1 grid status one
grid run -q --name one true
grid history delete --yes one -o json | value '(removed, [(r["name"], r["status"]) for r in runs])' >out
equal "$(cat out)" "(True, [('one', 'done')])"
sleep 2.1
grid history prune --older-than 1s --keep-last 0 --yes -q
equal "$(grid history -o json | value '[(r["name"], r["status"]) for r in runs]')" "[('busy', 'running')]"
grid stop -q busy
