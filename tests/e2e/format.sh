# format: a reader written from docs/format.md alone extracts what was put in.
. "$(dirname "$0")/lib.sh"
for tool in python3 b3sum zstd; do command -v $tool >/dev/null || skip "no $tool here"; done
reader() { python3 "$here/format_reader.py" "$@"; }

mkdir -p cats/b/d cats/b-c cats/empty cats/pets
echo small >cats/a
printf 'x' >cats/b/x
printf 'x' >cats/b-c/x
seq 1 20000 >cats/b/d/numbers.txt
: >cats/nothing
head -c 12000000 /dev/urandom >cats/random.bin
echo 'exit 0' >cats/script && chmod 755 cats/script
ln -s nowhere cats/dangling
ln -s ../a cats/b/up
ln cats/b/x cats/second-name
ln cats/b/x cats/b/d/third-name
printf 'x' >"$(printf 'cats/two\nlines \377')"
touch -d '1969-07-20 20:17:40.5' cats/b
i=0 # the path pets/741 ends a segment
while [ $i -lt 2000 ]; do i=$((i + 1)); echo "cat $i" >cats/pets/$i; done
grid datastore create cats -q
echo changed >cats/a
printf 'insertion' | dd of=cats/random.bin bs=1 seek=6000000 conv=notrunc status=none
echo new >cats/pets/new
grid datastore create cats -q -m 'the second'

reader "$GRID_STORE" cats 2 back
diff -r --no-dereference cats back || die "the extracted version differs"
kept() {
  (cd "$1" && find . -mindepth 1 \( -type d -o -printf '%n %l' \) -printf ' %y %T@ %p\0') | sort -z
}
kept cats >cats.list && kept back >back.list
cmp cats.list back.list || die "a time, a kind or a link differs"
equal "$(find back -type f -perm -100)" back/script
reader "$GRID_STORE" cats 1 first
equal "$(cat first/a)" small
equal "$(find first -type f -printf x | wc -c)" 2010

# Another writer can share chunks: it cuts files of each size as appendix A says.
mkdir sizes
for size in 1 16384 16385 700000 1048576 1048577 3000000; do head -c $size /dev/urandom >sizes/$size; done
head -c 300000 /dev/zero >sizes/zeros
seq 1 100000 >sizes/text
(head -c 33554432 /dev/zero && head -c 20000 /dev/urandom) >sizes/slices
grid datastore create sizes -q
python3 "$here/format_cutter.py" "$GRID_STORE" sizes/*

# The store that appendix B spells out byte by byte.
python3 "$here/format_example.py" "$here/../../docs/format.md" example
equal "$(grid --store example datastore cat cats:1 a)" hello
grid --store example datastore verify

# The golden store, which changes of the program never touch.
reader "$here/../data/format-1/store" cats 1 golden
digest=$(b3sum --no-names golden/program)
grep -q "^file .* x $digest depth 0 program$" "$here/../data/format-1/expected.txt" ||
  die "golden/program has the digest $digest"

# The golden store with files in place: the names of their objects.
reader "$here/../data/in-place/store" cats 2 placed >objects
equal "$(cat placed/owned)" 'in the store'
expected=$here/../data/in-place/expected.txt
equal "$(wc -l <objects)" 3
while read -r path bucket key etag size; do
  grep -qF " $size " "$expected" && grep -qF "in place $path $bucket $key $etag" "$expected" ||
    die "not in $expected: $path $bucket $key $etag $size"
done <objects

# The reader's checks: it never returns a wrong byte, and does not find a deleted version.
grid datastore delete cats:1 -y -q
fails 1 reader "$GRID_STORE" cats 1 deleted
record=$GRID_STORE/datastores/cats/versions/2
cp "$record" record && chmod u+w "$record"
sed -i 's/the second/the wecond/' "$record"
fails 1 reader "$GRID_STORE" cats 2 damaged
cp record "$record"
reader "$GRID_STORE" cats 2 whole
: >"$GRID_STORE/datastores/cats/deleted/2-$(b3sum --no-names record)"
fails 1 reader "$GRID_STORE" cats 2 deleted
fails 1 grid datastore cat cats a
rm "$GRID_STORE/datastores/cats/deleted/2-"*
pack=$(ls -S "$GRID_STORE"/packs/*.data | head -n 1)
chmod u+w "$pack"
byte=$(od -An -tu1 -j 1000000 -N 1 "$pack")
printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$pack" bs=1 seek=1000000 conv=notrunc status=none
fails 1 reader "$GRID_STORE" cats 2 damaged
says 'damaged: a chunk'
