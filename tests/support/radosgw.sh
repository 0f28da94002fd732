# Sourced by the e2e scripts that need a real S3 server: one Ceph radosgw over one OSD in memory,
# on free ports of 127.0.0.1, in $work/ceph. All its processes are killed by pid at the script's end.
#   radosgw_start       sets $endpoint, and $secure_endpoint with a certificate of the authority in
#                       $work/authority.pem; makes the user OWNERKEY/ownersecret
#   radosgw_admin …     radosgw-admin on it
#   radosgw_kill, radosgw_serve   stop and start only the gateway, for faults; objects stay
# Debian's packages ceph-mon, ceph-osd, radosgw, ceph-common; without them the script is skipped.

. "${support:-$here/../support}/ports.sh"

radosgw_admin() { radosgw-admin -c "$work/ceph/ceph.conf" "$@" 2>>"$work/ceph/log/admin.out"; }

radosgw_kill() { # [SIGNAL]
  for pid in "$work"/ceph/run/ceph-client.rgw.pid; do
    [ -s "$pid" ] || continue
    kill -"${1:-KILL}" "$(cat "$pid")" 2>/dev/null || :
    while kill -0 "$(cat "$pid")" 2>/dev/null; do sleep 0.05; done
    rm -f "$pid"
  done
}

ceph_stop() {
  for pid in "$work"/ceph/run/*.pid; do
    [ -s "$pid" ] && kill -KILL "$(cat "$pid")" 2>/dev/null || :
  done
}

radosgw_serve() {
  radosgw -c "$work/ceph/ceph.conf" -n client.rgw --rgw-data="$work/ceph/rgw" >>"$work/ceph/log/rgw.out" 2>&1
  for _ in $(seq 600); do
    curl -s --noproxy '*' -o /dev/null "$endpoint/" && return
    sleep 0.1
  done
  die "radosgw does not answer: $(tail -5 "$work/ceph/log/rgw.out")"
}

# A test authority, and a certificate for 127.0.0.1 that it signed.
make_certificate() {
  {
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=test authority' \
      -keyout "$work/authority.key" -out "$work/authority.pem"
    openssl req -newkey rsa:2048 -nodes -subj '/CN=127.0.0.1' -keyout "$work/server.key" -out "$work/server.csr"
    printf 'subjectAltName=IP:127.0.0.1\n' >"$work/server.ext"
    openssl x509 -req -days 2 -in "$work/server.csr" -CA "$work/authority.pem" -CAkey "$work/authority.key" \
      -CAcreateserial -extfile "$work/server.ext" -out "$work/server.pem"
  } >"$work/certificate.out" 2>&1 || die "no certificate: $(cat "$work/certificate.out")"
}

radosgw_start() {
  for program in ceph-mon ceph-osd radosgw radosgw-admin curl openssl; do
    command -v "$program" >/dev/null || skip "$program is not installed: scripts/install-deps test"
  done
  ceph=$work/ceph
  mkdir -p "$ceph/mon" "$ceph/osd" "$ceph/rgw" "$ceph/run" "$ceph/log"
  trap 'ceph_stop; clean_up' EXIT
  monitor_port=$(free_port)
  gateway_port=$(free_port)
  endpoint=http://127.0.0.1:$gateway_port
  secure_port=$(free_port)
  secure_endpoint=https://127.0.0.1:$secure_port
  make_certificate
  # Authentication stays on: without it radosgw waits for ever. "osd max object name len", an old
  # tip for ext4, makes long keys fail.
  cat >"$ceph/ceph.conf" <<C
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon host = v2:127.0.0.1:$monitor_port
public addr = 127.0.0.1
cluster addr = 127.0.0.1
public network = 127.0.0.0/8
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
paxos propose interval = 0.02
paxos min wait = 0.01
osd mon report interval = 1
mon tick interval = 1
keyring = $ceph/keyring
run dir = $ceph/run
admin socket = $ceph/run/\$cluster-\$name.asok
log file = $ceph/log/\$name.log
pid file = $ceph/run/\$cluster-\$name.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
osd crush chooseleaf type = 0
mon max pg per osd = 1000
mon data avail warn = 1
mon data avail crit = 1
ms bind ipv6 = false
rgw enable ops log = false
rgw s3 auth use sts = true
rgw sts key = abcdefghijklmnop
rgw enable apis = s3, sts, iam, admin
rgw frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1 ssl_endpoint=127.0.0.1:$secure_port ssl_certificate=$work/server.pem ssl_private_key=$work/server.key
rgw thread pool size = 64
rgw run sync thread = false
rgw data log num shards = 1
rgw usage max shards = 1
rgw lc max objs = 1
rgw gc max objs = 1
rgw reshard num logs = 1
rgw objexp hints num shards = 1
rgw override bucket index max shards = 1
rgw md log max shards = 1
[mon.a]
mon data = $ceph/mon
mon initial members = a
[osd.0]
osd data = $ceph/osd
osd journal = $ceph/osd/journal
osd objectstore = memstore
memstore device bytes = 8589934592
osd memory target = 939524096
[client.rgw]
keyring = $ceph/keyring
rgw data = $ceph/rgw
C
  c="-c $ceph/ceph.conf"
  {
    ceph-authtool --create-keyring "$ceph/keyring" --gen-key -n mon. --cap mon 'allow *'
    ceph-authtool "$ceph/keyring" --gen-key -n client.rgw --cap mon 'allow rwx' --cap osd 'allow rwx' --cap mgr 'allow rw'
    ceph-authtool "$ceph/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' --cap mgr 'allow profile osd'
    ceph-authtool "$ceph/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' --cap mds 'allow *'
    monmaptool --create --clobber --fsid "$(sed -n 's/^fsid = //p' "$ceph/ceph.conf")" --addv a "[v2:127.0.0.1:$monitor_port]" "$ceph/monmap"
    ceph-mon $c --mkfs -i a --monmap "$ceph/monmap" --keyring "$ceph/keyring"
    ceph-mon $c -i a
    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph $c osd new "$osd"
    ceph-osd $c -i 0 --mkfs --osd-uuid "$osd"
    ceph-osd $c -i 0
    for _ in $(seq 300); do ceph $c osd stat 2>/dev/null | grep -q '1 up' && break; sleep 0.1; done
  } >"$ceph/log/start.out" 2>&1 || die "ceph does not start: $(tail -5 "$ceph/log/start.out")"
  radosgw_serve
  radosgw_admin user create --uid=owner --display-name=owner --access-key=OWNERKEY --secret-key=ownersecret --caps='roles=*;user-policy=*' >/dev/null
}

# The caller's settings must not reach the servers of the test, nor its requests the caller's servers.
for variable in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy

use_owner() {
  export AWS_ACCESS_KEY_ID=OWNERKEY AWS_SECRET_ACCESS_KEY=ownersecret AWS_REGION=us-east-1 \
    AWS_ENDPOINT_URL="$endpoint" AWS_EC2_METADATA_DISABLED=true
}

# s3 METHOD PATH [curl options]: a request as the owner, for what grid itself cannot do.
s3() {
  method=$1 path=$2
  shift 2
  curl -sS --noproxy '*' -X "$method" --aws-sigv4 aws:amz:us-east-1:s3 --user OWNERKEY:ownersecret \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@" "$endpoint$path"
}
make_bucket() { s3 PUT "/$1" -f >/dev/null || die "cannot make the bucket $1"; }
