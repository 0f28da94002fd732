# A server's name that resolves only after a while is waited for; one that does not exist is reported,
# with what to do, after the last try. Runs in a network with a name server of its own.
. "$(dirname "$0")/lib.sh"
if [ -z "${IN_OWN_NETWORK:-}" ]; then
  # lib.sh has set traps for this shell; the one below has its own.
  unshare -rnm true 2>err || skip "no network namespaces: $(cat err)"
  status=0
  IN_OWN_NETWORK=yes unshare -rnm sh "$here/s3-names.sh" || status=$?
  exit "$status"
fi
export AWS_ACCESS_KEY_ID=USERKEY AWS_SECRET_ACCESS_KEY=usersecret AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3 http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
command -v ip >/dev/null || skip "ip is not installed: scripts/install-deps test"
ip link set lo up
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >resolv.conf
mount --bind resolv.conf /etc/resolv.conf 2>err || skip "no own resolv.conf: $(cat err)"

# Fails for the first four questions for an address of late.test, then gives this machine's; knows
# no other names. Port 53 is this network's own, like all ports.
/usr/bin/python3 - <<'P' >asked 2>names.err &
import socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("listening", flush=True)
failures = 4
while True:
    question, client = server.recvfrom(512)
    end = question.index(b"\0", 12) + 5
    name, kind = question[13:end - 5], question[end - 4:end - 2]
    code, answer = 3, b""
    if name == b"late\x04test":
        code = 2 if failures > 0 else 0
        if kind == b"\0\1":
            failures -= 1
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if code == 0 else b""
        print("failed" if code else "answered", flush=True)
    head = question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if answer else 0, 0, 0)
    server.sendto(head + question[12:end] + answer, client)
P
names=$!
mkdir -p objects/private/pictures && seq 1000 >objects/private/pictures/a && echo b >objects/private/pictures/b
echo '{"users": {"USERKEY": {"secret": "usersecret", "arn": "x", "may_read": ["private"]}}, "roles": {}}' >standin.json
/usr/bin/python3 "$here/../support/s3_standin.py" 8000 objects standin.json >standin.out 2>&1 &
standin=$!
trap 'kill "$names" "$standin" 2>/dev/null || :; clean_up' EXIT
for _ in $(seq 100); do [ -s asked ] && curl -s -o /dev/null http://127.0.0.1:8000/ && break; sleep 0.1; done

begun=$(date +%s)
AWS_ENDPOINT_URL=http://nosuchhost.invalid "$GRID" datastore create s3://private/pictures/ --name never >out2 2>err2 &
never=$!
AWS_ENDPOINT_URL=http://late.test:8000 grid datastore create s3://private/pictures/ --name late --quiet >/dev/null
grep -q failed asked || die "the name was known at once: $(cat asked)"
grid datastore get late copy --quiet
cmp copy/a objects/private/pictures/a && cmp copy/b objects/private/pictures/b

status=0
wait "$never" || status=$?
equal "$status" 1
# Not with all the patience that a server gets.
[ $(($(date +%s) - begun)) -lt 60 ] || die "the name was looked up for $(($(date +%s) - begun)) s"
grep -q 'waiting' err2 || die "a wait of ten seconds was not said: $(cat err2)"
equal "$(tail -1 err2 | sed 's/; tried [0-9]* times in [0-9.]* s//')" "grid: cannot list s3://private/pictures/: Could not resolve host: nosuchhost.invalid; check the name and this machine's name service"
