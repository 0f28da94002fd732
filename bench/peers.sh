# shellcheck shell=bash disable=SC2154,SC2034
# peers.sh: the one place that knows how each program is driven. Sourced by run. A program is a
# handful of functions, PEER_init STORE, PEER_create STORE SOURCE VERSION, PEER_mount STORE VERSION
# FOLDER, PEER_umount FOLDER and PEER_restore STORE VERSION DESTINATION. VERSION is 1, 2, 3, ... . A
# mount returns when a listing works, and sets `root` to the folder in which the files are seen. What
# is to be timed stands behind "${timed[@]}".

export RESTIC_PASSWORD=x RESTIC_CACHE_DIR=$work/restic-cache
export BORG_BASE_DIR=$work/borg-base BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
export BORG_RELOCATED_REPO_ACCESS_IS_OK=yes

declare -A package_of=([restic]=restic [borg]=borgbackup [casync]=casync [bup]=bup [ostree]=ostree
  [squashfs]=squashfs-tools [erofs]=erofs-utils [rsync]=rsync)
declare -A program_of=([restic]=restic [borg]=borg [casync]=casync [bup]=bup [ostree]=ostree
  [squashfs]=mksquashfs [erofs]=mkfs.erofs [rsync]=rsync)

until_listed() {
  local _
  for _ in $(seq 3000); do
    [ -n "$(ls "$1" 2> /dev/null | head -1)" ] && return 0
    sleep 0.01
  done
  return 1
}
until_gone() {
  local _
  for _ in $(seq 500); do
    is_mounted "$1" || return 0
    sleep 0.02
  done
  return 1
}
fuse_umount() { fusermount3 -u "$1" 2> /dev/null || umount "$1"; until_gone "$1"; }

# grid: the release build. A fresh store has a fresh cache. Version 2 of the same datastore is the
# changed source; an unchanged one makes no version.
grid_environment() {
  export GRID_STORE=$1 XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state
}
grid_init() { rm -rf "$work/cache" "$work/state"; }
grid_create() { (grid_environment "$1"; "${timed[@]}" "$grid" datastore create "$2" --name data); }
grid_mount() { (grid_environment "$1"; "$grid" mount "$3") && root=$3/data/$2; }
grid_umount() { "$grid" unmount "$1" && until_gone "$1"; }
grid_restore() { (grid_environment "$1"; "${timed[@]}" "$grid" datastore get "data:$2" "$3"); }

# The same store read by an ordinary user, who mounts through fusermount3.
user_command() {
  runuser -u "$user" -- env HOME="$work/user" GRID_STORE="$store" XDG_CACHE_HOME="$work/user/cache" \
    XDG_STATE_HOME="$work/user/state" "$@"
}
user_mount() { user_command "$grid" mount "$3" && root=$3/data/$2; }
user_umount() { user_command "$grid" unmount "$1" && until_gone "$1"; }

# Floors: a plain copy, and the file system itself.
cp_init() { mkdir -p "$1"; }
cp_create() { "${timed[@]}" cp -r "$2" "$1/$3"; }
cp_restore() { "${timed[@]}" cp -r "$1/$2" "$3"; }
native_mount() { root=$source; }
native_umount() { :; }

# What this kernel's FUSE allows: yardstick.cc over the corpus itself.
noopen_mount() {
  nohup "$work/yardstick" "$3" "$source/" > "$work/log/yardstick" 2>&1 &
  until_listed "$3" && root=$3
}
noopen_umount() { umount "$1"; until_gone "$1"; }

# Deduplicating stores with a mount. restic always encrypts; borg is asked not to.
restic_init() { rm -rf "$RESTIC_CACHE_DIR"; restic -q init --repository-version 2 -r "$1"; }
restic_create() { "${timed[@]}" restic -q -r "$1" backup --tag "v$3" "$2"; }
restic_mount() {
  nohup restic -q -r "$1" mount "$3" > "$work/log/restic.mount" 2>&1 &
  until_listed "$3" && root=$3/tags/v$2/latest$source
}
restic_umount() { fuse_umount "$1"; }
restic_restore() { "${timed[@]}" restic -q -r "$1" restore latest --tag "v$2" --target "$3"; }

borg_init() { rm -rf "$BORG_BASE_DIR"; borg init -e none "$1"; }
borg_create() { "${timed[@]}" borg create "$1::v$3" "$2"; }
borg_mount() { borg mount "$1::v$2" "$3" && until_listed "$3" && root=$3$source; }
borg_umount() { borg umount "$1"; until_gone "$1"; }
borg_restore() { mkdir -p "$3"; (cd "$3" && "${timed[@]}" borg extract "$1::v$2"); }

casync_init() { mkdir -p "$1/chunks.castr"; }
casync_create() {
  "${timed[@]}" casync make --store="$1/chunks.castr" --without=all --with=symlinks --with=unix \
    "$1/v$3.caidx" "$2"
}
casync_mount() {
  nohup casync mount --store="$1/chunks.castr" "$1/v$2.caidx" "$3" > "$work/log/casync.mount" 2>&1 &
  until_listed "$3" && root=$3
}
casync_umount() { fuse_umount "$1"; }
casync_restore() {
  mkdir -p "$3"
  "${timed[@]}" casync extract --store="$1/chunks.castr" "$1/v$2.caidx" "$3"
}

bup_init() { bup -d "$1" init; }
bup_create() {
  "${timed[@]}" bup -d "$1" index "$2" &&
    "${timed[@]}" bup -d "$1" save -q --strip -n "v$3" "$2"
}
bup_mount() { bup -d "$1" fuse "$3" && until_listed "$3" && root=$(realpath "$3/v$2/latest"); }
bup_umount() { fuse_umount "$1"; }
bup_restore() { mkdir -p "$3"; "${timed[@]}" bup -d "$1" restore -q -C "$3" "v$2/latest/."; }

# Versioned stores that hard-link or check out: reading is the file system's own, and not measured.
# ostree is told not to sync each object, which would measure the disk.
rsync_init() { mkdir -p "$1"; }
rsync_create() {
  local last
  last=$(ls -t "$1" | head -1)
  "${timed[@]}" rsync -a ${last:+--link-dest="$1/$last"} "$2/" "$1/v$3/"
  touch "$1/v$3"
}
rsync_restore() { "${timed[@]}" rsync -a "$1/v$2/" "$3/"; }

ostree_init() { mkdir -p "$1"; ostree --repo="$1" init --mode=bare-user-only; }
ostree_create() {
  "${timed[@]}" ostree --repo="$1" commit --fsync=0 --canonical-permissions -b "v$3" --tree=dir="$2"
}
ostree_restore() { "${timed[@]}" ostree --repo="$1" checkout -U --fsync=0 "v$2" "$3"; }

# Images, one for each version. squashfs packs at level 1: its default, 15, is ten times slower. Root
# mounts them with the kernel; others squashfs through squashfuse, and erofs not at all: Debian 12 has
# no erofsfuse.
squashfs_init() { mkdir -p "$1"; }
squashfs_create() {
  "${timed[@]}" mksquashfs "$2" "$1/v$3.sqfs" -comp zstd -Xcompression-level 1 -noappend \
    -no-progress -quiet
}
squashfs_mount() {
  if [ "$can_mount" = 1 ]; then mount -t squashfs -o loop,ro "$1/v$2.sqfs" "$3"; else squashfuse "$1/v$2.sqfs" "$3"; fi &&
    root=$3
}
squashfs_umount() {
  if [ "$can_mount" = 1 ]; then umount "$1"; else fuse_umount "$1"; fi
}
squashfs_restore() { "${timed[@]}" unsquashfs -q -n -d "$3" "$1/v$2.sqfs"; }

erofs_init() { mkdir -p "$1"; }
erofs_create() { "${timed[@]}" mkfs.erofs --quiet "$1/v$3.erofs" "$2"; }
erofs_mount() { mount -t erofs -o loop,ro "$1/v$2.erofs" "$3" && root=$3; }
erofs_umount() { umount "$1"; }
erofs_restore() {
  mount -t erofs -o loop,ro "$1/v$2.erofs" "$mnt" && "${timed[@]}" cp -r "$mnt" "$3"
  umount "$mnt"
}
