# Folders that are not stores, and stores that cannot be used, are refused.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo a >cats/a
fails 1 grid datastore show cats
says 'there is no store at'
fails 1 grid datastore list
says 'there is no store at'
[ ! -e store ] || die "looking made a store"

mkdir other && echo precious >other/file
fails 1 grid --store other datastore create cats
says 'other is not a store'
fails 1 grid --store other datastore list
equal "$(ls other)" file
fails 1 grid --store cats/a datastore create cats
says 'cats/a'
fails 2 grid --store ftp://host/x datastore list
says 'ftp://'

# A newer format.
grid datastore create cats --quiet >/dev/null
marker=store/store.json
cp "$marker" marker
chmod u+w "$marker"
sed 's/"format": *2/"format": 3/' marker >"$marker"
for c in 'datastore list' 'datastore create cats' 'datastore cat cats a' 'datastore verify'; do
  fails 1 grid $c
  says 'format 3'
done
cp marker "$marker"
equal "$(grid datastore cat cats a)" a

# Without permission to write, an ordinary user is refused but can still read.
echo b >cats/b
chmod -R a-w store
fails 1 as_user "$GRID" datastore create cats
says 'Permission denied'
equal "$(as_user "$GRID" datastore cat cats:1 a)" a
fails 1 as_user "$GRID" datastore delete cats:1 --yes
says 'Permission denied'
chmod -R u+w store
grid datastore show cats:1 >/dev/null
fails 1 grid datastore show cats:2
