# Damage of every kind of object: reads fail and never return wrong bytes, verify names every affected
# file of every version, and files that are not affected can still be read.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/a
head -c 2000000 /dev/urandom >cats/a/large
i=0; while [ $i -lt 50 ]; do echo "cat $i" >cats/a/$i; i=$((i + 1)); done
grid datastore create cats --quiet >/dev/null
echo more >cats/more
grid datastore create cats --quiet >/dev/null
mkdir dogs && head -c 100000 /dev/urandom >dogs/woof
grid datastore create dogs --quiet >/dev/null
cp -a store intact
flip() { # FILE OFFSET: inverts the bits of a byte
  chmod u+w "$1"
  old=$(od -An -tu1 -j "$2" -N1 "$1")
  printf "\\$(printf %03o $((255 - old)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
restore() { chmod -R u+w store; rm -rf store "$XDG_CACHE_HOME"; cp -a intact store; }
# No file reads with other content than its own.
reads_true() {
  for f in a/large a/7 more; do
    if grid datastore cat cats:2 $f >got 2>err; then cmp -s got cats/$f || die "$f read wrong"
    else [ -s err ] || die "$f fails in silence"; fi
  done
}

# A byte in the largest pack, where the large file lies: named in both versions of it.
pack=$(find store -type f -size +500k | head -1)
flip "$pack" 1000000
fails 1 grid datastore verify
grep -q '^damaged  cats:1: a/large: ' out || die "$(cat out)"
grep -q '^damaged  cats:2: a/large: ' out || die "$(cat out)"
! grep -q 'dogs' out || die "dogs are well: $(cat out)"
fails 1 grid datastore cat cats:1 a/large
says a/large
# What can be written is; the damaged file is named and leaves nothing.
fails 1 grid datastore get cats:2 copy
says 'cats:2: a/large: '
says 'copy is an incomplete copy of cats:2: 1 entry'
equal "$(cd copy && find . -type f | wc -l)" "$(cd cats && find . -type f ! -name large | wc -l)"
[ ! -e copy/a/large ] || die 'a short file is left'
cmp copy/a/7 cats/a/7
fails 1 grid datastore get cats:2 again -o json
equal "$(python3 -c 'import json; d = json.load(open("out"))
print(d["failed"], d["files"], *[(f["path"], f["kind"]) for f in d["failures"]])')" \
  "1 51 ('a/large', 'corrupt')"
grid datastore verify dogs --quiet >/dev/null
equal "$(grid datastore cat dogs woof | sha256sum)" "$(sha256sum <dogs/woof)"
reads_true
restore

# Each object in turn: a byte flipped, the tail cut off, the object removed.
find store -type f | sort >objects
[ "$(wc -l <objects)" -ge 8 ] || die "too few objects: $(cat objects)"
harmed=0
while read -r object; do
  size=$(stat -c %s "$object")
  for harm in flip cut gone; do
    case $harm in
      flip) flip "$object" $((size / 2)) ;;
      cut) chmod u+w "$object"; truncate -s $((size / 2)) "$object" ;;
      gone) rm -f "$object" ;;
    esac
    status=0; grid datastore verify >out 2>err || status=$?
    if [ $status = 0 ]; then
      # Only the newest record can be lost without a trace.
      case $object-$harm in */cats/versions/2-gone | */dogs/versions/1-gone) ;; *)
        die "verify finds nothing after $harm of $object: $(cat out)" ;; esac
    else
      [ -s out ] || [ -s err ] || die "no reason for $harm of $object"
    fi
    reads_true
    restore
    harmed=$((harmed + 1))
  done
done <objects
equal "$harmed" $((3 * $(wc -l <objects)))
grid datastore verify --quiet >/dev/null
