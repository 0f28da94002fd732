# What grid serve gives of many files at once, by real sockets: folders as archives that other
# programs unpack, batches, and connections that are cut when an archive cannot be finished.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/sub/hollow cats/sub/Kätzchen && seq 1 200000 >cats/numbers && head -c 40000000 /dev/urandom >cats/sub/big  # more than sockets hold
for i in $(seq 300); do echo "$i" >"cats/sub/$i.txt"; done
chmod +x cats/numbers && ln -s ../numbers cats/sub/link && ln cats/numbers cats/sub/other && : >cats/empty
touch -d '1969-12-31 23:59:58.25Z' cats/sub/1.txt
grid datastore create cats -q >/dev/null
"$GRID" serve --listen 127.0.0.1:0 -o json --access-log log >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
url=$(python3 -c 'import json; print(json.load(open("served"))["url"])')
token=$(grid token create -q)
get() { path=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@" "$url$path"; }
version=/api/v1/datastores/cats/versions/1

get "$version/archive?format=tar" | tar x
listing cats >wanted && listing cats-1 >got && cmp wanted got
mkdir folder && get "$version/archive/sub?format=tar" | tar x -C folder && cmp cats/numbers folder/sub/other
get "$version/archive" -o all.zip
python3 - <<'P'
import os, stat, zipfile
archive = zipfile.ZipFile("all.zip")
assert archive.testzip() is None
names = {info.filename: info for info in archive.infolist()}
assert len(names) == 308, len(names)
for info in names.values():
    path = "cats/" + info.filename.removeprefix("cats-1/")
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        assert archive.read(info).decode() == os.readlink(path)
    elif info.is_dir():
        assert os.path.isdir(path), path
    else:
        assert archive.read(info) == open(path, "rb").read(), path
        assert (mode & 0o111 != 0) == os.access(path, os.X_OK) or os.geteuid() == 0, path
assert names["cats-1/sub/hollow/"].is_dir()
P
if command -v unzip >/dev/null; then unzip -q all.zip -d unzipped && diff -r cats unzipped/cats-1; fi
if command -v bsdtar >/dev/null; then mkdir streamed && get "$version/archive" | bsdtar xf - -C streamed && diff -r cats streamed/cats-1; fi

# Small files in the order that was asked for.
get $version/batch -d '{"paths": ["sub/2.txt", "none", "sub/1.txt", "sub/big"]}' -o batch
printf '\0\2\0\0\0002\n\1\0\0\0\0\0\2\0\0\0001\n\2\0\0\0\0' | cmp - batch
# A search, and its next part.
get "$version/search?q=1?.txt&count=2" | grep -q '"sub/10.txt".*"sub/11.txt"'
get "$version/search?q=1?.txt&count=2" | grep -q '"token": "1-'

# A client that goes away is noted, and a file that is damaged cuts the connection.
get "$version/archive" --max-filesize 1000000 --limit-rate 100000 -m 1 -o /dev/null && die 'it took it all'
python3 - <<'P'
import glob, os
data = open("cats/sub/big", "rb").read()[2000000:2000100]
for path in glob.glob("store/packs/*"):
    pack = bytearray(open(path, "rb").read())
    at = pack.find(data)
    if at < 0:
        continue
    pack[at] ^= 1
    os.chmod(path, 0o600)
    open(path, "wb").write(pack)
    break
else:
    raise SystemExit("no pack has the bytes as they are")
P
for format in zip tar; do
  status=0; get "$version/archive/sub?format=$format" -o cut.$format || status=$?
  [ $status = 18 ] || [ $status = 56 ] || die "status $status of curl for a damaged $format"
done
python3 - <<'P'
import json, time
for attempt in range(100):  # an answer is logged when the server has seen its end
    lines = [json.loads(line) for line in open("log")]
    cut = [line for line in lines if not line["whole"]]
    if len(cut) >= 3:
        break
    time.sleep(0.1)
assert len(cut) >= 3 and all("/archive" in line["route"] for line in cut), cut
assert any(line["route"].endswith("/batch") and line["sent"] == 24 for line in lines), lines
P
kill $pid
wait $pid || die "status $? after SIGTERM: $(cat messages)"
