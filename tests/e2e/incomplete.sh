# Creates under way or interrupted: seen from elsewhere, continued, dropped; any number of them.
. "$(dirname "$0")/lib.sh"
mkdir -p from/cats dogs
i=0; while [ $i -lt 120 ]; do head -c 6000000 /dev/urandom >from/cats/$i; i=$((i + 1)); done
head -c 9000 /dev/urandom >dogs/a
equal "$(grid datastore list --show-incomplete 2>&1)" 'there are no incomplete creates'
begin() { # FOLDER COMMAND…: starts a create in that folder, and stops it once it is seen
  cd "$1"; shift
  "$GRID" "$@" >"$work/created" 2>"$work/said" & pid=$!
  cd "$work"
  until grid datastore list --show-incomplete 2>/dev/null | grep -q uploading; do
    kill -0 $pid 2>/dev/null || die "it was over before it was seen: $(cat said)"
  done
  kill -STOP $pid
}
begin from datastore create ./cats -m 'a message' --exclude '*.tmp'
equal "$(grid datastore list 2>/dev/null | awk 'NR == 2 { print $1, $2, $3, $4 }')" 'cats - 0 uploading'
grid datastore show cats | grep -q " uploading of ./cats, .* (process $pid)" || die "$(grid datastore show cats)"
grid datastore list -o json >out
equal "$(python3 -c 'import json; print(json.load(open("out"))["datastores"][0]["status"])')" uploading
id=$(grid datastore list --show-incomplete | awk 'NR == 2 { print $1 }')
fails 1 grid datastore resume "$id"
says 'is under way'
fails 1 grid datastore clearcache cats --yes
says 'is under way'
grid datastore clearcache --yes 2>/dev/null
kill -0 $pid || die "over too soon: $(cat created)"
kill -9 $pid; wait $pid 2>/dev/null || :

# Interrupted: listed with its reason, and continued from any folder with its original arguments.
grid datastore list --show-incomplete | grep -q "^$id  cats  failed .* interrupted$" ||
  die "$(grid datastore list --show-incomplete)"
grid datastore list 2>/dev/null | grep -q '^cats .* failed$' || die "list: $(grid datastore list 2>&1)"
grid datastore resume >out 2>/dev/null
grep -q "^$id" out || die "$(cat out)"
equal "$(grid __complete -- datastore resume '' | cut -f1 | tr '\n' ' ')" "words $id "
fails 1 grid datastore resume cast
says 'did you mean cats'
grid datastore resume cats >out
grep -q '^cats:1  120 files  720 MB ' out || die "$(cat out)"
grid datastore show cats:1 | grep -q 'a message' || die "the message is lost"
equal "$(ls "$XDG_STATE_HOME/grid/creates")" ''
equal "$(grid datastore list | awk 'NR == 2 { print $NF }')" ready

# The same command in another spelling continues it; other creates are left alone. Any number at once.
yes 'not a hole' | head -c 2000000000 >from/cats/x
begin . datastore create from/cats; kill -9 $pid; wait $pid 2>/dev/null || :
one=$(ls "$XDG_STATE_HOME/grid/creates")
begin . datastore create from/cats --name other; kill -9 $pid; wait $pid 2>/dev/null || :
equal "$(ls "$XDG_STATE_HOME/grid/creates" | wc -l)" 2
begin from/cats datastore create --source ../cats -m 'spelt otherwise'; kill -9 $pid; wait $pid 2>/dev/null || :
equal "$(ls "$XDG_STATE_HOME/grid/creates" | wc -l)" 2
# Two creates by the same command at the same time share nothing, and each makes a version.
begin . datastore create from/cats --force; first=$pid
grid datastore create from/cats --force >again
kill -CONT $first
wait $first || die "$(cat said)"
equal "$(cut -d' ' -f1 again created | sort | tr '\n' ' ')" 'cats:2 cats:3 '
equal "$(ls "$XDG_STATE_HOME/grid/creates" | wc -l)" 1
grid datastore resume --all -o json 2>/dev/null >out
equal "$(python3 -c 'import json
for d in json.load(open("out"))["creates"]: print(d["name"], d["version"], d["files"])')" 'other 1 121'
grid datastore diff cats:2 cats:3 2>&1 | grep -q " 0 added, 0 removed, 0 changed" || die "they differ"
grid datastore verify --quiet >/dev/null

# One that failed before it had stored anything leaves no trace; an interrupted one stays until it is dropped.
mkdir empty
fails 1 grid datastore create empty
says 'empty is empty'
equal "$(grid datastore list --show-incomplete 2>&1)" 'there are no incomplete creates'
begin . datastore create from/cats --name third; kill -9 $pid; wait $pid 2>/dev/null || :
grid datastore list --show-incomplete | grep -q ' third ' || die "$(grid datastore list --show-incomplete)"
fails 2 grid datastore clearcache
says '--yes'
grid datastore clearcache --yes 2>/dev/null
equal "$(ls "$XDG_STATE_HOME/grid/creates")" ''

# One by a newer version of grid is listed and left alone.
mkdir "$XDG_STATE_HOME/grid/creates/0123abcd"
echo '{"format": 2}' >"$XDG_STATE_HOME/grid/creates/0123abcd/create.json"
fails 1 grid datastore resume 0123abcd
says 'has format 2; this program reads format 1'
fails 1 grid datastore clearcache 0123abcd --yes
grid datastore create dogs --quiet >out 2>&1 || die "$(cat out)"
[ -e "$XDG_STATE_HOME/grid/creates/0123abcd/create.json" ] || die "it is gone"
