# Two real servers that do not honour If-None-Match are refused as stores: one that says so and one that
# silently overwrites. Nothing is left behind in them.
# Slow: the first is five daemons, the other is installed by npm.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
servers=
trap 'for pid in $servers; do kill "$pid" 2>/dev/null || :; done; clean_up' EXIT
export AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
mkdir cats && echo a >cats/a
up() { # PORT
  for _ in $(seq 150); do
    curl -s --noproxy '*' -o /dev/null "http://127.0.0.1:$1/" && return
    sleep 0.1
  done
  return 1
}
bucket() { # METHOD PATH KEY SECRET
  /usr/bin/python3 "$here/../support/s3_request.py" "$1" "$AWS_ENDPOINT_URL$2" "$3" "$4"
}
refused() { # KEY SECRET
  export AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2
  bucket PUT /stores "$1" "$2" >/dev/null
  fails 1 grid --store s3://stores/x datastore create cats --quiet
  says 'cannot hold a store: its server does not honour If-None-Match'
  ! bucket GET '/stores?prefix=x' "$1" "$2" | grep '<Key>' || die "something was left behind"
}
tried=0

# conf PORT PIPELINE: the settings common to Swift's servers. Their swift.conf is Debian's, in /etc/swift.
conf() {
  cat <<C
[DEFAULT]
swift_dir = $work/swift/etc
devices = $work/swift/node
mount_check = false
bind_ip = 127.0.0.1
bind_port = $1
user = $(id -un)
workers = 0
[pipeline:main]
pipeline = $2
C
}
serve() { # SERVER CONF
  "swift-$1" "$2" >>../log 2>&1 &
  servers="$servers $!"
}

# Swift with s3api: 501 for conditional PUTs.
if command -v swift-proxy-server >/dev/null; then
  mkdir -p swift/node/sda swift/etc
  cd swift/etc
  for kind in object container account; do
    port=$(free_port)
    {
      swift-ring-builder "$kind.builder" create 4 1 1
      swift-ring-builder "$kind.builder" add "r1z1-127.0.0.1:$port/sda" 1
      swift-ring-builder "$kind.builder" rebalance
    } >>../log 2>&1
    conf "$port" "$kind-server" >"$kind.conf"
    printf '[app:%s-server]\nuse = egg:swift#%s\n' "$kind" "$kind" >>"$kind.conf"
    serve "$kind-server" "$kind.conf"
  done
  port=$(free_port)
  filters='catch_errors cache listing_formats bulk s3api tempauth copy slo dlo versioned_writes symlink'
  {
    conf "$port" "$filters proxy-server"
    printf '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n'
    for filter in $filters; do
      case $filter in
        cache) printf '[filter:cache]\nuse = egg:swift#memcache\n' ;;
        *) printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter" ;;
      esac
      case $filter in
        tempauth) echo 'user_test_tester = testing .admin' ;;
        versioned_writes) echo 'allow_object_versioning = true' ;;
      esac
    done
  } >proxy.conf
  serve proxy-server proxy.conf
  cd "$work"
  up "$port" || die "swift does not start: $(tail -5 swift/log)"
  export AWS_ENDPOINT_URL=http://127.0.0.1:$port
  refused test:tester testing
  tried=$((tried + 1))
else
  echo "SKIPPED: swift is not installed: scripts/install-deps test"
fi

# npm's s3rver: overwrites.
if npm install --silent --no-audit --no-fund --prefix npm s3rver@3.7.1 >npm.log 2>&1; then
  port=$(free_port)
  mkdir s3rver
  npm/node_modules/.bin/s3rver -d "$work/s3rver" -a 127.0.0.1 -p "$port" --silent >s3rver.log 2>&1 &
  servers="$servers $!"
  up "$port" || die "s3rver does not start: $(tail -5 s3rver.log)"
  export AWS_ENDPOINT_URL=http://127.0.0.1:$port
  refused S3RVER S3RVER
  tried=$((tried + 1))
else
  echo "SKIPPED: s3rver cannot be installed: $(tail -1 npm.log)"
fi
[ "$tried" -gt 0 ] || skip "neither server can be had here"
echo "$tried servers refused"
