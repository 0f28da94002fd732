# grid run: references, the script's own streams and status, and the record.
. "$(dirname "$0")/lib.sh"
mkdir -p cats/train dogs && echo one >cats/train/a && echo dog >dogs/d
printf '#!/bin/sh\necho stored "$1"\n' >cats/tool && chmod +x cats/tool
grid datastore create cats -q >one && echo two >cats/train/a && grid datastore create cats -q >two
grid datastore create dogs -q >three
needs_run
# All forms at once, for several datastores, in a Python script.
cat >main.py <<'END'
import sys
for argument in sys.argv[1:]:
    print(argument, open(argument.split("=")[-1] + "/a").read().strip())
END
equal "$(grid run -q main.py --x=grid:cats:1/train grid:cats:latest/train /datastores/cats/train --y=/datastores/cats/1/train)" \
  "--x=/datastores/cats/1/train one
/datastores/cats/2/train two
/datastores/cats/2/train two
--y=/datastores/cats/1/train one"
equal "$(grid run -q --datastore_version 1 -- cat grid:cats/train/a)" one
equal "$(grid run -q --datastore_name cats:1 --datastore_name dogs cat /datastores/cats/train/a /datastores/dogs/d)" "one
dog"
equal "$(grid run -q --datastore_name cats:1 -- sh -c 'cat /datastores/cats/train/a /datastores/cats/2/train/a')" "one
two"
# A path that appears only in the code, not in an argument: the newest version.
equal "$(grid run -q -- sh -c 'cat /datastores/cats/train/a')" two
equal "$(grid run -q --datastore_mount_dir "$work/sets" cat grid:cats:1/train/a "$work/sets/dogs/1/d")" "one
dog"
equal "$(grid run -q /datastores/cats/1/tool x)" "stored x"
# An existing folder is unchanged outside the run; a new one in / leaves nothing behind.
mkdir here && touch here/mine && equal "$(grid run -q --datastore_mount_dir here ls here)" "cats
dogs"
equal "$(ls here)" mine
equal "$(grid run -q --datastore_mount_dir /grid-e2e-new/deep pwd)" "$(pwd -P)"
[ ! -e /grid-e2e-new ] || die "/grid-e2e-new stayed"
if grep "grid-root\|$work\| /datastores \| /grid-e2e" /proc/self/mounts; then die "a mount stayed"; fi
# Streams, status, environment and the options after the script are the script's own.
equal "$(echo in | grid run -q sh -c 'cat; echo err >&2; exit 7' 2>err || echo "status $?")" "in
status 7"
equal "$(cat err)" err
equal "$(grid run -q --env A=1 --env B='x y' -- sh -c 'echo "$A $B $GRID_DATASTORES ${GRID_RUN_ID:+id}" "$@"' sh --env C)" \
  "1 x y /datastores id --env C"
grid run -- cat grid:cats grid:dogs/d >out 2>err || :
grep -q '^cats:2  [0-9a-f]\{12\}  2 files  .*(newest)$' err || die "$(cat err)"
# Every run left a record; this one says what was attached, what was read and how the run ended.
grid run -q --name mine -- sh -c 'cat /datastores/dogs/1/d; exit 3' sh grid:cats:1 >out || :
record=state/grid/runs/mine/record.json
for part in '"exit_status": 3' '"state": "failed"' '"root_digest": "[0-9a-f]\{64\}"' '"name": "dogs"' '"grid:cats:1"'; do
  grep -q -- "$part" "$record" || die "no $part in $(cat "$record")"
done
equal "$(ls state/grid/attachments)" ""
