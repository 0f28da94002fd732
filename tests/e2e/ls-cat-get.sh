# Looking into a version without mounting it.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/images cats/none && echo meow >cats/labels.csv
head -c 5000000 /dev/urandom >cats/images/large.bin
ln -s labels.csv cats/link && ln cats/labels.csv cats/same && chmod +x cats/labels.csv
touch -d '2020-01-02 03:04:05' cats/labels.csv
grid datastore create cats --quiet >/dev/null
equal "$(grid datastore ls cats:1 | tr '\n' ' ')" 'images/ labels.csv link none/ same '
equal "$(grid datastore ls cats:1 /images/ 2>&1)" 'large.bin'
equal "$(grid datastore ls cats:1 none)" ''
equal "$(grid datastore ls -R cats | tail -1)" 'images/large.bin'
grid datastore ls -l cats:1 >out
grep -q '^-r-x  *5 B  2020-01-02 03:04  labels.csv$' out || die "$(cat out)"
grep -q '^lr-x .* link -> labels.csv$' out || die "$(cat out)"
grep -q '^-r-x  *5 B .* same = labels.csv$' out || die "$(cat out)"

grid datastore cat cats images/large.bin | cmp - cats/images/large.bin
equal "$(grid datastore cat cats same)" meow
# A reader that stops early is not reported as a failure.
grid datastore cat cats images/large.bin 2>err | head -c 10 >/dev/null
[ ! -s err ] || die "$(cat err)"
fails 1 grid datastore cat cats:1 labels.cvs
says 'cats:1 has no labels.cvs; did you mean labels.csv?'
fails 2 grid datastore cat cats images
says 'images is a folder'
fails 2 grid datastore cat cats link
says 'link is a symbolic link to labels.csv'
fails 2 grid datastore cat cats ../cats
says '..'
fails 1 grid datastore ls cats imagse
says 'did you mean images?'

grid datastore get cats:1 copy >out 2>err
equal "$(listing cats)" "$(listing copy)"
grep -q '3 files' err || die "$(cat err)"
grid datastore get cats:1 part images --quiet
cmp part/large.bin cats/images/large.bin
grid datastore get cats:1 single.csv labels.csv --quiet
equal "$(cat single.csv)" meow
fails 1 grid datastore get cats:1 copy
says copy
equal "$(listing cats)" "$(listing copy)"
fails 1 grid datastore get cats:1 elsewhere nothing-there
[ ! -e elsewhere ] || die "a failed get left something"
