# delete: asks, refuses versions in use, and never reuses a number.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo 1 >cats/a
for i in 1 2 3; do echo $i >cats/a; grid datastore create cats --quiet >/dev/null; done
fails 2 grid datastore delete cats:2 </dev/null
says 'needs --yes'
fails 2 grid datastore delete cats --yes
says '--all'
fails 2 grid datastore delete cats:1 --all --yes
fails 1 grid datastore delete cats:9 --yes
fails 1 grid datastore delete cast --all --yes
says cats
equal "$(grid datastore list -o json | grep -c '"versions": 3')" 1
grid datastore delete cats:3 --yes 2>err
equal "$(head -1 err)" 'deleted cats:3'
grep -q "until $(date -u -d '+7 days' +%F), .grid datastore undelete cats:3. takes it back" err || die "no undo: $(cat err)"
fails 1 grid datastore cat cats:3 a
says deleted
equal "$(grid datastore cat cats a)" 2
echo 4 >cats/a
grid datastore create cats >out
grep -q '^cats:4 ' out || die "a number was used twice: $(cat out)"
grid datastore delete cats --all --yes --now -o json >out
equal "$(tr -d ' \n' <out)" '{"name":"cats","deleted":[1,2,4],"undo_until":null}'
fails 1 grid datastore show cats:1
grid datastore create cats >out
grep -q '^cats:5 ' out || die "a number was used twice: $(cat out)"

# At a terminal it asks, and the default is no.
command -v script >/dev/null || skip 'script(1) is not there to make a terminal'
printf '\n' | script -qec "$GRID datastore delete cats:5" /dev/null >tty || :
grep -q 'delete cats:5? \[y/N\]' tty || die "it did not ask: $(cat tty)"
grid datastore show cats:5 >/dev/null
printf 'y\n' | script -qec "$GRID datastore delete cats:5" /dev/null >tty
fails 1 grid datastore show cats:5
