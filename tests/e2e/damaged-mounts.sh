# Mounts and runs over a store of which any object is damaged: each file has the right bytes or is an
# error, what is wrong is said in sentences, and nothing hangs or crashes.
. "$(dirname "$0")/lib.sh"
[ -r /dev/fuse ] || skip 'there is no /dev/fuse'
mkdir -p cats/a m && head -c 400000 /dev/urandom >cats/noise && seq 40000 >cats/a/text && echo s >cats/small
grid datastore create cats --quiet >/dev/null
grid datastore create cats --force --quiet >/dev/null
grid datastore delete cats:2 --yes --quiet
grid datastore describe cats --text 'many cats' >/dev/null
cp -a store intact
files='noise a/text small'
runs=yes; "$GRID" run -q true 2>/dev/null || runs=
cat >script <<'END'
#!/bin/sh
for f in noise a/text small; do
  if cat "/datastores/cats/1/$f" >"$OUT/$(basename $f)"; then echo "$f"; fi
done 2>>"$OUT/errors"
END
chmod +x script
# right FILE WHERE: all of it.
right() { cmp -s "$2" "cats/$1" || die "$what: $1 is wrong in $2"; }
# No crash, no time-out, no exception's name: 1 is all that a failure may be.
sane() { # STATUS
  [ "$1" -le 1 ] || die "$what: status $1: $(cat err)"
  ! grep -qiE 'terminate|assert|exception|what\(\)' err || die "$what: $(cat err)"
}
check() {
  rm -rf read && mkdir read
  status=0; timeout 60 "$GRID" mount m 2>err || status=$?
  sane $status
  if [ $status = 0 ]; then
    for f in $files; do
      if timeout 30 cat "m/cats/1/$f" >read/got 2>read/error; then right $f read/got
      else grep -qE 'Input/output error|No such file' read/error || die "$what: $(cat read/error)"; fi
    done
    [ ! -e m/cats/2 ] || [ "$gone" = tombstone ] || die "$what: a deleted version is back"
    timeout 30 "$GRID" unmount m || die "$what: unmount"
  else
    [ -s err ] || die "$what: mount fails in silence"
  fi
  [ -n "$runs" ] || return 0
  status=0; OUT=$work/read timeout 60 "$GRID" run -q ./script >ran 2>err || status=$?
  sane $status
  while read -r f; do right "$f" "read/$(basename "$f")"; done <ran
  [ "$(wc -l <ran)" = 3 ] || [ -s err ] || [ -s read/errors ] || die "$what: a run says nothing"
}
(cd store && find . -type f | sort) >objects
while read -r object; do
  gone=
  case $object in
    *.data) harms='0 1 2 3 4 5 empty gone' ;;
    *.index) harms='3 cut gone' ;;
    *) harms='3 empty gone' ;;
  esac
  for harm in $harms; do
    what="$harm of $object"
    chmod -R u+w store; rm -rf store "$XDG_CACHE_HOME"; cp -a intact store
    target=store/$object; chmod u+w "$target"
    size=$(stat -c %s "$target")
    case $harm in
      empty) : >"$target" ;;
      cut) truncate -s $((size / 2)) "$target" ;;
      gone) rm -f "$target"; case $object in */deleted/*) gone=tombstone ;; esac ;;
      *) old=$(od -An -tu1 -j $((size * harm / 6)) -N1 "$target")
        printf "\\$(printf %03o $((old ^ 8)))" |
          dd of="$target" bs=1 seek=$((size * harm / 6)) conv=notrunc 2>/dev/null ;;
    esac
    check
  done
done <objects
