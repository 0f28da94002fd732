# A version gives back what was put in: every name, kind, mode and time.
. "$(dirname "$0")/lib.sh"
mkdir -p 'in/a folder/empty' in/deep && cd in
: >empty-file
printf 'x' >'with space'
printf 'x' >"$(printf 'not-utf8-\377\376')"
printf 'x' >"$(printf 'two\nlines')"
printf 'x' >"$(printf 'esc-\033[31m')"
printf 'x' >-dash
printf 'x' >'[a,b]'
printf 'x' >"$(printf '%0255d' 0)"
echo run >script && chmod 755 script
echo secret >private && chmod 600 private
ln -s nowhere dangling
ln -s /etc/passwd outside
ln -s ../with\ space 'a folder/inside'
echo twice >first-name
ln first-name second-name
ln first-name 'a folder/third-name'
touch -d '2001-02-03 04:05:06.123456789' script
touch -h -d '1999-12-31 23:59:59.5' dangling
truncate -s 200M sparse && printf end >>sparse
touch -d '1969-07-20 20:17:40' 'a folder'
cd ..
grid datastore create in --name all --quiet >out
grid datastore get all back --quiet
# Only the modes of the owner differ: a version keeps who may execute, not who may write.
listing in >in.list
listing back >back.list
cmp in.list back.list || { diff in.list back.list; die "the copy differs"; }
equal "$(stat -c %i back/first-name)" "$(stat -c %i 'back/a folder/third-name')"
[ "$(du -k back/sparse | cut -f1)" -lt 20000 ] || die "the hole was filled"
[ "$(du -sk store | cut -f1)" -lt 20000 ] || die "the hole was stored"

# Names that are not UTF-8 are shown in two ways: as exact bytes off a terminal, and in JSON.
grid datastore ls all | grep -qF "$(printf 'not-utf8-\377\376')" || die "ls changed the bytes"
grid datastore ls all -o json | grep -q '"path_hex": "6e6f742d757466382dfffe"' || die "no hex"
equal "$(grid datastore cat all "$(printf 'not-utf8-\377\376')")" x
equal "$(grid datastore cat all "$(printf 'two\nlines')")" x
grid datastore create back --name all --quiet >out
equal "$(cat out)" "same as all:1 (use --force to make a new version)"
