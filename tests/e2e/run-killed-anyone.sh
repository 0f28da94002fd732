# Any process of a run is killed at any moment: afterwards no mount and no process is left, the run's
# state is true, and its versions can be deleted.
# Slow: a hundred runs.
. "$(dirname "$0")/lib.sh"
mkdir cats && seq 50000 >cats/a && grid datastore create cats -q >out
needs_run
sets=/grid-e2e-$$  # appears in no other mount table or command line
cat >script <<END
#!/bin/sh
while [ ! -e enough ] && cat $sets/cats/1/a; do :; done >/dev/null 2>&1
[ -e enough ]
END
chmod +x script
echo "$sets" >pattern
members() { # every process of the run, recognised by its command line or that of its parent
  for p in $(pgrep -f -- "$(cat pattern)"; pgrep -x 'grid-serve|grid-log|grid-keep'); do
    { tr '\0' ' ' <"/proc/$p/cmdline" | grep -qFf pattern && echo "$p"; } 2>/dev/null
  done | sort -un
}
no_mount() { ! cat /proc/[0-9]*/mounts 2>/dev/null | grep -qFf pattern; }
for i in $(seq 100); do
  rm -f enough
  "$GRID" run -q --name "run-$i" --datastore_mount_dir $sets ./script >out 2>err & run=$!
  sleep "$(awk -v i="$i" 'BEGIN { srand(i); print rand() * rand() * 0.2 }')"
  victim=$(members | shuf -n 1)
  [ -z "$victim" ] || kill -9 "$victim" 2>/dev/null || :
  sleep 0.05
  touch enough
  status=0; wait $run 2>/dev/null || status=$?
  for attempt in $(seq 200); do
    [ -z "$(members)" ] && no_mount && break
    sleep 0.02
  done
  [ -z "$(members)" ] || die "$i: left: $(ps -o pid,args -p "$(members | paste -sd,)")"
  no_mount || die "$i: a mount is left"
  # A run that was killed before it had a record has no state.
  said=$(grid status "run-$i" -o json 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin).get("status", "none"))')
  case $status:$said in
    0:done | [1-9]*:failed | 137:lost | 137:none | 1:none) ;;
    *) die "$i: status $status, but the run is $said" ;;
  esac
done
equal "$(grid status -q)" ""
grid datastore delete cats:1 --yes -q
equal "$(find state/grid/attachments -type f | wc -l)" 0
