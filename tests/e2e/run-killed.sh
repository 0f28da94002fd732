# After kill -9 of grid or of the script, at any moment, there is no mount and no process left.
. "$(dirname "$0")/lib.sh"
mkdir cats && seq 100000 >cats/a && grid datastore create cats -q >out
needs_run
sets=/grid-e2e-$$  # appears in no other mount table or command line
cat >script <<END
#!/bin/sh
echo \$\$ >pid
while cat $sets/cats/1/a; do :; done >/dev/null 2>&1
END
chmod +x script
start() {
  rm -f pid
  "$GRID" run -q --datastore_mount_dir $sets ./script grid:cats & run=$!
}
# The pattern comes from a file, so that the checks' own command lines do not contain it.
echo "$sets" >pattern
no_process() { ! cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -qFf pattern; }
no_mount() { ! cat /proc/[0-9]*/mounts 2>/dev/null | grep -qFf pattern; }
nothing_left() { # WHEN
  for attempt in $(seq 200); do
    if no_process && no_mount; then return; fi
    sleep 0.02
  done
  die "$1: left: $(no_process || echo a process) $(no_mount || echo a mount)"
}
# The checks work: they find a process and a mount that are there.
start; until [ -s pid ]; do sleep 0.01; done
if no_process || no_mount; then die "the checks are blind"; fi
# The script is killed: grid ends as it did.
kill -9 "$(cat pid)"
status=0; wait $run 2>/dev/null || status=$?
equal $status 137
nothing_left "script killed"
# grid is killed at 40 moments from its first instruction on.
for moment in $(seq 0 39); do
  start
  sleep "$(awk -v m="$moment" 'BEGIN { print m * m * 0.0001 }')"
  kill -9 $run
  wait $run 2>/dev/null || :
  nothing_left "grid killed, $moment"
done
# The process that copies the output is killed: another takes over. (For the server see
# run-server-killed.sh.)
child_called() { # NAME
  for p in /proc/[0-9]*; do
    [ "$(cat "$p/comm" 2>/dev/null)" = "$1" ] && grep -q "^PPid:.$run\$" "$p/status" && echo "${p#/proc/}"
  done
  true
}
# A server that crashes again and again is not replaced for ever: the run ends and says why.
rm -f pid; "$GRID" run --name crashed --datastore_mount_dir $sets ./script grid:cats >out 2>err & run=$!
until [ -s pid ]; do sleep 0.01; done
while kill -0 $run 2>/dev/null; do
  for server in $(child_called grid-serve); do kill -SEGV "$server" 2>/dev/null || :; done
done
status=0; wait $run || status=$?
equal $status 137
grep -q 'failed 6 times in a row' err || die "$(cat err)"
nothing_left "servers crashed"
grid status crashed | grep -q 'failed (signal 9' || die "$(grid status crashed)"
# The server and grid are killed at once: nothing can replace the server, so the mount ends too.
start; until [ -s pid ]; do sleep 0.01; done
server=$(child_called grid-serve)
kill -9 $run "$server"; wait $run 2>/dev/null || :
nothing_left "grid and server killed"
rm -f pid; "$GRID" run -q --name copied --datastore_mount_dir $sets -- sh -c 'trap "" PIPE; echo $$ >pid; while [ ! -e enough ]; do echo line || exit 9; sleep 0.01; done; echo end' sh grid:cats >out 2>err & run=$!
until [ -s pid ]; do sleep 0.01; done
for n in 1 2 3; do
  until grep -q line out; do sleep 0.01; done
  kill -9 "$(child_called grid-log)"; : >out
done
touch enough
wait $run || die "copier killed: status $?: $(cat err)"
equal "$(tail -1 out)$(grid logs copied | tail -1)" endend
nothing_left "copier killed"
# The next command removes the attachments that dead processes left.
"$GRID" run -q sleep 60 & run=$!
sleep 0.2; kill -9 $run; wait $run 2>/dev/null || :
grid datastore delete cats:1 --yes -q
equal "$(find state/grid/attachments -type f | wc -l)" 0
# Processes that the script left running keep the datastores and their output; then all is gone.
grid datastore create cats -q >out
"$GRID" run -q --datastore_mount_dir $sets -- sh -c "(sleep 1; cat $sets/cats/2/a | wc -l; echo done >finished) & :" sh grid:cats >printed
fails 1 grid datastore delete cats:2 --yes
says 'in use'
until [ -e finished ]; do sleep 0.05; done
nothing_left "background child"
equal "$(cat printed)" 100000
equal "$(find state/grid/attachments -type f | wc -l)" 0
