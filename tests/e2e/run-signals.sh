# Signals and exit statuses pass through grid run as if it were not there.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo a >cats/a && grid datastore create cats -q >out
needs_run
# How a command ended, as its parent sees it: a status, or minus a signal.
ended() {
  python3 -c 'import subprocess, sys; print(subprocess.run(sys.argv[1:]).returncode)' "$@"
}
for end in 'exit 0' 'exit 1' 'exit 255' 'kill -TERM $$' 'kill -KILL $$' 'kill -INT $$' 'kill -SEGV $$' 'kill -USR1 $$'; do
  equal "$end: $(ended "$GRID" run -q sh -c "$end")" "$end: $(ended sh -c "$end")"
done
# A signal to grid reaches the script once, and does not end grid.
cat >catch.py <<'END'
import signal, sys, time
caught = []
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda number, _: caught.append(signal.Signals(number).name))
open("ready", "w").close()
while "SIGTERM" not in caught:
    time.sleep(0.01)
time.sleep(0.2)
print(*caught)
END
all="SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGWINCH SIGTSTP SIGCONT SIGRTMIN SIGTERM"
# A shell starts background processes with SIGINT and SIGQUIT ignored; Python does not.
cat >send.py <<'END'
import signal, subprocess, sys, time, os
run = subprocess.Popen([os.environ["GRID"], "run", "-q", "catch.py", *sys.argv[1:]])
while not os.path.exists("ready"):
    time.sleep(0.01)
for name in sys.argv[1:]:
    run.send_signal(getattr(signal, name))
    time.sleep(0.05)
sys.exit(run.wait())
END
equal "$(GRID=$GRID python3 send.py $all)" "$all"
# On a terminal, Ctrl-C and Ctrl-Z reach grid and the script together, and fg continues both.
python3 "$here/../support/terminal.py" "$GRID"
