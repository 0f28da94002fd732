# free_port: prints a port of 127.0.0.1 on which no process listens and that no other script gets while this
# one lives. It is outside the range that the kernel gives to clients, so none can take it by chance before
# the server that it is for has started.
free_port() {
  /usr/bin/python3 - "$$" <<'P'
import fcntl, os, random, socket, sys
notes = f"/tmp/grid-test-ports-{os.getuid()}"  # for each port that was given, a file with the script's pid
os.makedirs(notes, exist_ok=True)
with open("/proc/sys/net/ipv4/ip_local_port_range") as given_by_kernel:
    end = int(given_by_kernel.read().split()[0])
with open(f"{notes}/lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    for port in random.sample(range(end // 2, end), end // 2):
        note = f"{notes}/{port}"
        if os.path.exists(note):
            with open(note) as owner:
                if os.path.exists(f"/proc/{owner.read() or 0}"):
                    continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        with open(note, "w") as owner:
            owner.write(sys.argv[1])
        print(port)
        sys.exit()
sys.exit("no port is free")
P
}
