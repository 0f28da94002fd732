# Bad sources and names get one sentence and the right status, and the store does not change.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo a >cats/a && grid datastore create cats --quiet >/dev/null
snapshot() { find store -type f -printf '%P %s %T@\n' | LC_ALL=C sort; }
before=$(snapshot)
refused() { # STATUS TEXT COMMAND…
  status=$1 text=$2; shift 2
  fails "$status" "$@"
  says "$text"
  equal "$(wc -l <err)" 1
  equal "$(snapshot)" "$before"
}
refused 1 'no-such-folder: No such file or directory' grid datastore create no-such-folder
refused 2 'Cats' grid datastore create cats --name Cats
refused 2 'name' grid datastore create cats --name "$(printf '%064d' 1)"
refused 2 'name' grid datastore create cats --name=
refused 2 'cannot be the name of a bucket' grid datastore create s3://b/cats
refused 2 'the source must be s3:' grid datastore create cats --no-copy
refused 2 'named twice' grid datastore create cats --source cats
refused 1 'cats' grid datastore show cast
refused 1 'cats:7 does not exist; cats has 1' grid datastore show cats:7
refused 1 'cats has 1' grid datastore cat cats:7 a
refused 2 'a version is a number' grid datastore show cats:one
refused 2 'a version is a number' grid datastore show cats:0
refused 2 'a version is a number' grid datastore show cats:01
refused 1 'cats' grid datastore verify cast
refused 1 'cats' grid datastore describe cast --text x
refused 1 'cats' grid datastore diff cats:1 cast:1

mkdir empty
refused 1 'empty is empty' grid datastore create empty
fails 1 grid datastore show empty:1
