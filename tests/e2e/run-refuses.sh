# grid run refuses mistakes in one sentence, before anything starts.
. "$(dirname "$0")/lib.sh"
mkdir cats folder && echo a >cats/a && grid datastore create cats -q >out
refused() { # STATUS TEXT ARGUMENTS…
  status=$1 text=$2; shift 2
  fails "$status" grid run -q "$@"
  says "$text"
  equal "$(wc -l <err)" 1
  [ ! -e started ] || die "it ran"
}
refused 1 'cats has 1' touch started grid:cats:3
refused 1 'cats has 1' touch started --d=/datastores/cats/3/x
refused 1 'cats' touch started grid:cast
refused 2 'grid:Cats' touch started grid:Cats
refused 2 '/datastores/_' touch started /datastores/_/1
refused 2 'names none' --datastore_version 1 touch started
refused 1 'cats has 1' --datastore_name cats --datastore_version 2 touch started
refused 2 'NAME=VALUE' --env A touch started
refused 2 'name a folder' --datastore_mount_dir / touch started
refused 2 'SCRIPT is missing' --name x
refused 1 'missing' ./missing
refused 1 'missing.py' missing.py
refused 1 'no such program' missing-program
refused 1 'is a folder' folder
refused 1 'is a folder' ./folder
touch notes && refused 1 'chmod +x' ./notes
refused 1 "$work/notes" --datastore_mount_dir "$work/notes" touch started
printf '#!/no/such/interpreter\n' >bad && chmod +x bad
needs_run
refused 1 'interpreter' ./bad
# None of them leaves anything behind.
equal "$(grid history -o json --all | grep -c '"status": *"done"' || :)" 1
equal "$(ls state/grid/runs | wc -l)" 1
# A version in use is not deleted, and the sentence names the run that uses it.
"$GRID" run -q --name keeper -- sh -c 'touch started; exec sleep 60' sh grid:cats & pid=$!
until [ -e started ]; do sleep 0.05; done
fails 1 grid datastore delete cats:1 --yes
says keeper
kill $pid; wait $pid 2>/dev/null || :
grid datastore delete cats:1 --yes -q
# Where namespaces are forbidden, the sentence says what to do instead.
if unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces' 2>/dev/null; then
  fails 1 unshare -Ur sh -c "echo 0 >/proc/sys/user/max_user_namespaces
    exec setpriv --bounding-set=-all --inh-caps=-all '$GRID' run true"
  says 'grid mount DIR'
fi
