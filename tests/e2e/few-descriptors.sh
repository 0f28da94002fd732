# A create that may open only a few files at a time makes the same version of many small files.
. "$(dirname "$0")/lib.sh"
mkdir in && for i in $(seq 3000); do echo "$i" >"in/$i"; done
grid datastore create in --name all --quiet >/dev/null
root_of() { grid datastore show "$1" -o json | grep -o '"root": *"[0-9a-f]*"'; }
for limit in 64 32; do
  (ulimit -n $limit && grid datastore create in --name few$limit --quiet >/dev/null 2>err) || die "$limit: $(cat err)"
  equal "$(root_of few$limit)" "$(root_of all)"
done
