# Whatever happens to a run: what it wrote is kept, what is said of it is true, and it can be ended.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
value() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
status_of() { grid status "$1" -o json | value status; }
sets=/grid-odd-$$  # appears in no other mount table
echo "$sets" >pattern
nothing_left() { # WHAT
  for attempt in $(seq 200); do
    cat /proc/[0-9]*/mounts 2>/dev/null | grep -qFf pattern || return 0
    sleep 0.02
  done
  die "$1: a mount stayed"
}

# The time to stop is over: everything that the script has started is killed, also what left its
# group and its session; what was written is collected, and the end is on record.
cat >deaf <<'EOF'
#!/bin/sh
trap '' TERM HUP
echo weights >kept/model
setsid sh -c 'trap "" TERM; echo $$ >far; while :; do sleep 1; done' &
(sh -c 'trap "" TERM; echo $$ >orphan; while :; do sleep 1; done' &)
while :; do sleep 1; done
EOF
chmod +x deaf && mkdir kept
grid run -q --detach --name deaf --artifacts kept --datastore_mount_dir $sets ./deaf grid:cats >out
until [ -s far ] && [ -s orphan ]; do sleep 0.05; done
grid stop -q --wait 1 deaf
equal "$(status_of deaf)" stopped
equal "$(grid status deaf -o json | value signal)" 9
equal "$(grid artifacts deaf -o json | value artifacts)" "[{'path': 'model', 'size': 8}]"
for left in far orphan; do
  if kill -0 "$(cat $left)" 2>/dev/null; then die "$left lives"; fi
done
nothing_left deaf

# One experiment of a sweep is stopped before its turn, another while it runs.
grid run -q --detach --name sweep -- sh -c 'touch on$1; while [ ! -e go ]; do sleep 0.05; done' sh 'range(3)' >out
until [ -e on0 ]; do sleep 0.05; done
grid stop -q sweep-exp1
equal "$(status_of sweep-exp1)" stopped
grid stop -q sweep-exp0
equal "$(status_of sweep-exp0)" stopped
until [ -e on2 ]; do sleep 0.05; done
touch go
until [ "$(status_of sweep)" != running ]; do sleep 0.05; done
equal "$(status_of sweep-exp2)" "done"
[ ! -e on1 ] || die 'a stopped experiment ran'

# The script ends while nobody reads its output: its end is on record, and a signal ends the wait.
mkfifo slow
"$GRID" run -q --name slow -- sh -c 'head -c 300000 /dev/zero; exit 3' >slow & run=$!
exec 5<slow
sleep 0.5
for attempt in $(seq 100); do kill -0 $run 2>/dev/null || break; sleep 0.02; done
[ "$(ls state/grid/runs | grep -c slow)" = 1 ] || die 'there is no run'
head -c 200000 <&5 >/dev/null
until [ "$(status_of slow)" = failed ]; do sleep 0.05; done
equal "$(grid status slow -o json | value exit_status)" 3
kill -TERM $run 2>/dev/null || :
status=0; wait $run || status=$?
equal $status 3
exec 5<&-

# An output that is full: the log has everything, and the run has not succeeded.
status=0; "$GRID" run -q --name full2 -- sh -c 'echo one; sleep 0.2; echo two' >/dev/full 2>err || status=$?
equal $status 1
grep -q 'No space left' err || die "$(cat err)"
equal "$(grid logs full2)" "one
two"

# Closed standard streams: nothing is written into another file, and all works.
"$GRID" run -q --name closed -- sh -c 'echo printed; echo e >&2; cat' <&- >&- 2>&-
equal "$(status_of closed)" "done"
equal "$(grid logs closed)" "printed
e"
[ ! -s state/grid/runs/closed/supervisor ] || die 'the output is in another file'
"$GRID" run -q --detach --name later -- sh -c 'exit 0' <&- 2>&- >out || die 'detached with closed streams'
mkdir mnt && "$GRID" mount mnt <&- >&- 2>err || die "$(cat err)"
equal "$(cat mnt/cats/1/a)" meow
grid unmount -q mnt

# Places where nothing can be attached, and a start that is interrupted.
fails 2 timeout -s KILL 10 "$GRID" run -q --datastore_mount_dir // true
says 'cannot be attached at //'
fails 2 timeout -s KILL 10 "$GRID" run -q --datastore_mount_dir /proc true
says '/proc'
fails 2 timeout -s KILL 10 "$GRID" run -q --datastore_mount_dir /proc/self true

# A script that unmounts its datastores goes on without them.
if [ "$(id -u)" = 0 ]; then
  "$GRID" run --name bare --datastore_mount_dir $sets -- sh -c "umount $sets; sleep 0.3; echo \$(ls $sets) on; exit 4" >out 2>err && die 'it succeeded' || status=$?
  equal "$status $(cat out)" "4 on"
  equal "$(grep -c 'unmounted' err)" 1
  nothing_left bare
fi

# Artifacts that cannot be kept cost no other, and are named.
mkdir -p some/sub && chmod 777 some
if [ "$(id -u)" != 0 ]; then
  status=0; "$GRID" run -q --name some --artifacts some -- sh -c 'echo 1 >some/a; echo 2 >some/b; chmod 0 some/a; mkdir some/no; chmod 0 some/no' 2>err || status=$?
  equal $status 1
  grep -q 'a: ' err && grep -q 'no: ' err || die "$(cat err)"
  equal "$(grid artifacts some -o json | value artifacts)" "[{'path': 'b', 'size': 2}]"
  equal "$(status_of some)" failed
  rm -rf some/no
fi

# The commands of a session end with it.
grid session create --detach --name lab --datastore_mount_dir $sets -q >out
"$GRID" session exec lab sh -c 'trap "" HUP; sleep 1000.7 & echo $! >inside; wait' & command=$!
until [ -s inside ]; do sleep 0.05; done
grid session delete -q lab
wait $command 2>/dev/null || :
for attempt in $(seq 100); do kill -0 "$(cat inside)" 2>/dev/null || break; sleep 0.02; done
if kill -0 "$(cat inside)" 2>/dev/null; then die 'a command of the session lives'; fi
nothing_left session

# From a folder that was deleted.
grid session create --detach --name lab2 -q >out
mkdir gone && cd gone && rmdir "$work/gone"
fails 1 "$GRID" session exec lab2 true
says "$work/gone"
fails 1 "$GRID" run -q --detach true
says "$work/gone"
cd "$work"
grid session delete -q lab2

# A supervisor is killed: the copies go with the next command that sees the lost run.
"$GRID" run -q --name copied --attach copy -- sh -c 'touch copying; exec sleep 1000.8' sh grid:cats & run=$!
until [ -e copying ]; do sleep 0.05; done
[ -d state/grid/runs/copied/datastores ] || die 'there are no copies'
kill -9 $run; wait $run 2>/dev/null || :
equal "$(status_of copied)" lost
[ ! -e state/grid/runs/copied/datastores ] || die 'the copies stayed'

# A run folder is its user's whatever the umask, and one that cannot be read hides no other.
(umask 0777 && "$GRID" run -q --name masked true)
equal "$(stat -c %a state/grid/runs/masked)" 700
equal "$(status_of masked)" "done"
if [ "$(id -u)" = 0 ]; then
  mkdir theirs && chown 65534:65534 theirs
  HOME=$work/theirs XDG_STATE_HOME='' "$GRID" history >out 2>err
  grep -q "you are root, but HOME is $work/theirs" err || die "$(cat err)"
  rm -rf state/grid/attachments; chmod -R a+rX state/grid
  mkdir -m 700 state/grid/runs/secret && echo '{}' >state/grid/runs/secret/record.json
  chown -R 65534:65534 "$work" && chown -R 0:0 state/grid/runs/secret
  for words in history status 'session list' 'datastore delete cats:1 --yes'; do
    setpriv --reuid=65534 --regid=65534 --clear-groups -- "$GRID" $words >out 2>err || die "$words: $(cat err)"
    equal "$words $(grep -c 'secret.*skipped' err)" "$words 1"
  done
fi
