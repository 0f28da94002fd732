"""Runs `grid run` as the foreground job of an interactive shell on a terminal of its own.

Presses Ctrl-C and Ctrl-Z there, and checks that the script gets each exactly once, that grid stops
when the script does, and that `fg` continues both.
"""
import os
import pty
import select
import sys
import time

SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: print("got INT", flush=True))
signal.signal(signal.SIGCONT, lambda *_: print("got CONT", flush=True))
print("script is ready", flush=True)
for line in sys.stdin:
    print("line " + line.strip(), flush=True)
    if line.strip() == "end": sys.exit(9)
"""


class Terminal:
    def __init__(self, command):
        self.seen = ""
        pid, self.descriptor = pty.fork()
        if pid == 0:
            os.execvp(command[0], command)

    def type(self, keys):
        os.write(self.descriptor, keys.encode())

    def read_for(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self.descriptor], [], [], left)[0]:
                try:
                    self.seen += os.read(self.descriptor, 4096).decode(errors="replace")
                except OSError:
                    return

    def expect(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end:
                sys.exit(f"FAILED: no {text!r} on the terminal, but:\n{self.seen}")
            self.read_for(0.05)
        self.seen = self.seen.split(text, 1)[1]


with open("on_terminal.py", "w") as file:
    file.write(SCRIPT)
os.environ.update(PS1="PROMPT> ", TERM="dumb")
terminal = Terminal(["bash", "--norc", "--noprofile", "-i"])
terminal.expect("PROMPT> ")
terminal.type(f"'{sys.argv[1]}' run -q on_terminal.py\n")
terminal.expect("script is ready")

terminal.type("\x03")
terminal.expect("got INT")
terminal.read_for(0.3)
assert "got INT" not in terminal.seen, "Ctrl-C came twice"

terminal.type("\x1a")
terminal.expect("Stopped")
terminal.expect("PROMPT> ")
terminal.type("echo shell-$((6 * 7))\n")
terminal.expect("\nshell-42")
terminal.type("fg\n")
terminal.expect("got CONT")
terminal.read_for(0.3)
assert "got CONT" not in terminal.seen, "SIGCONT came twice"
terminal.type("hello\n")
terminal.expect("line hello")

terminal.type("end\n")
terminal.expect("PROMPT> ")
terminal.type("echo status-$?\n")
terminal.expect("\nstatus-9")
