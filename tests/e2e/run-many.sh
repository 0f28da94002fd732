# Fifty runs of one version at once: each reads all of it, and nothing is left behind.
. "$(dirname "$0")/lib.sh"
mkdir images && python3 -c '
import random
random.seed(1)
for i in range(40): open(f"images/{i}", "wb").write(random.randbytes(20000))' && grid datastore create images -q >out
needs_run
expected=$(cat images/* | sha256sum)
for i in $(seq 50); do
  grid run -q --name "run-$i" -- sh -c 'cat "$1"/* | sha256sum' sh grid:images >"sum-$i" &
done
wait
for i in $(seq 50); do equal "$(cat "sum-$i")" "$expected"; done
equal "$(grid history --all -o json | python3 -c 'import json, sys; print(sorted({(r["status"], r["versions"][0]["bytes_read"] >= 800000) for r in json.load(sys.stdin)["runs"] if r["name"].startswith("run-")}))')" "[('done', True)]"
equal "$(grid status -q)" ""
equal "$(ls state/grid/attachments)" ""
grid datastore delete -q images:1 --yes
