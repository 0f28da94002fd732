# Sourced by every test: gives it a folder of its own, removed at the end, and none of the caller's
# settings. $GRID is the program. Commands that must fail follow `fails STATUS`.
set -eu
: "${GRID:?is the grid program}"
GRID=$(realpath "$GRID")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/grid-e2e.XXXXXX")
export GRID_STORE=$work/store XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache \
  XDG_STATE_HOME=$work/state XDG_RUNTIME_DIR=$work/runtime HOME=$work/home
mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
grid() { "$GRID" "$@"; }
clean_up() {
  for m in $(awk -v w="$work/" 'index($2, w) == 1 { print $2 }' /proc/self/mounts); do
    fusermount3 -uz "$m" 2>/dev/null || umount -l "$m" 2>/dev/null || :
  done
  chmod -R u+rwx "$work" 2>/dev/null || :
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
cd "$work"

die() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: $*"; exit 77; }
# fails STATUS COMMAND…: it must exit with STATUS; leaves its messages in $work/err, its output in out.
fails() {
  expected=$1; shift
  status=0; "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" = "$expected" ] || die "status $status, not $expected: $* :: $(cat "$work/err")"
}
# says TEXT: the last `fails` printed one line of messages with TEXT in it.
says() {
  grep -qF -- "$1" "$work/err" || die "expected '$1', got: $(cat "$work/err")"
}
equal() { [ "$1" = "$2" ] || die "expected '$2', got '$1'"; }
# Runs a command as an ordinary user, who owns $work from now on.
as_user() {
  if [ "$(id -u)" = 0 ]; then
    chown -R 65534:65534 "$work"
    setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"
  else
    "$@"
  fi
}
# Lists every entry of a folder with what a version keeps of it, and the digests of its files.
listing() { # FOLDER
  (cd "$1" && {
    find . -mindepth 1 \( -type f -printf '%P f %s %T@\n' \) -o \( -type d -printf '%P d %T@\n' \) \
      -o \( -type l -printf '%P l %l %T@\n' \)
    find . -mindepth 1 -type f -executable -printf '%P x\n'
    find . -mindepth 1 -type f -print0 | xargs -0r sha256sum
  } | LC_ALL=C sort)
}
# Skips the test if `grid run` says that it may not have mounts of its own; fails on other errors.
needs_run() { # [as_user]
  "$@" "$GRID" run -q true 2>"$work/err" && return
  grep -qF 'grid mount DIR' "$work/err" && skip "$(cat "$work/err")"
  die "$(cat "$work/err")"
}
