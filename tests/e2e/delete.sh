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

# What no rule keeps is deleted, and can be taken back; what is in use is kept.
mkdir -p rolled mounted
for i in 1 2 3 4 5; do echo $i >rolled/a; grid datastore create rolled -q >/dev/null; done
fails 2 grid datastore prune rolled
says '--keep-last'
fails 2 grid datastore prune rolled:3 --keep-last 1
fails 2 grid datastore prune rolled --keep-last many
fails 1 grid datastore prune roled --keep-last 1
fails 2 grid datastore prune rolled --keep-last 2 </dev/null
grid datastore prune rolled --keep-last 2 --dry-run >out
equal "$(grep -c '^delete rolled:[123] ' out)" 3
equal "$(grep -c '^keep   rolled:[45] ' out)" 2
equal "$(grid datastore show rolled -o json | python3 -c 'import json, sys; print(sum(v["status"] == "ready" for v in json.load(sys.stdin)["versions"]))')" 5
grid mount mounted -q
exec 4<mounted/rolled/2/a
grid datastore prune rolled --keep-last 2 -y -o json >out
python3 - out <<'P'
import json, sys
plan = json.load(open(sys.argv[1]))
assert plan["deleted"] == [1, 3], plan
assert [v["kept"] for v in plan["versions"]] == ["newest, last", "last", "", "in use", ""], plan
assert plan["undo_until"] > "2026", plan
P
exec 4<&-
grid unmount mounted -q
grid datastore undelete rolled:3 -q
rm -rf got && grid datastore get rolled:3 got -q && equal "$(cat got/a)" 3
grid datastore prune rolled --keep-daily 3 -y -q
grid datastore get rolled:5 last -q
fails 1 grid datastore get rolled:3 none -q

# Several at once, and what would be deleted.
mkdir many && for i in 1 2 3; do echo $i >many/a; grid datastore create many -q >/dev/null; done
grid datastore delete many:1 many:2 --dry-run 2>err
equal "$(cat err)" 'would delete many:1, many:2'
fails 1 grid datastore delete many:1 many:9 --yes
equal "$(grid datastore show many -o json | grep -c '"status": "ready"')" 3
grid datastore delete many:1 many:2 --yes 2>err
equal "$(grep -c '^deleted many:[12]$' err)" 2
grep -q 'grid gc frees the space that nothing else needs' err || die "nothing said of space: $(cat err)"
equal "$(grid datastore show many -o json | grep -c '"status": "ready"')" 1
