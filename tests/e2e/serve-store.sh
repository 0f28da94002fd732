# A store behind a grid server, for a machine without keys: every command works with --store
# http://…, what is broken or not allowed is refused, and nothing is lost when the server dies.
. "$(dirname "$0")/lib.sh"
trap 'kill $pid 2>/dev/null || :; clean_up' EXIT
mkdir -p cats/breeds
for i in $(seq 1 300); do seq 1 "$i" >"cats/breeds/$i"; done
head -c 30000000 /dev/urandom >cats/big
grid datastore create cats -q >/dev/null
store=$GRID_STORE
start() { # [ADDRESS]
  env -u XDG_CONFIG_HOME XDG_CACHE_HOME="$work/cache" XDG_STATE_HOME="$work/state" \
    "$GRID" --store "$store" serve --listen "${1:-127.0.0.1:0}" -o json >served 2>messages & pid=$!
  until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
  url=$(python3 -c 'import json; print(json.load(open("served"))["url"])')
}
start
writer=$(grid token create --role writer -q) reader=$(grid token create -q)
limited=$(grid token create --role writer --datastore 'cats*' -q)

# Another machine: it has folders of its own, and the token.
export XDG_CACHE_HOME=$work/far/cache XDG_STATE_HOME=$work/far/state XDG_CONFIG_HOME=$work/far/config
export GRID_STORE=$url
fails 1 grid datastore list && says 'grid login'
fails 2 grid login "$url" </dev/null && says 'no token'
echo grid_0123456789ab_nonsense | fails 1 grid login "$url" && says 'does not know'
echo "$writer" | grid login "$url" -q >out
grep -q 'writer, all datastores' out
equal "$(stat -c %a "$XDG_CONFIG_HOME"/grid/logins/*.json)" 600
equal "$(grid datastore list -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["datastores"][0]["files"])')" 301
grid datastore get cats copied -q && diff -r cats copied
grid datastore cat cats:1 breeds/7 | cmp - cats/breeds/7

# A create sends what is new, and the version is there for everyone.
cp -r cats dogs && head -c 5000000 /dev/urandom >dogs/more
grid datastore create dogs -q -o json >out
python3 -c 'import json; d = json.load(open("out")); assert d["stored_bytes"] < 6000000, d' || die "$(cat out)"
grid datastore create dogs -q | grep -q 'dogs' # the same again
grid --store "$store" datastore get dogs:1 again -q && diff -r dogs again
grid --store "$store" datastore verify -q >out || die "$(cat out)"
grid datastore verify -q >out || die "$(cat out)"
grid datastore describe dogs --text 'good dogs' -q >out
grid --store "$store" datastore show dogs | grep -q 'good dogs'
grid datastore delete dogs:1 --yes -q >out
grid --store "$store" datastore list | grep -q dogs && die "dogs:1 is not deleted"
if grid run -q true 2>err; then
  grid run -q sh -c 'cmp /datastores/cats/1/big cats/big && ls /datastores/cats/1/breeds | wc -l' -- /datastores/cats/1 >out
  equal "$(cat out)" 300
fi

# What is not allowed, or is no store.
GRID_TOKEN=$reader fails 1 grid datastore create dogs --name more -q && says 'role writer'
GRID_TOKEN=$limited fails 1 grid datastore list && says 'limited'
fails 2 grid --store 'ftp://x' datastore list && says 'ftp://'
fails 2 grid --store "http://user:word@${url#http://}" datastore list && says 'no user'
fails 1 env GRID_PATIENCE=1 "$GRID" --store "${url%:*}:1" datastore list && says "${url%:*}:1"
fails 1 env GRID_PATIENCE=1 "$GRID" --store "https://${url#http://}" datastore list && says 'use http://'
fails 1 grid gc && says 'where the store is'

# Objects that no reader could use, or that claim what is not so, are not taken.
put() { # KEY FILE [DIGEST]
  curl -sS -o out -w '%{http_code}' -T "$2" -H "Authorization: Bearer $writer" -H 'If-None-Match: *' \
    -H "Grid-Digest: ${3:-$(b3sum "$2" | cut -d' ' -f1)}" "$url/api/v1/objects/$1"
}
name=0123456789abcdef0123456789abcdef
index=$(find "$store/packs" -name '*.index' | head -n 1)
equal "$(put packs/$name.index "$index")" 422   # of a pack that is not there
head -c 100000 /dev/urandom >noise
equal "$(put packs/$name.data noise)" 201
equal "$(put packs/$name.data noise)" 412
equal "$(put packs/$name.index "$index")" 422   # of other data
equal "$(put packs/$name.index noise)" 422
equal "$(put packs/${name}0.data noise)" 400
equal "$(put store.json noise)" 400
equal "$(put datastores/cats/versions/9 "$store/datastores/cats/versions/1")" 422
equal "$(put datastores/cats/versions/9 noise)" 422
equal "$(put datastores/cats/deleted/1 noise)" 422
equal "$(put packs/${name%f}e.data noise "$(b3sum cats/big | cut -d' ' -f1)")" 422
equal "$(curl -sS -o out -w '%{http_code}' -X DELETE -H "Authorization: Bearer $writer" "$url/api/v1/objects/store.json")" 403
for path in %2e%2e/secret ../secret packs/%2e%2e/%2e%2e/secret packs%2f.. packs//x; do
  case $(curl -sS -o out -w '%{http_code}' --path-as-is -H "Authorization: Bearer $writer" "$url/api/v1/objects/$path") in
    400 | 404) ;;
    *) die "$path: $(cat out)" ;;
  esac
done
grid --store "$store" datastore verify -q >out || die "$(cat out)"

# The server is killed while a create sends, and is there again: the create goes on.
head -c 120000000 /dev/urandom >dogs/huge
"$GRID" datastore create dogs --name huge -q >created 2>errors & create=$!
for _ in $(seq 200); do [ "$(find "$store/packs" -name '*.data' | wc -l)" -ge 5 ] && break; sleep 0.02; done
kill -9 $pid && wait $pid || :
sleep 0.5
start "${url#http://}"
wait $create || die "$(cat errors)"
grid --store "$store" datastore get huge:1 huge -q && cmp huge/huge dogs/huge
# And a client that is killed: nothing of its version is to be seen, and the same command finishes it.
cp -r dogs birds && head -c 80000000 /dev/urandom >birds/huge2
"$GRID" datastore create birds -q >created 2>errors & create=$!
sleep 0.4
kill -9 $create && wait $create || :
grid --store "$store" datastore show birds >out 2>&1 && die "a part of birds is visible"
grid datastore create birds -q >out
grid --store "$store" datastore verify birds -q >out || die "$(cat out)"
kill $pid; wait $pid
fails 1 env GRID_PATIENCE=1 "$GRID" datastore create cats --name never -q
echo "$writer" | GRID_PATIENCE=1 fails 1 grid login "$url"
grid logout "$url" -q
fails 1 grid logout "$url" && says 'no token is saved'
