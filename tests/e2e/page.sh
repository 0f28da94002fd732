# The page of grid serve in Debian's Chromium: every view on a real store, without a refusal of its
# policy, an error of a script or a request elsewhere; hostile files and names that stay text.
# With GRID_SCREENSHOTS=FOLDER it writes a picture of every view there instead.
. "$(dirname "$0")/lib.sh"
tests=$here/../page
command -v node >/dev/null || skip "there is no Node: scripts/install-deps build test"
[ -e "$tests/node_modules/playwright-core" ] ||
  (cd "$tests" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >npm.log 2>&1 || die "npm ci: $(cat npm.log)"

python3 "$tests/make_data.py" shapes
mv shapes/config.json old.json && sed 's/17/16/' old.json >shapes/config.json
mv shapes/train/2/00007.png shapes/train/1/moved.png && mv shapes/README.md .
cp shapes/train/0/00002.png keep && cp shapes/train/0/00003.png shapes/train/0/00002.png
cp shapes/labels.csv . && sed -i -e '5d' -e '9s/,[01],/,9,/' shapes/labels.csv
grid datastore create shapes -m 'first images' -q >/dev/null
cp old.json shapes/config.json && cp keep shapes/train/0/00002.png
mv shapes/train/1/moved.png shapes/train/2/00007.png && mv README.md labels.csv shapes/
rm shapes/train/1/00039.png
node "$tests/make_parquet.mjs" shapes/table.parquet
grid datastore create shapes -m 'relabelled, with a README' -q >/dev/null
grid datastore describe shapes --text 'Waves and rings for **tests** of the page.' -q >/dev/null
mkdir -p news/below && head -c 40000000 /dev/urandom >news/below/large && echo small >news/small && : >news/empty
mkdir many && (cd many && seq -f 'f%06g' 1 30000 | xargs touch)
grid datastore create many -q >/dev/null
mkdir few && touch few/one
grid datastore create few -q --name spare >/dev/null
grid datastore create many -q --name spare >/dev/null
runs=no
if "$GRID" run -q --name reads -- sh -c 'printf "\033[32mreading\033[0m\n"; cat /datastores/shapes/2/train/0/* | wc -c; seq 1 300
    mkdir "$GRID_ARTIFACTS/out"; cp /datastores/shapes/2/train/0/00003.png "$GRID_ARTIFACTS/out/picture.png"
    echo "{\"test\": {\"accuracy\": 0.9}}" >"$GRID_ARTIFACTS/metrics.json"' >/dev/null 2>err; then
  runs=yes
  grid run -q --name sweep -- sh -c 'echo "{\"test\": {\"accuracy\": 0.$1, \"loss\": $0}}" >"$GRID_ARTIFACTS/metrics.json"' '[0.001, 0.01, 0.1]' '[16, 32]' >/dev/null
fi

"$GRID" serve --listen 127.0.0.1:0 -o json >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
case $(curl -sS "$(python3 -c 'import json; print(json.load(open("served"))["url"])')/") in
  *'built without its page'*) kill $pid; skip "the program was built without the page" ;;
esac
link=$(python3 -c 'import json; print(json.load(open("served"))["link"])')
if [ -n "${GRID_SCREENSHOTS:-}" ]; then
  node "$tests/screenshots.mjs" "$link" "$GRID_SCREENSHOTS" ${GRID_VIEW:+"$GRID_VIEW"}
  exit
fi
status=0
if [ -z "${GRID_FLOW:-}" ]; then # on a machine whose default store does not exist yet
  (unset GRID_STORE; exec "$GRID" serve --listen 127.0.0.1:0 -o json) >served2 2>messages2 & second=$!
  until [ -s served2 ]; do kill -0 $second || die "$(cat messages2)"; sleep 0.05; done
  node "$tests/empty.mjs" "$(python3 -c 'import json; print(json.load(open("served2"))["link"])')" few || status=$?
  kill $second && wait $second || die "status $? after SIGTERM: $(cat messages2)"
fi
node "$tests/flows.mjs" "$link" "$(grid token create -q)" $runs ${GRID_FLOW:+"$GRID_FLOW"} || status=$?
if grid datastore show dropped:2 >/dev/null 2>&1; then
  grid datastore get dropped:1 got -q >/dev/null && diff -r shapes/train got
  grid datastore get dropped:2 got2 -q >/dev/null && diff -r news got2
fi
kill $pid && wait $pid || die "status $? after SIGTERM: $(cat messages)"
exit $status
