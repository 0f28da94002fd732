# Waiting for a server that is down or does not answer is reported.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true GRID_PATIENCE=12
nobody=http://127.0.0.1:$(free_port)
silent_port=$(free_port)
/usr/bin/python3 -c 'import socket, sys, time
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("listening", "w").close()
time.sleep(600)' "$silent_port" &
silent=$!
until [ -e listening ]; do sleep 0.05; done
AWS_ENDPOINT_URL=$nobody "$GRID" --store s3://stores/x datastore list >out1 2>err1 &
first=$!
AWS_ENDPOINT_URL=http://127.0.0.1:$silent_port "$GRID" --store s3://stores/x datastore list >out2 2>err2 &
second=$!
AWS_ENDPOINT_URL=$nobody "$GRID" --store s3://stores/x datastore list --quiet >out3 2>err3 &
third=$!
trap 'kill $silent $first $second $third 2>/dev/null || :; clean_up' EXIT
heard() { # FILE TEXT
  for _ in $(seq 300); do grep -q "$2" "$1" && return; sleep 0.1; done
  die "not heard: $2: $(cat "$1")"
}
heard err1 'still waiting to read s3://stores/x/store.json, after .*: .*127.0.0.1.* (tried [0-9]* times); trying again'
heard err2 'still waiting to read s3://stores/x/store.json, after [0-9. a-z]*$'
status=0
wait "$first" || status=$?
equal "$status" 1
tail -1 err1 | grep -q 'cannot read s3://stores/x/store.json: .*; check that the server is up' || die "$(cat err1)"
wait "$third" || :
equal "$(grep -c . err3)" 1
