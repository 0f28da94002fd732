# create --extract refuses hostile archives with the member's name, publishes nothing, and writes
# nowhere but to the store.
. "$(dirname "$0")/lib.sh"
/usr/bin/env python3 - <<'PY'
import io, tarfile, zipfile
def tar(name, *members):
    with tarfile.open(name, "w") as t:
        for path, kind, what in members:
            info = tarfile.TarInfo(path)
            info.type = kind
            if kind == tarfile.REGTYPE: info.size = len(what); t.addfile(info, io.BytesIO(what.encode()))
            else: info.linkname = what; t.addfile(info)
F, S, H, D = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
tar("up.tar", ("good", F, "1"), ("a/../../evil", F, "1"))
tar("absolute.tar", ("/tmp/evil", F, "1"))
tar("through.tar", ("link", S, "/tmp"), ("link/evil", F, "1"))
tar("through-later.tar", ("link/evil", F, "1"), ("link", S, "/tmp"))
tar("hard.tar", ("link", H, "../../etc/passwd"))
tar("hard-nowhere.tar", ("link", H, "nowhere"))
tar("twice.tar", ("a/b", F, "1"), ("c", F, "1"), ("./a//b", F, "2"))
tar("long.tar", ("n" * 256, F, "1"))
tar("devices.tar", ("dev/null", tarfile.CHRTYPE, ""), ("dev/pipe", tarfile.FIFOTYPE, ""), ("ok", F, "1"))
tar("fine.tar", *[(f"d/{i}", F, "x" * 1000) for i in range(100)])
with zipfile.ZipFile("up.zip", "w") as z: z.writestr("../evil", "1")
with zipfile.ZipFile("crc.zip", "w") as z: z.writestr("a", "1"); z.writestr("bad", "payload-here")
data = open("crc.zip", "rb").read(); open("crc.zip", "wb").write(data.replace(b"payload-here", b"payload-HERE"))
with zipfile.ZipFile("locked.zip", "w") as z: z.writestr("open", "1"); z.writestr("secret", "1")
data = bytearray(open("locked.zip", "rb").read())
for mark, offset in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):
    at = data.rfind(mark, 0, data.rfind(b"secret") if mark[2] == 1 else data.find(b"secret"))
    data[at + offset] |= 1
open("locked.zip", "wb").write(data)
PY
refuses() { # ARCHIVE TEXT [OPTION…]
  archive=$1 text=$2; shift 2
  fails 1 grid datastore create $archive --extract --name x "$@"
  says "$text"
}
refuses up.tar 'up.tar: a/../../evil: its path leads upwards'
refuses absolute.tar 'absolute.tar: /tmp/evil: its path is absolute'
refuses through.tar 'link/evil: its path leads through link, which is a symlink there'
refuses through-later.tar 'link/evil: its path leads through link, which is a symlink there'
refuses hard.tar 'hard.tar: link: its path leads upwards'
refuses hard-nowhere.tar 'link: is a hard link to nowhere, which is not in the source'
refuses twice.tar 'a/b: is in the source twice'
refuses long.tar 'has a name of more than 255 bytes'
refuses up.zip 'up.zip: ../evil: its path leads upwards'
refuses crc.zip 'crc.zip: bad: the archive is damaged'
refuses locked.zip 'locked.zip: secret: it is encrypted'
refuses fine.tar 'fine.tar: d/50: with it the archive has more than the 50 members' --max-files 50
refuses fine.tar 'fine.tar: d/70: with it the archive unpacks to more than the 70000 bytes' --max-size 70kB
grid datastore create fine.tar --extract --name fits --max-files 100 --max-size 100kB --quiet >/dev/null
# What an earlier attempt stored counts towards the limits too.
mkdir many && head -c 40000000 /dev/urandom | split -b 1000000 -d -a 2 - many/
tar -cf many.tar --sort=name many
gzip -1 -k many.tar
sleep 0.3
for archive in many.tar many.tar.gz; do
  for attempt in 1 2 3; do
    refuses $archive 'many/35: with it the archive unpacks to more than the 35000000 bytes' --max-size 35MB
  done
  grid datastore list --show-incomplete | grep 'failed .*many/35' >out || die 'nothing to continue'
  grid datastore clearcache --yes --quiet
done
grid datastore create devices.tar --extract >out 2>err
grep -q 'dev/null: is a device' err && grep -q 'dev/pipe: is a named pipe' err || die "$(cat err)"
equal "$(grid datastore ls -R devices)" ok

# Cut anywhere, or with one bit flipped, in any compression: refused, never half a version.
head -c 300000 /dev/urandom >noise && tar -cf whole.tar noise fine.tar
gzip -k whole.tar; xz -k whole.tar; zstd -q whole.tar; bzip2 -k whole.tar; zip -q whole.tar.zip noise fine.tar
for a in whole.tar whole.tar.gz whole.tar.xz whole.tar.zst whole.tar.bz2 whole.tar.zip; do
  size=$(stat -c %s $a)
  for cut in 10 600 $((size / 2)) $((size - 11000)) $((size - 5)); do
    [ $a = whole.tar ] && [ $cut = $((size - 5)) ] && continue # only padding is lost
    head -c $cut $a >cut
    fails 1 grid datastore create cut --extract --name cut
  done
done
for a in whole.tar.gz whole.tar.xz whole.tar.zst whole.tar.bz2; do
  size=$(stat -c %s $a)
  for at in 30 $((size / 3)) $((size - 6)); do
    python3 -c 'import sys; d = bytearray(open(sys.argv[1], "rb").read()); d[int(sys.argv[2])] ^= 1
open("flipped", "wb").write(d)' $a $at
    "$GRID" datastore create flipped --extract --name flipped >/dev/null 2>err || continue
    grid datastore cat flipped noise | cmp - noise # a bit that does not matter
    grid datastore delete flipped --all --yes >/dev/null
  done
done
# A bomb: more than a gigabyte of zeros in a few kilobytes. Extracting it takes an option.
head -c 1300000000 /dev/zero >zeros && tar -cf - zeros | zstd -q >bomb.tar.zst && rm zeros
refuses bomb.tar.zst 'bomb.tar.zst: zeros: with it the archive unpacks to more than 200 times its size'
grid datastore create bomb.tar.zst --extract --max-size 2GB --quiet >/dev/null
for name in x cut; do fails 1 grid datastore ls "$name:1"; done
[ ! -e /tmp/evil ] && [ ! -e "$work/../evil" ] || die "something escaped"
