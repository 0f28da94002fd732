# list, show and describe: tables for people, also for deleted versions and empty stores.
. "$(dirname "$0")/lib.sh"
env -u GRID_STORE "$GRID" datastore 2>err >out || die "an unused default store is no failure"
grep -q '^no datastores in .*/data/grid; ' err || die "$(cat err)"
mkdir cats dogs && echo meow >cats/a && echo woof >dogs/a && echo woof >dogs/b
grid datastore create cats -m first --quiet >/dev/null
echo purr >cats/b
grid datastore create cats -m second --quiet >/dev/null
grid datastore create dogs --quiet >/dev/null
grid datastore describe cats --text 'Cats, 37 breeds'
equal "$(grid datastore describe cats)" 'Cats, 37 breeds'
equal "$(grid datastore describe dogs)" ''
grid datastore describe cats --text=
equal "$(grid datastore describe cats)" ''
grid datastore describe cats --text 'Cats'

grid datastore >out
equal "$(head -1 out | tr -s ' ')" 'NAME LATEST VERSIONS FILES SIZE STORED CREATED STATUS'
equal "$(sed -n 2p out | awk '{ print $1, $2, $3, $4, $5, $6 }')" 'cats 2 2 2 10 B'
equal "$(sed -n 3p out | awk '{ print $1, $2, $3, $4, $NF }')" 'dogs 1 1 2 ready'

grid datastore show cats >out
equal "$(sed -n 2p out)" '  Cats'
grep -q '^ *1  ready  *1  *5 B .* first$' out || die "$(cat out)"
grep -q '^ *2  ready  *2  *10 B .* second$' out || die "$(cat out)"
grid datastore show cats:1 >out
grep -Eq '^  root +[0-9a-f]{64}$' out || die "$(cat out)"
grep -Eq '^  message +first$' out || die "$(cat out)"

grid datastore delete cats:2 --yes --quiet
grid datastore show cats | grep -q '^ *2  deleted' || die "version 2 is not shown as deleted"
grid datastore show cats:latest | head -1 | grep -qx 'cats:1' || die "latest is not 1"
grid datastore delete dogs --all --yes --quiet
equal "$(grid datastore list | wc -l)" 2
grid datastore list --all | grep -q '^dogs .* deleted$' || die "dogs are gone altogether"
