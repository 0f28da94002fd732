# Sessions: a shell with datastores, commands that enter it, versions attached and detached meanwhile.
. "$(dirname "$0")/lib.sh"
mkdir cats dogs && echo meow >cats/a && grid datastore create cats -q >out
echo purr >cats/a && grid datastore create cats -q >out && echo woof >dogs/d && grid datastore create dogs -q >out
needs_run
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
# In the foreground, streams, status and the pinned version are the shell's.
equal "$(echo 'cat /datastores/cats/a; exit 4' | SHELL=/bin/sh grid session create -q --datastore_name cats:1 || echo $?)" "meow
4"
equal "$(grid session create -q -- sh -c 'cat $1/a; id -u' sh grid:cats:2)" "purr
$(id -u)"
# A session without a terminal; a command that enters it sees the datastores, in the same folder.
equal "$(grid session create -q --detach --name lab --datastore_name cats:1 --env WORD=hello)" lab
equal "$(grid session list -o json | value '[s["name"] for s in sessions]')" "['lab']"
equal "$(grid session exec lab sh -c 'cat /datastores/cats/a "$1"/a; echo $WORD; pwd; exit 3' sh grid:cats || echo $?)" "meow
meow
hello
$(pwd)
3"
equal "$(grid session exec lab -- stat -c %d /datastores)" "$(grid session exec lab stat -c %d /datastores)"
[ "$(grid session exec lab readlink /proc/self/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ] || die "it was not let in"
if grep -q " /datastores " /proc/self/mounts; then die "a mount is outside"; fi
status=0; grid session exec lab sh -c 'kill -TERM $$' || status=$?
equal $status 143
fails 1 grid session exec lab no-such-program
equal "$(grid session exec --literal lab echo grid:cats)" grid:cats
equal "$(echo "cat /datastores/cats/a" | SHELL=/bin/sh grid session enter lab)" meow
says 'no such program'
# An attached version is in use and not deleted; a detached one can be deleted.
fails 1 grid datastore delete cats:1 --yes
says lab
grid session attach -q lab dogs
equal "$(grid session exec lab cat /datastores/dogs/d)" woof
fails 1 grid datastore delete dogs:1 --yes
fails 1 grid session attach lab cats:2
says 'means another version'
fails 1 grid session attach lab cats:9
fails 1 grid session detach lab birds
says 'not attached'
grid session detach -q lab dogs
grid datastore delete -q dogs:1 --yes
equal "$(grid status lab -o json | value '[(v["name"], v["version"]) for v in versions]')" "[('cats', 1)]"
fails 1 grid session attach nobody cats
says 'no run nobody'
grid run -q --name script true
fails 1 grid session exec script true
says 'not a session'
# It ends together with the commands in it, and its record says so.
grid session exec lab sleep 1000 2>/dev/null & inside=$!
grid session delete -q lab
equal "$(grid status lab -o json | value status)" stopped
fails 1 grid session exec lab true
says 'has ended'
kill $inside 2>/dev/null || :; wait $inside 2>/dev/null || :
equal "$(grid session list -q)" ""
# A session of an ordinary user.
as_user "$GRID" session create -q --detach --name mine >out 2>err || skip "an ordinary user cannot run $GRID here: $(cat err)"
equal "$(as_user "$GRID" session exec mine sh -c 'id -u; cat /datastores/cats/1/a; grep -c "^Cap\(Prm\|Eff\|Amb\):.0*$" /proc/self/status')" "$(as_user id -u)
meow
3"
as_user "$GRID" session delete -q mine
