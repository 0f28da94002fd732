# create: versions, what each stores, and what decides whether one is made.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/breeds/empty
i=0
while [ $i -lt 300 ]; do echo "cat $i" >cats/breeds/$i.txt; i=$((i + 1)); done
head -c 3000000 /dev/urandom >cats/large.bin
sleep 0.1 # files as young as the first create would be read again by the second
grid datastore create ./cats >out
grep -q '^cats:1  301 files  3.0 MB  · stored 3.[0-9] MB in ' out || die "$(cat out)"

# Unchanged: no new version unless asked for.
grid datastore create cats >out
equal "$(cat out)" "same as cats:1 (use --force to make a new version)"
grid datastore create --source cats --name cats --force -m forced >out
grep -q '^cats:2 .* 0 read, 301 unchanged, stored ' out || die "$(cat out)"

# Changed: stores only the changes, and reports what it read.
before=$(du -sb store | cut -f1)
echo changed >cats/breeds/7.txt
rm cats/breeds/8.txt
grid datastore create cats -m 'one changed' >out
grep -q '^cats:3  300 files .* 1 read, 299 unchanged' out || die "$(cat out)"
grown=$(($(du -sb store | cut -f1) - before))
[ "$grown" -lt 60000 ] || die "version 3 stored $grown bytes"

# The same size, within the clock's resolution, and another time: read again.
printf 'cat 9!' >cats/breeds/9.txt
printf 'cat 9?' >cats/breeds/9.txt
grid datastore create cats --quiet >out
printf 'cat 9#' >cats/breeds/9.txt
grid datastore create cats --quiet >out
equal "$(grid datastore cat cats breeds/9.txt)" "cat 9#"

# Changed, with the old time put back: the inode's change time tells.
touch -r cats/breeds/10.txt stamp
printf 'CAT 10\n' >cats/breeds/10.txt
touch -r stamp cats/breeds/10.txt
grid datastore create cats --quiet
equal "$(grid datastore cat cats breeds/10.txt)" "CAT 10"
equal "$(grid datastore cat cats:1 breeds/10.txt)" "cat 10"
equal "$(grid datastore cat cats:1 breeds/8.txt)" "cat 8"

# Excluded: names, and paths below the source.
mkdir -p junk/tmp && echo a >junk/a.o && echo b >junk/tmp/b && echo c >junk/c
grid datastore create junk -x '*.o' --exclude 'tmp/b' --quiet >/dev/null
equal "$(grid datastore ls -R junk | sort | tr '\n' ' ')" "c tmp/ "

# A single file, and a datastore name made from a source's name that is not a valid one.
grid datastore create cats/large.bin --name 'one' >out
grid datastore cat one large.bin | cmp - cats/large.bin
mkdir 'My Dogs' && echo d >'My Dogs/d'
grid datastore create 'My Dogs' >out
grep -q '^my-dogs:1  1 file ' out || die "$(cat out)"
mkdir 'Dogs (new)' && echo d >'Dogs (new)/d' && grid datastore create 'Dogs (new)' | grep -q '^dogs-new:1 ' || die "another name"
# None is made by dropping something: two sources would become versions of one datastore.
for source in 猫a 犬a _x; do
  mkdir "$source" && echo d >"$source/d"
  fails 2 grid datastore create "$source"
  says "no name for a datastore can be taken from \"$source\": give one with --name"
done
