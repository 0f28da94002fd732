# A create on a store that lost a pack stores again what is missing; listings go around what is
# damaged.
. "$(dirname "$0")/lib.sh"
mkdir cats && head -c 50000 /dev/urandom >cats/large && echo x >cats/small
grid datastore create cats --quiet >/dev/null
rm -f store/packs/*.data
grid datastore create cats --force >out 2>err || die "$(cat err)"
grep -q 'packs/.*\.data is missing.*grid store repair' err || die "no warning: $(cat err)"
grid datastore get cats:2 copy >/dev/null
diff -r cats copy || die "the new version has holes"
# The chunks of the first version are there again.
rm -rf cache copy
grid datastore get cats:1 copy >/dev/null
diff -r cats copy || die "the old version has holes"
grid store repair >out || die "$(cat out)"
grep -q 'all is well' out || die "$(cat out)"

rm -f store/datastores/cats/versions/2
echo '{}' >store/datastores/cats/versions/2
for c in 'datastore list' 'datastore show cats'; do
  status=0; grid $c >out 2>err || status=$?
  equal "$status" 1
  grep -q '^cats' out || die "$c shows nothing: $(cat out)"
  equal "$(grep -c 'cats:2: its record: ' err)" 1
done
