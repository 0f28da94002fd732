#!/usr/bin/env bash
# How long the page of grid serve takes in Debian's Chromium, on a store of its own:
#   bench/page.sh [ENTRIES]      ENTRIES: of the large folder, 1,000,000 if it is missing
set -euo pipefail
cd "$(dirname "$0")/.."
entries=${1:-1000000}
scripts/install-deps build run test
scripts/build release
work=$(mktemp -d)
trap 'kill "${pid:-}" 2>/dev/null || :; rm -rf "$work"' EXIT
export GRID_STORE=$work/store XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
grid=$PWD/build/release/grid tests=$PWD/tests/page
[ -e "$tests/node_modules/playwright-core" ] || (cd "$tests" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
python3 - "$entries" >"$work/many.tar" <<'P'
import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    for i in range(int(sys.argv[1])):
        tar.addfile(tarfile.TarInfo(f"f{i:07}.jpg"))
P
"$grid" datastore create "$work/many.tar" --extract --name many -q >/dev/null
python3 "$tests/make_data.py" "$work/shapes"
mkdir "$work/thumbs"
for i in 0 1 2 3 4; do for f in "$work"/shapes/train/*/*.png; do ln "$f" "$work/thumbs/$i-$(basename "$(dirname "$f")")-$(basename "$f")"; done; done
"$grid" datastore create "$work/thumbs" -q >/dev/null
python3 - "$work/upload" <<'P'
import os, sys
os.makedirs(f"{sys.argv[1]}/large")
for i in range(10):
    with open(f"{sys.argv[1]}/large/{i}", "wb") as file:
        file.write(os.urandom(50_000_000))
for i in range(3000):
    folder = f"{sys.argv[1]}/small/{i // 500}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{i}", "wb") as file:
        file.write(os.urandom(30_000))
P
size=590000000
begun=$(date +%s%N)
"$grid" --store "$work/other" datastore create "$work/upload" -q >/dev/null
cli=$((size * 1000 / ($(date +%s%N) - begun)))
"$grid" serve --listen 127.0.0.1:0 -o json >"$work/served" & pid=$!
until [ -s "$work/served" ]; do sleep 0.05; done
node "$tests/figures.mjs" "$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["link"])' "$work/served")" "$entries" "$work/upload" "$size" "$cli"
