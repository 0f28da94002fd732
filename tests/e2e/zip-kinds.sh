# create --extract of zips by Python's zipfile: zip64, data descriptors, names in every encoding.
. "$(dirname "$0")/lib.sh"
/usr/bin/env python3 - <<'PY'
import struct, sys, zipfile
class Pipe:  # cannot seek: zipfile then writes data descriptors
    def __init__(self, path): self.f = open(path, "wb"); self.n = 0
    def write(self, data): self.n += len(data); return self.f.write(data)
    def flush(self): self.f.flush()
    def close(self): self.f.close()
for name, compression in ("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(name + "64.zip", "w", compression) as z:
        with z.open("big/one.bin", "w", force_zip64=True) as member: member.write(b"one" * 100000)
        z.writestr("two.txt", "two")
    pipe = Pipe(name + "-piped.zip")
    with zipfile.ZipFile(pipe, "w", compression) as z:
        z.writestr("big/one.bin", b"one" * 100000)
        z.writestr("two.txt", "two")
    pipe.close()
with zipfile.ZipFile("names.zip", "w") as z:
    z.writestr("grün/猫.txt", "utf-8")
    z.writestr("placeholder-a", "cp437")
    z.writestr("placeholder-b", "unmarked utf-8")
data = open("names.zip", "rb").read()  # names without the UTF-8 flag, as old programs write them
data = data.replace(b"placeholder-a", b"caf\x82\x81\xe1\xf6-zzzzz").replace(b"placeholder-b", "caf\u00e9-\u732b-zzz".encode())
open("names.zip", "wb").write(data)
with zipfile.ZipFile("empty.zip", "w"): pass
with zipfile.ZipFile("comment.zip", "w") as z:
    z.writestr("a", "1"); z.comment = b"c" * 10000
PY
for a in stored64 deflated64 stored-piped deflated-piped; do
  grid datastore create $a.zip --extract --quiet >/dev/null
  equal "$(grid datastore cat $a big/one.bin | sha256sum)" "$(python3 -c 'print("one" * 100000, end="")' | sha256sum)"
  equal "$(grid datastore cat $a two.txt)" two
done
grid datastore create names.zip --extract --quiet >/dev/null
equal "$(grid datastore cat names grün/猫.txt)" "utf-8"
equal "$(grid datastore cat names caféüß÷-zzzzz)" cp437
equal "$(grid datastore cat names café-猫-zzz)" "unmarked utf-8"
grid datastore create comment.zip --extract --quiet >/dev/null
fails 1 grid datastore create empty.zip --extract
says 'empty.zip is empty: a version needs at least one file or folder'
fails 1 grid datastore create - --name x <names.zip
says 'standard input is a zip, which is read by the directory at its end'
