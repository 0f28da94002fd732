# A bucket of a real S3 server keeps the promises of every backend.
. "$(dirname "$0")/lib.sh"
. "$here/../support/radosgw.sh"
: "${BACKEND_TEST:?is the backend_test program}"
radosgw_start
make_bucket conformance
GRID_TEST_S3=$endpoint GRID_TEST_S3_KEY=OWNERKEY GRID_TEST_S3_SECRET=ownersecret \
  "$BACKEND_TEST" --gtest_filter='Server/*' >out 2>&1 || die "$(tail -40 out)"
grep -q 'PASSED.*3[0-9] tests' out || die "not all were run: $(tail -3 out)"
