# Every executor does the same for a run: the local one, and a real Slurm of one node.
# Slow: it starts a Slurm and waits for its jobs.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
needs_run
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
state() { grid status "$1" -o json | value status; }
await() { # RUN STATE
  for attempt in $(seq 400); do [ "$(state "$1")" = "$2" ] && return; sleep 0.05; done
  die "$1 is $(state "$1"), not $2"
}
# The pattern comes from a file, so that the check's own command line does not contain it.
echo 'sleep 1000.5' >pattern
script_lives() { cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' | grep -qFf pattern; }
conforms() { # EXECUTOR
  c=$1
  submit() { name=$1; shift; grid run -q --detach --cluster "$c" --name "$c-$name" "$@" >out; }
  # It runs in the caller's folder, with its variables and datastores; its output and files are kept.
  submit good --env WORD=hello -- sh -c 'cat "$1"; echo $WORD; pwd; echo 1 >$GRID_ARTIFACTS/x; echo err >&2' sh grid:cats:1/a
  grid logs -f "$c-good" >log
  equal "$(tr '\n' ' ' <log)" "meow hello $(pwd) err "
  equal "$(grid status "$c-good" -o json | value '(status, exit_status, executor, [(v["version"], v["touched"]) for v in versions])')" \
    "('done', 0, '$c', [(1, True)])"
  equal "$(grid artifacts "$c-good" -o json | value '[a["path"] for a in artifacts]')" "['x']"
  submit bad -- sh -c 'exit 3'
  await "$c-bad" failed
  equal "$(grid status "$c-bad" -o json | value exit_status)" 3
  # Stopped: asked first, killed when the time is up. Until then its versions are in use.
  submit polite -- sh -c 'trap "echo bye; exit 1" TERM; touch polite; while :; do sleep 0.05; done' sh grid:cats:1
  await "$c-polite" running; until [ -e polite ]; do sleep 0.05; done
  fails 1 grid datastore delete cats:1 --yes
  says "$c-polite"
  grid stop -q "$c-polite"
  equal "$(state "$c-polite")" stopped
  grid logs "$c-polite" | grep -q bye || die "it was not asked"
  submit deaf -- sh -c 'trap "" TERM; touch deaf; while :; do sleep 0.05; done'
  until [ -e deaf ]; do sleep 0.05; done
  grid stop -q --wait 1 "$c-deaf"
  equal "$(state "$c-deaf")" stopped
  # The supervisor is killed: the script ends with it, nothing stays mounted, and the run is `lost`.
  submit orphan -- sh -c 'touch orphan; exec sleep 1000.5' sh grid:cats:1
  until [ -e orphan ] && script_lives; do sleep 0.05; done
  kill -9 "$(grid status "$c-orphan" -o json | value pid)"
  await "$c-orphan" lost
  for attempt in $(seq 200); do script_lives || break; sleep 0.05; done
  if script_lives; then die "the script lives"; fi
  # A sweep is one job.
  submit sweep --parallel 2 -- sh -c 'echo "$1"' sh '[7, 8]'
  await "$c-sweep" "done"
  equal "$(grid logs "$c-sweep-exp1")" 8
  rm -f polite deaf orphan
}
conforms local
fails 2 grid run --cpus 2 true
says '--cluster slurm'
fails 2 grid run --cluster sluurm true
says 'local or slurm'
fails 1 env PATH=/nowhere "$GRID" run --cluster slurm /bin/true
says 'Slurm is not available'
command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null ||
  skip "the local executor conforms; there is no Slurm here to try the other"
[ "$(id -u)" = 0 ] || skip "the local executor conforms; Slurm's processes want root"
# A Slurm of one node on 127.0.0.1, for this test alone.
d=$work/slurm host=$(hostname -s)
mkdir -p "$d/run" "$d/state" "$d/spool" "$d/log"
chmod 755 "$work" "$d"
. "$here/../support/ports.sh"
dd if=/dev/urandom of="$d/munge.key" bs=1024 count=1 2>/dev/null && chmod 600 "$d/munge.key"
cat >"$d/slurm.conf" <<END
ClusterName=grid
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$d/run/munge.socket
SlurmUser=root
SlurmctldPidFile=$d/run/slurmctld.pid
SlurmdPidFile=$d/run/slurmd.pid
StateSaveLocation=$d/state
SlurmdSpoolDir=$d/spool
SlurmctldLogFile=$d/log/slurmctld.log
SlurmdLogFile=$d/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
MailProg=/bin/true
SwitchType=switch/none
ReturnToService=2
EnforcePartLimits=ALL
KillWait=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
NodeName=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=2 RealMemory=500 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$d/slurm.conf
stop_slurm() {
  for pid in "$d"/run/*.pid; do [ -e "$pid" ] && kill "$(cat "$pid")" 2>/dev/null || :; done
  sleep 0.3
  clean_up
}
trap stop_slurm EXIT
fails 1 grid run --cluster slurm --detach true
says 'no job can be started'
munged --key-file="$d/munge.key" --socket="$d/run/munge.socket" --pid-file="$d/run/munged.pid" \
  --log-file="$d/log/munged.log" --seed-file="$d/seed" --force 2>"$d/log/munged.err" ||
  skip "munged does not start here: $(cat "$d/log/munged.err")"
slurmctld -f "$SLURM_CONF" && slurmd -f "$SLURM_CONF" -N "$host" || skip "Slurm does not start here"
for attempt in $(seq 200); do
  sinfo -h -o '%t' 2>/dev/null | grep -q idle && break
  [ "$attempt" -lt 200 ] || skip "Slurm's node does not come up here: $(tail -3 "$d/log/slurmctld.log")"
  sleep 0.1
done
conforms slurm
# Requested resources reach Slurm; a refusal is reported in its own words, and leaves nothing behind.
submit asked --cpus 2 --memory 100M --sbatch=--time=5 -- sh -c 'env | grep "^SLURM_CPUS_PER_TASK\|^SLURM_MEM_PER_NODE"; squeue -h -j $SLURM_JOB_ID -o %l'
grid logs -f slurm-asked | sort >log
equal "$(tr '\n' ' ' <log)" "5:00 SLURM_CPUS_PER_TASK=2 SLURM_MEM_PER_NODE=100 "
fails 1 grid run -q --cluster slurm --cpus 99 --name huge true
says sbatch
fails 1 grid status huge
# A job that waits for its turn is queued, holds its versions, and can be stopped.
submit first --cpus 2 -- sleep 60
await slurm-first running
submit second --cpus 2 -- cat grid:cats:1/a
equal "$(state slurm-second)" queued
fails 1 grid datastore delete cats:1 --yes
says slurm-second
grid stop -q slurm-second
equal "$(state slurm-second)" stopped
grid stop -q slurm-first
