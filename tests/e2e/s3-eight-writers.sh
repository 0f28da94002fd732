# Eight writers publish to one name at once: versions 1 to 24, none lost, none twice, each with its
# writer's content.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
radosgw_start
use_owner
make_bucket stores
export GRID_STORE=s3://stores/x
mkdir first && echo first >first/file && grid datastore create first --name other --quiet >/dev/null
for writer in 1 2 3 4 5 6 7 8; do
  (
    # A machine of its own.
    export XDG_CACHE_HOME=$work/cache-$writer XDG_STATE_HOME=$work/state-$writer
    for round in 1 2 3; do
      mkdir -p "w$writer" && echo "$writer $round" >"w$writer/file"
      head -c 200000 /dev/urandom >"w$writer/bytes"
      "$GRID" datastore create "w$writer" --name cats --message "$writer $round" -o json --quiet >"out-$writer-$round" ||
        echo "writer $writer failed" >>failed
    done
  ) &
  writers="${writers:-} $!"
done
wait $writers
[ ! -e failed ] || die "$(cat failed)"
# All see what each writer was told.
grid datastore show cats -o json >shown
/usr/bin/python3 - <<'P'
import glob, json
told = {}
for name in glob.glob("out-*"):
    version = json.load(open(name))
    assert version["version"] not in told, "a number was given twice"
    told[version["version"]] = (version["message"], version["root"])
seen = {v["version"]: (v["message"], v["root"]) for v in json.load(open("shown"))["versions"]}
assert sorted(seen) == list(range(1, 25)), sorted(seen)
assert seen == told
assert len({message for message, _ in seen.values()}) == 24
P
for version in 1 7 13 24; do
  message=$(grid datastore show "cats:$version" -o json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["versions"][0]["message"])')
  equal "$(grid datastore cat "cats:$version" file)" "$message"
done
grid datastore verify --quiet | grep -q 'all is well' || die "damage"
