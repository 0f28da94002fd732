# Creates that are killed at random moments and repeated: the version is the right one, and little is
# read twice. resume-killed.sh is the long form.
. "$(dirname "$0")/lib.sh"
mkdir folder && head -c 400000000 /dev/urandom | split -b 500000 -a 4 - folder/
head -c 400000000 /dev/urandom >large
tar cf folder.tar folder
sleep 0.3  # a file written just now could not be told from one that is written next
# Of 400 MB, 25 MB that were read ahead may be lost, and a few for each worker.
/usr/bin/python3 "$here/../support/kill_creates.py" "$GRID" 9 0.12 folder=folder large=large \
  tar=folder.tar,--extract

# After Ctrl-C nothing is read again but a buffer or two.
head -c 400000000 /dev/urandom >other
sleep 0.3
export GRID_STORE=$work/another
env --default-signal=INT "$GRID" datastore create other -o json >out 2>err &
pid=$!
until [ -n "$(find "$GRID_STORE" -size +1M 2>/dev/null | head -1)" ]; do
  kill -0 $pid 2>/dev/null || break
done
kill -s INT $pid && ! wait $pid || die "it was over before it could be interrupted"
grep -q '"event": "end", "status": "interrupted"' err || die "$(cat err)"
done=$(sed -n 's/.*"event": "end".*"bytes_done": \([0-9]*\).*/\1/p' err)
grid datastore create other -o json 2>/dev/null >out
resumed=$(sed -n 's/.*"bytes_resumed": \([0-9]*\).*/\1/p' out)
[ "$resumed" -gt 0 ] && [ $((done - resumed)) -lt 10000000 ] || die "read $done, resumed $resumed"
grid datastore cat other other | cmp - other
