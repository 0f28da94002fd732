# create --extract of archives that are rightly made, but not as most are: each keeps what it has,
# or is refused for what it is.
. "$(dirname "$0")/lib.sh"
refuses() { # ARCHIVE TEXT [OPTION…]
  archive=$1 text=$2; shift 2
  fails 1 grid datastore create $archive --extract --name x "$@"
  says "$text"
}

# Sparse members that end in a hole: all of it, and after 1 and 4 MiB of data.
truncate -s 300K hole
for size in 1 4; do
  head -c ${size}M /dev/urandom >data$size && truncate -s 9M data$size
done
for format in gnu posix; do
  for version in 0.0 0.1 1.0; do
    tar -Scf sparse.tar --format=$format $([ $format = gnu ] || echo --sparse-version=$version) hole data1 data4
    grid datastore create sparse.tar --extract --force --quiet >/dev/null
    for file in hole data1 data4; do
      grid datastore cat sparse $file | cmp - $file || die "$format $version $file"
    done
  done
done
# A hole of any size in a few bytes is a bomb like any other.
truncate -s 2G large && tar -Scf large.tar large
refuses large.tar 'more than 200 times its size'

/usr/bin/env python3 - <<'PY'
import io, struct, tarfile, zipfile, zlib
F, S, H = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
def tar(name, *members, **options):
    with tarfile.open(name, "w", format=tarfile.PAX_FORMAT, errors="surrogateescape", **options) as t:
        for path, kind, what in members:
            info = tarfile.TarInfo(path)
            info.type = kind
            if kind == F: info.size = len(what); t.addfile(info, io.BytesIO(what.encode()))
            else: info.linkname = what; t.addfile(info)
tar("links.tar", ("b", H, "z"), ("z", S, "no/where"), ("zz", H, "z"), ("file", F, "1"), ("same", H, "file"))
tar("nfd.tar", ("gru\u0308n", F, "nfd"), ("gr\u00fcn", F, "nfc"), ("to", S, "gru\u0308n"))
tar("bytes.tar", ("a\udcff", F, "latin"))
tar("long.tar", ("n" * 256, F, "1"), ("link", H, "n" * 256), ("d" * 300 + "/x", F, "1"), ("short", F, "2"))
# 9,000 members with pax headers, which lie across every boundary of what is read at once.
tar("many.tar", *[(f"{i}-gru\u0308n", F, "x" * (i % 700)) for i in range(9000)])

def zipped(name, *members):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as z:
        for member, text in members: z.writestr(member, text)
    return bytearray(open(name, "rb").read())
zipped("nfd.zip", ("gru\u0308n", "nfd"), ("gr\u00fcn", "nfc"), ("plain", "1"))
data = zipped("deflate64.zip", ("a", "x" * 100))
data[8:10] = struct.pack("<H", 9)
data[data.find(b"PK\x01\x02") + 10:][:2]
at = data.find(b"PK\x01\x02") + 10
data[at:at + 2] = struct.pack("<H", 9)
open("deflate64.zip", "wb").write(data)
data = zipped("names.zip", ("good", "1"), ("other", "2"))
open("names.zip", "wb").write(data.replace(b"other", b"OTHER", 1))
info = zipfile.ZipInfo("then", (1980, 1, 1, 0, 0, 0))
info.extra = struct.pack("<HHBi", 0x5455, 5, 1, -150000000)
late = zipfile.ZipInfo("late", (2040, 1, 1, 0, 0, 0))
late.extra = struct.pack("<HHBI", 0x5455, 5, 1, 2208988800)
with zipfile.ZipFile("times.zip", "w") as z: z.writestr(info, "1"); z.writestr(late, "2")
PY
# Names of one symbolic link are links with one target.
grid datastore create links.tar --extract -q >/dev/null
grid datastore get links got -q
for link in b z zz; do equal "$(readlink got/$link)" no/where; done
equal "$(stat -c %h got/same)" 2
# Names stay as they are, byte for byte.
for archive in nfd.tar nfd.zip; do
  grid datastore create $archive --extract --name nfd --force -q >/dev/null
  equal "$(grid datastore cat nfd "$(printf 'gru\314\210n')")" nfd
  equal "$(grid datastore cat nfd "$(printf 'gr\303\274n')")" nfc
done
grid datastore get nfd:1 got.nfd -q
equal "$(readlink got.nfd/to)" "$(printf 'gru\314\210n')"
grid datastore create bytes.tar --extract -q >/dev/null
equal "$(grid datastore cat bytes "$(printf 'a\377')")" latin
grid datastore create many.tar --extract -q >/dev/null
equal "$(grid datastore ls many | grep -c "$(printf 'gru\314\210n')$")" 9000
gzip -k many.tar && grid datastore create many.tar.gz --extract >out
grep -q '^same as many:1' out || die "$(cat out)"

# A name that no file system takes is refused, or left out if that is allowed: for every source.
refuses long.tar '3 files or folders could not be kept'
grep -q "^grid: nnn*: has a name of more than 255 bytes" err || die "$(cat err)"
grid datastore create long.tar --extract --allow-partial -q >/dev/null
equal "$(grid datastore ls -R long)" short

# A .zst that begins with a frame without content, as pzstd writes them before every other one.
{ printf '\120\052\115\030\004\000\000\000abcd'; head -c 2000000 many.tar | zstd -q
  printf '\137\052\115\030\000\000\000\000'; tail -c +2000001 many.tar | zstd -q; } >frames.tar.zst
grid datastore create frames.tar.zst --extract --name many >out
grep -q '^same as many:1' out || die "$(cat out)"

# A pipe is read as standard input is.
mkfifo pipe && { cat many.tar.gz >pipe & }
grid datastore create pipe --extract --name many >out
grep -q '^same as many:1' out || die "$(cat out)"
fails 2 grid datastore create pipe --extract
says 'pipe is a pipe or a device: give a name with --name'

refuses deflate64.zip 'deflate64.zip: a: it is compressed in a way that is not supported'
refuses names.zip "has another name in the zip's directory"
TZ=UTC grid datastore create times.zip --extract -q >/dev/null
grid datastore get times got.times -q
equal "$(stat -c %Y got.times/then)" -150000000
equal "$(stat -c %Y got.times/late)" 2208988800
