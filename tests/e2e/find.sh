# find: by name, size, time and digest, in one version and in all datastores.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/deep dogs && seq 10 >cats/deep/labels.csv && head -c 20000 /dev/zero >cats/Big.bin
echo 1 >dogs/labels.txt && touch -d '2 years ago' cats/deep/labels.csv
grid datastore create cats -q >/dev/null && grid datastore create dogs -q >/dev/null
rm cats/Big.bin && grid datastore create cats -q >/dev/null
equal "$(grid datastore find labels | tr '\n' ';')" 'cats:2  deep/labels.csv;dogs:1  labels.txt;'
equal "$(grid find LABELS dogs)" 'dogs:1  labels.txt'
equal "$(grid datastore find '*.csv' cats:1)" 'cats:1  deep/labels.csv'
equal "$(grid datastore find 'deep/*' cats)" 'cats:2  deep/labels.csv'
fails 1 grid datastore find big
says 'found nothing in 2 versions'
equal "$(grid datastore find big cats --versions)" 'cats:1  Big.bin'
equal "$(grid datastore find '*' cats:1 --larger 10kB)" 'cats:1  Big.bin'
equal "$(grid datastore find '*' cats:1 --changed-since 1h | grep -c labels)" 0
digest=$(grid datastore ls -o json cats:1 deep | sed -n 's/.*"digest": "\([0-9a-f]*\)".*/\1/p' | head -1)
[ -z "$digest" ] || equal "$(grid datastore find '*' --digest "$digest")" 'cats:2  deep/labels.csv'
grid datastore find labels -o json | python3 -c 'import json, sys
found = json.load(sys.stdin)["found"]
assert [(f["name"], f["version"], f["path"]) for f in found] == [("cats", 2, "deep/labels.csv"), ("dogs", 1, "labels.txt")], found'
fails 2 grid datastore find labels --larger much
fails 2 grid datastore find labels --digest XYZ
fails 1 grid datastore find labels birds
