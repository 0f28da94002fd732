# --help everywhere; wrong usage gets status 2 and the nearest word.
. "$(dirname "$0")/lib.sh"
equal "$(grid --version | cut -d' ' -f1)" grid
for c in '' datastore 'datastore create' 'datastore list' 'datastore show' 'datastore ls' \
  'datastore cat' 'datastore get' 'datastore diff' 'datastore du' 'datastore delete' 'datastore describe' \
  'datastore verify' 'store repair' 'store upgrade' 'store share' 'session enter' gc 'datastore undelete' 'datastore rename' 'datastore find' 'datastore prune' 'datastore retention' 'datastore tag' 'datastore move' 'datastore policy' 'credential create' 'credential list' 'credential delete' mount unmount run status 'history list' 'history delete' 'history prune' logs stop artifacts 'session create' \
  'session list' 'session exec' 'session attach' 'session detach' 'session delete' completion; do
  grid $c --help >out || die "grid $c --help"
  [ "$(wc -L <out)" -le 100 ] || die "grid $c --help is too wide"
  case $c in '' | datastore) ;; *) grep -q '^Example' out || die "grid $c --help has no example" ;; esac
done
grid >out
grep -q 'datastore create' out || die "grid alone says nothing of create"
fails 2 grid datastor list
says 'did you mean datastore?'
fails 2 grid datastore craete x
says 'did you mean create?'
fails 2 grid create x
says 'did you mean grid datastore create or grid token create or grid credential create or grid session create?'
fails 2 grid datastore list --al
says 'did you mean --all?'
fails 2 grid datastore create
says 'SOURCE is missing'
fails 2 grid datastore list too many
says 'unexpected argument too'
fails 2 grid datastore list -o yaml
says 'json or text'
fails 2 grid datastore -o json nonsense
grep -q '"kind": "invalid_argument"' out || die "no error document: $(cat out)"
[ ! -e store ] || die "wrong usage made a store"
