# Slow: s3-gc.sh for 10 minutes, or for GC_SECONDS.
GC_SECONDS=${GC_SECONDS:-600}
export GC_SECONDS
. "$(dirname "$0")/s3-gc.sh"
