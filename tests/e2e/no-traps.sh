# What a new user may get wrong leaves nothing behind, and is told.
. "$(dirname "$0")/lib.sh"
mkdir data && echo 1 >data/a

# The first create says where the store is; typing errors leave nothing.
fails 1 grid datastore create nosuch
[ ! -e store ] || die "a typing error made a store"
grid datastore create data 2>err >out
grep -q "^new store at $work/store$" err || die "not said: $(cat err)"
grid datastore create data --name other 2>err >out
[ ! -s err ] || die "said again: $(cat err)"
fails 1 grid datastore create data --name w --exclude '*'
says 'everything in it was left out by --exclude'
(export GRID_PATIENCE=1; fails 1 grid datastore create https://localhost:1/x.tar.gz --name web)
equal "$(grid datastore list --show-incomplete -o json | grep -c '"id"')" 0
equal "$(grid datastore list 2>&1 | grep -c failed)" 0

# Names.
mkdir 'My Data ü' 0 && echo 1 >'My Data ü/a' && echo 1 >0/a
equal "$(grid datastore create 'My Data ü' | cut -d' ' -f1)" my-data-u:1
equal "$(cd data && grid datastore create . | cut -d' ' -f1-3)" "same as data:1"
equal "$(cd data && grid datastore create .. --name up -q | cut -d' ' -f1)" up:1
fails 2 grid datastore create 0
says 'give a name with --name'
tar czf data.tgz data
grid datastore create data.tgz --name packed 2>err >out
grep -q 'data.tgz is stored as one file; --extract' err || die "no hint: $(cat err)"

# Links to data.
mkdir real links && echo 5 >real/x && ln -s ../real links/folder && ln -s ../data/a links/file
ln -s nowhere links/broken && ln -s .. links/up && ln -s ../links links/again
grid datastore create links 2>err >out
grep -q 'links:1 has no files, only 5 symbolic links' err || die "no warning: $(cat err)"
mkdir loop && ln -s ../loop loop/self && echo 6 >loop/a
grid datastore create loop --follow-links 2>err >out || die "$(cat err)"
grep -q 'self: is a link to a folder that it lies in; left out' err || die "no word: $(cat err)"
rm links/up links/again
grid datastore create links --follow-links 2>err >out
grep -q '^links:2  2 files' out || die "$(cat out err)"
equal "$(grid datastore cat links:2 folder/x)$(grid datastore cat links:2 file)" 51
equal "$(grid datastore ls -l links:2 broken | grep -c -e '-> nowhere')" 1
grid datastore create links --follow-links | grep -q 'same as links:2' || die "another version of the same"
grid datastore create links --follow-links --paranoid --force -q >/dev/null

# What nobody means to store.
mkdir -p rep/.git rep/p/__pycache__ rep/q/__pycache__
echo x >rep/.git/HEAD; echo x >rep/p/__pycache__/m.pyc; echo x >rep/q/__pycache__/m.pyc
echo x >rep/.DS_Store; echo y >rep/p/m.py
grid datastore create rep 2>err >out
grep -q 'left out by default: .DS_Store, .git, 2 × __pycache__ (--all keeps them)' err || die "$(cat err)"
grep -q '^rep:1  1 file ' out || die "$(cat out)"
grid datastore create rep --all 2>err >out
grep -q '^rep:2  5 files' out || die "$(cat out)"
grid datastore create rep --include .git -q >/dev/null
equal "$(grid datastore ls -R rep:3 | tr '\n' ' ')" ".git/ p/ q/ .git/HEAD p/m.py "

# The idiom of aws s3, and --include alone.
mkdir -p pics/deep && echo 1 >pics/a.webp && echo 2 >pics/b.txt && echo 3 >pics/deep/c.webp
grid datastore create pics --exclude '*' --include '*.webp' -q >/dev/null
equal "$(grid datastore ls -R pics | tr '\n' ' ')" "a.webp deep/ deep/c.webp "
grid datastore create pics --include '*.webp' 2>err >/dev/null
grep -q "add --exclude '\*' before it" err || die "no hint: $(cat err)"

# Two creates of one folder at the same time.
mkdir twin && seq 1000 >twin/a
for i in 1 2 3 4; do grid datastore create twin >twin.$i 2>&1 & done
wait
equal "$(cat twin.? | grep -c '^twin:1 ')" 1
equal "$(cat twin.? | grep -c '^same as twin:1 ')" 3

# get into folders that are there, and into archives.
mkdir into && echo mine >into/a && echo other >into/b
fails 1 grid datastore get data:1 into
says 'a: exists already (--force replaces it)'
equal "$(cat into/a)" mine
grid datastore get data:1 into --force -q && equal "$(cat into/a into/b | tr '\n' ' ')" "1 other "
mkdir here && (cd here && grid datastore get links:2 . -q && equal "$(cat folder/x)" 5)
grid datastore get links:2 here folder/x -q && equal "$(cat here/x)" 5
for kind in tar tar.zst zip; do grid datastore get links:2 l.$kind -q; done
mkdir t1 t2 t3 t4 && tar xf l.tar -C t1
python3 -c 'import zipfile; zipfile.ZipFile("l.zip").extractall("t2")'
for i in 1 2; do equal "$(cat t$i/folder/x)" 5; done
grid datastore create l.tar.zst --extract --name again -q >/dev/null
equal "$(grid datastore diff links:2 again -o json | grep -c '"path"')" 0
grid datastore get links:2 - | tar x -C t4 && equal "$(cat t4/folder/x)" 5
fails 1 grid datastore get links:2 l.tar
says 'exists already'
equal "$(ls | grep -c part-)" 0
