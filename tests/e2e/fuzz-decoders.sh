# Slow: builds the fuzz targets with libFuzzer and runs each for 20 s.
. "$(dirname "$0")/lib.sh"
command -v clang++-14 >/dev/null || skip "clang++-14 is not installed: scripts/install-deps fuzz"
"$here/../../scripts/fuzz" --seconds 20 || die "see build/fuzz/found"
