# More clients of the S3 gateway: boto3, pandas, rclone mount, s3fs, GDAL, and from npm the AWS SDK, minio-js and
# polars. What is not installed, or cannot be had from npm, is named and left out.
# Slow: it installs npm packages and starts many programs.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/a/b cats/a-b cats/hollow && seq 1000 >cats/numbers && head -c 20000000 /dev/urandom >cats/large
echo x,y >cats/table.csv && seq 1 5000 | sed 's/.*/&,&00/' >>cats/table.csv
for i in $(seq 1500); do echo $i >cats/a/b/$i; done
echo odd >'cats/a-b/é +&.txt' && echo dot >cats/a.txt && chmod +x cats/a.txt
/usr/bin/python3 -c 'from PIL import Image; Image.new("RGB", (40, 30), (1, 2, 3)).save("cats/map.tif")' 2>/dev/null || :
touch -d '2001-02-03 04:05:06.789 UTC' cats/numbers
grid datastore create cats -q >/dev/null
"$GRID" serve --listen 127.0.0.1:0 --s3-listen 127.0.0.1:0 -o json >served 2>messages & pid=$!
until [ -s served ]; do kill -0 $pid || die "$(cat messages)"; sleep 0.05; done
member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
grid token create --s3 -o json >key
AWS_ACCESS_KEY_ID=$(member key access_key_id) AWS_SECRET_ACCESS_KEY=$(member key secret_access_key) endpoint=$(member served s3_url)
below=$(member served url)/s3
unset AWS_CA_BUNDLE http_proxy HTTP_PROXY all_proxy ALL_PROXY
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true endpoint below
host=${endpoint#http://}
tried=
left_out() { echo "SKIPPED: $*"; }
unmount() { fusermount3 -u "$1" || umount -l "$1"; }
wait_for_mount() { # DIR LOG
  for _ in $(seq 100); do
    grep -q " $work/$1 " /proc/self/mounts && return
    sleep 0.1
  done
  die "$1 is not mounted: $(cat "$2")"
}

if /usr/bin/python3 -c 'import boto3' 2>/dev/null; then
  /usr/bin/python3 - <<'P'
import boto3, io, os
from botocore.exceptions import ClientError
for endpoint in os.environ["endpoint"], os.environ["below"]:
    s3 = boto3.client("s3", endpoint_url=endpoint)
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["cats"]
    s3.head_bucket(Bucket="cats")
    want = sorted(os.path.relpath(os.path.join(d, f), "cats") for d, _, fs in os.walk("cats") for f in fs)
    want = sorted(["1/" + w for w in want] + ["1/hollow/"], key=lambda k: k.encode())
    for name in "list_objects", "list_objects_v2":
        pages = s3.get_paginator(name).paginate(Bucket="cats", PaginationConfig={"PageSize": 400})
        assert [o["Key"] for p in pages for o in p["Contents"]] == want, name
    top = s3.list_objects_v2(Bucket="cats", Prefix="1/", Delimiter="/")
    assert [p["Prefix"] for p in top["CommonPrefixes"]] == ["1/a-b/", "1/a/", "1/hollow/"], top
    body = io.BytesIO()
    s3.download_fileobj("cats", "1/large", body)
    assert body.getvalue() == open("cats/large", "rb").read()
    assert s3.get_object(Bucket="cats", Key="1/a-b/é +&.txt")["Body"].read() == b"odd\n"
    part = s3.get_object(Bucket="cats", Key="1/numbers", Range="bytes=2-5")
    assert part["Body"].read() == b"2\n3\n" and part["ContentRange"] == "bytes 2-5/3893"
    head = s3.head_object(Bucket="cats", Key="1/numbers")
    assert head["Metadata"]["mtime"] == "981173106.789000000", head["Metadata"]
    for wrong, status in [(dict(Key="1/a"), 404), (dict(Key="1/none"), 404), (dict(Key="1/numbers", IfMatch="x"), 412),
                          (dict(Key="1/numbers", IfNoneMatch=head["ETag"]), 304), (dict(Key="1/numbers", Range="bytes=9999-"), 416)]:
        try:
            s3.get_object(Bucket="cats", **wrong)
            assert False, wrong
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, (wrong, error)
    for write in (lambda: s3.put_object(Bucket="cats", Key="2/x", Body=b"x" * 9000000),
                  lambda: s3.delete_object(Bucket="cats", Key="1/numbers"), lambda: s3.create_bucket(Bucket="new"),
                  lambda: s3.create_multipart_upload(Bucket="cats", Key="2/x"),
                  lambda: s3.delete_objects(Bucket="cats", Delete={"Objects": [{"Key": "1/numbers"}]})):
        try:
            write()
            assert False
        except ClientError as error:
            assert error.response["Error"]["Code"] == "MethodNotAllowed", error
P
  tried="$tried boto3"
else
  left_out "boto3: Debian's python3-boto3"
fi
if /usr/bin/python3 -c 'import boto3, pandas' 2>/dev/null; then
  # Debian has no s3fs for Python, with which pandas opens s3:// by itself.
  /usr/bin/python3 - <<'P'
import boto3, os, pandas
from botocore.client import Config
# For links, boto3 takes an older signature unless it is told.
s3 = boto3.client("s3", endpoint_url=os.environ["endpoint"], config=Config(signature_version="s3v4"))
body = s3.get_object(Bucket="cats", Key="1/table.csv")["Body"]
assert pandas.read_csv(body)["x"].sum() == 5000 * 5001 // 2
url = s3.generate_presigned_url("get_object", dict(Bucket="cats", Key="1/table.csv"))
assert pandas.read_csv(url)["y"].max() == 500000
P
  tried="$tried pandas"
else
  left_out "pandas: Debian's python3-pandas"
fi

if [ -x /usr/bin/rclone ] && [ -w /dev/fuse ]; then
  mkdir via-rclone
  /usr/bin/rclone --config /dev/null --s3-provider Other --s3-endpoint "$below" --s3-env-auth \
    mount :s3:cats/1 via-rclone --read-only --vfs-cache-mode off >rclone.log 2>&1 & rclone=$!
  wait_for_mount via-rclone rclone.log
  diff -r cats via-rclone
  equal "$(stat -c %Y via-rclone/numbers)" "$(stat -c %Y cats/numbers)"
  unmount via-rclone
  wait $rclone || :
  tried="$tried rclone-mount"
else
  left_out "rclone mount: Debian's rclone and a /dev/fuse"
fi

if [ -x /usr/bin/s3fs ] && [ -w /dev/fuse ]; then
  mkdir via-s3fs && echo "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" >s3fs.passwd && chmod 600 s3fs.passwd
  s3fs cats:/1 via-s3fs -f -o ro,passwd_file=s3fs.passwd,url="$endpoint",use_path_request_style,complement_stat >s3fs.log 2>&1 & s3fs=$!
  wait_for_mount via-s3fs s3fs.log
  diff -r cats via-s3fs || die "$(tail -5 s3fs.log)"
  equal "$(stat -c %Y via-s3fs/numbers)" "$(stat -c %Y cats/numbers)"
  unmount via-s3fs
  wait $s3fs || :
  tried="$tried s3fs"
else
  left_out "s3fs: Debian's s3fs and a /dev/fuse"
fi

if [ -x /usr/bin/gdalinfo ] && [ -e cats/map.tif ]; then
  AWS_S3_ENDPOINT=$host AWS_HTTPS=NO AWS_VIRTUAL_HOSTING=FALSE /usr/bin/gdalinfo /vsis3/cats/1/map.tif >gdal.out 2>&1 || die "$(cat gdal.out)"
  grep -q 'Size is 40, 30' gdal.out || die "$(cat gdal.out)"
  tried="$tried gdal"
else
  left_out "GDAL: Debian's gdal-bin and python3-pil"
fi

npm_folder=${GRID_NPM_CLIENTS:-$work/npm}
mkdir -p "$npm_folder"
has() { [ -d "$npm_folder/node_modules/$1" ]; }
if command -v node >/dev/null; then
  has minio || (cd "$npm_folder" && npm install --no-audit --no-fund --prefix . @aws-sdk/client-s3 @aws-sdk/s3-request-presigner minio \
    nodejs-polars nodejs-polars-linux-x64-gnu >npm.log 2>&1) || echo "npm: $(tail -3 "$npm_folder/npm.log")"
fi
run_node() { (cd "$npm_folder" && export NODE_PATH="$npm_folder/node_modules" work; program=$work/$1; shift; node "$program" "$@"); }
if has @aws-sdk/client-s3; then
  cat >sdk.cjs <<'J'
const { S3Client, GetObjectCommand, HeadObjectCommand, paginateListObjectsV2, ListBucketsCommand } = require("@aws-sdk/client-s3");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const assert = require("assert"), fs = require("fs");
(async () => {
  const s3 = new S3Client({ endpoint: process.env.below, forcePathStyle: true, region: "eu-west-1" });
  assert.equal((await s3.send(new ListBucketsCommand({}))).Buckets[0].Name, "cats");
  let count = 0;
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: "cats", Prefix: "1/a/" })) count += page.Contents.length;
  assert.equal(count, 1500);
  const got = await s3.send(new GetObjectCommand({ Bucket: "cats", Key: "1/large" }));
  const want = fs.readFileSync(process.env.work + "/cats/large");
  assert.ok(want.equals(Buffer.from(await got.Body.transformToByteArray())));
  const odd = { Bucket: "cats", Key: "1/a-b/é +&.txt" };
  assert.equal(await (await s3.send(new GetObjectCommand(odd))).Body.transformToString(), "odd\n");
  const url = await getSignedUrl(s3, new GetObjectCommand({ ...odd, ResponseContentType: "text/csv" }), { expiresIn: 60 });
  const answer = await fetch(url);
  assert.equal(await answer.text(), "odd\n");
  assert.equal(answer.headers.get("content-type"), "text/csv");
  await assert.rejects(s3.send(new HeadObjectCommand({ Bucket: "cats", Key: "1/none" })), { name: "NotFound" });
})().catch((error) => { console.error(error); process.exit(1); });
J
  run_node sdk.cjs || die "the AWS SDK for JavaScript"
  tried="$tried aws-sdk-js"
else
  left_out "the AWS SDK for JavaScript: npm's @aws-sdk/client-s3"
fi
if has minio; then
  cat >minio.cjs <<'J'
const { Client } = require("minio"), assert = require("assert"), fs = require("fs");
(async () => {
  const [host, port] = process.env.endpoint.slice(7).split(":");
  const s3 = new Client({ endPoint: host, port: Number(port), useSSL: false, accessKey: process.env.AWS_ACCESS_KEY_ID,
                          secretKey: process.env.AWS_SECRET_ACCESS_KEY, pathStyle: true });
  assert.ok(await s3.bucketExists("cats"));
  let count = 0;
  for await (const one of s3.listObjectsV2("cats", "1/", true)) count += one.name ? 1 : 0;
  assert.equal(count, Number(process.env.count));
  const parts = [];
  for await (const part of await s3.getPartialObject("cats", "1/large", 1000, 5000)) parts.push(part);
  assert.ok(Buffer.concat(parts).equals(fs.readFileSync(process.env.work + "/cats/large").subarray(1000, 6000)));
  assert.equal((await s3.statObject("cats", "1/numbers")).size, 3893);
  const answer = await fetch(await s3.presignedGetObject("cats", "1/a.txt", 60));
  assert.equal(await answer.text(), "dot\n");
})().catch((error) => { console.error(error); process.exit(1); });
J
  count=$(($(find cats -type f | wc -l) + 1)) && export count
  run_node minio.cjs || die "minio-js"
  tried="$tried minio-js"
else
  left_out "minio-js: npm's minio"
fi
if has nodejs-polars-linux-x64-gnu; then
  cat >polars.cjs <<'J'
const pl = require("nodejs-polars"), assert = require("assert");
const [doing, file] = process.argv.slice(2), env = process.env;
if (doing === "write") {
  const x = Array.from({ length: 200000 }, (_, i) => i);
  pl.DataFrame({ x, y: x.map((i) => `name ${i % 100}`) }).writeParquet(file);
} else {
  const cloudOptions = { aws_access_key_id: env.AWS_ACCESS_KEY_ID, aws_secret_access_key: env.AWS_SECRET_ACCESS_KEY,
                         aws_region: "us-east-1", aws_endpoint_url: env.endpoint, aws_allow_http: "true" };
  for (const source of ["s3://frames/1/one.parquet", "s3://frames/1/*.parquet"]) {
    const sum = pl.scanParquet(source, { cloudOptions }).select(pl.col("x").sum()).collectSync();
    assert.equal(Number(sum.getColumn("x").get(0)), (200000 * 199999) / 2);
  }
}
J
  mkdir frames
  run_node polars.cjs write "$work/frames/one.parquet" || die "polars cannot write"
  grid datastore create frames -q >/dev/null
  run_node polars.cjs read || die "polars"
  tried="$tried nodejs-polars"
else
  left_out "polars: npm's nodejs-polars"
fi
echo "not to be had here: pyarrow, DuckDB's httpfs, mountpoint-s3, s5cmd, s3torchconnector, Hadoop's S3A, opendal, s3fs for Python"
[ -n "$tried" ] || skip "no client is installed"
kill $pid
wait $pid || die "status $? after SIGTERM: $(cat messages)"
echo "tried$tried"
