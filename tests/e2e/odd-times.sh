# Times before 1970 are kept to the nanosecond, times beyond the range become its ends and are said,
# and the time of the source's own folder is that of the version's.
. "$(dirname "$0")/lib.sh"
export TZ=UTC
/usr/bin/env python3 - <<'PY'
import io, tarfile
with tarfile.open("far.tar", "w", format=tarfile.PAX_FORMAT) as t:
    def add(name, mtime, kind=tarfile.REGTYPE):
        info = tarfile.TarInfo(name)
        info.type, info.pax_headers = kind, {"mtime": mtime}
        t.addfile(info)
    add(".", "1234567890.000000007", tarfile.DIRTYPE)
    add("9999", "253402300799")
    add("2300", "10413792000")
    add("1500", "-14831769600.5")
    add("half", "-0.5")
    add("one and a half", "-1.5")
    add("whole", "-2")
PY
grid datastore create far.tar --extract >out 2>err
grep -q '^far:1  6 files ' out || die "$(cat out)"
says 'its time is not between 1677-09-21 and 2262-04-11, and became the nearest that is; the same for 2 others'
equal "$(grep -vc "^new store at" err)" 1
grep -q 'left out' err && die "$(cat err)"
equal "$(grid datastore show far -o json | grep -o '"left_out": *[0-9]*' | grep -o '[0-9]*$')" 0
time_of() { grid datastore ls -l far:1 "$1" | grep -o '[0-9]\{4\}-[0-9-]* [0-9:]*'; }
equal "$(time_of 9999)" "2262-04-11 23:47"
equal "$(time_of 1500)" "1677-09-21 00:12"
equal "$(time_of half)" "1969-12-31 23:59"
equal "$(time_of whole)" "1969-12-31 23:59"
grid datastore get far got --quiet
equal "$(stat -c %.9Y got/half)" -0.500000000
equal "$(stat -c %.9Y 'got/one and a half')" -1.500000000
equal "$(stat -c %.9Y got/whole)" -2.000000000
equal "$(stat -c %.9Y got)" 1234567890.000000007

# The same for a folder, for several sources and for changes to a version; for a part of a version
# the time of that folder.
mkdir -p a/sub b && echo 1 >a/sub/x && echo 2 >b/y
touch -d '2001-02-03 04:05:06.5 UTC' a/sub
touch -d '2002-02-03 04:05:06.5 UTC' a
touch -d '2003-02-03 04:05:06.5 UTC' b
top_time() { rm -rf top && grid datastore get "$@" && stat -c %.1Y top; }
at() { date -d "$1-02-03 04:05:06.5 UTC" +%s.5; }
grid datastore create a -q >/dev/null
equal "$(top_time a top -q)" "$(at 2002)"
equal "$(top_time a top sub -q)" "$(at 2001)"
grid datastore create --name both --source a --source b -q >/dev/null
equal "$(top_time both top -q)" "$(at 2003)"
grid datastore create --base a:1 --add b=new -q >/dev/null
equal "$(top_time a:2 top -q)" "$(at 2002)"
grid datastore create --base a:1 --add b -q >/dev/null
equal "$(top_time a:3 top -q)" "$(at 2003)"
grid datastore create a:1 --name copy -q >/dev/null
equal "$(top_time copy top -q)" "$(at 2002)"
# It is not part of the tree.
touch a && grid datastore create a --name copy >out
grep -q '^same as copy:1' out || die "$(cat out)"
