# create --extract: an archive of any kind gives the same version as its folder.
. "$(dirname "$0")/lib.sh"
mkdir -p src/breeds/empty 'src/with space'
i=0
while [ $i -lt 200 ]; do echo "cat $i" >src/breeds/$i.txt; i=$((i + 1)); done
head -c 5000000 /dev/urandom >src/large.bin
head -c 70000000 /dev/zero | tr '\0' 'x' >src/breeds/zeros
: >src/none
printf '#!/bin/sh\n' >src/run.sh && chmod +x src/run.sh
ln -s ../nowhere src/dangling
ln src/large.bin src/breeds/again.bin
long=$(printf 'n%.0s' $(seq 200))
mkdir -p "src/$long/$long" && echo deep >"src/$long/$long/$long"
echo umlaut >'src/with space/grün'
find src -exec touch -h -d '2024-05-06 07:08:10 UTC' {} +
grid datastore create src --name folder --quiet >/dev/null
root=$(grid datastore show folder -o json | grep -o '"root": *"[0-9a-f]*"')
# same_root NAME: version 1 is bit for bit that of the folder.
same_root() { equal "$(grid datastore show "$1" -o json | grep -o '"root": *"[0-9a-f]*"')" "$root"; }

tar -C src -cf a.tar .                  # "./" before every name, GNU long names
tar -C src --format=pax -cf pax.tar .
gzip -k a.tar; xz -T0 -k -1 a.tar; zstd -q a.tar; bzip2 -k -1 a.tar
cp a.tar.gz a.tgz; cp a.tar.xz a.txz; cp a.tar.zst a.tzst; cp a.tar.bz2 a.tbz2
for a in a.tar pax.tar a.tar.gz a.tar.xz a.tar.zst a.tar.bz2 a.tgz a.txz a.tzst a.tbz2; do
  name=$(echo $a | tr . -)
  grid datastore create $a --extract --name "$name" --quiet >/dev/null
  same_root "$name"
done
# An unchanged archive is not read again, unless the limits differ; a changed one is.
read_by() { # FILE COMMAND…: what the command reads, in bytes
  /usr/bin/python3 - "$@" <<'PY'
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:], stdout=open(sys.argv[1], "w"))
os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
print(open(f"/proc/{child.pid}/io").read().split()[1])
sys.exit(child.wait())
PY
}
sleep 0.3 && touch a.tar && sleep 0.3
grid datastore create a.tar --extract --name again >out
grep -q '^same as' out && die "$(cat out)"
[ "$(read_by out "$GRID" datastore create a.tar --extract --name again)" -lt 4000000 ] || die "read"
grep -q '^same as again:1' out || die "$(cat out)"
[ "$(read_by out "$GRID" datastore create a.tar --extract --name again --force)" -lt 4000000 ] ||
  die "read"
grep -q '^again:2  .*0 read' out || die "$(cat out)"
fails 1 grid datastore create a.tar --extract --name again --max-size 1MB
touch a.tar && sleep 0.3
[ "$(read_by out "$GRID" datastore create a.tar --extract --name again)" -gt 5000000 ] || die "unread"
grep -q '^same as again:2' out || die "$(cat out)"
# Two gzip members, as pigz and cat make them; a name in upper case.
split -b 3000000 a.tar part. && for p in part.*; do gzip -c $p; done >TWO.TAR.GZ
grid datastore create TWO.TAR.GZ --extract >out
grep -q '^two:1 ' out || die "$(cat out)"
same_root two
# A tar on standard input, of any compression, needs a name.
tar -C src -c . | grid datastore create - --name stdin --quiet >/dev/null
same_root stdin
grid datastore create - --name stdin-zst --quiet <a.tar.zst >/dev/null
same_root stdin-zst
fails 2 grid datastore create - <a.tar
says 'standard input has no name: give one with --name'

# Without --extract an archive is stored as a file.
grid datastore create a.tar.zst --quiet >/dev/null
equal "$(grid datastore ls a)" "a.tar.zst"
fails 2 grid datastore create src --extract
says '--extract: there is no archive in src'
fails 2 grid datastore create src --max-size 5GB
says '--max-size is for archives'
fails 2 grid datastore create a.tar --extract --max-size 5XB
says '--max-size: "5XB" is not a size'
fails 1 grid datastore create src/large.bin --extract
says 'large.bin is not an archive that can be unpacked: these are zip and tar'

# zip keeps links and executable bits in its directory; times are UTC if it says so.
(cd src && zip -qry ../a.zip .)
grid datastore create a.zip --extract --name zip --quiet >/dev/null
grid datastore get zip out.zip.d >/dev/null
equal "$(readlink out.zip.d/dangling)" ../nowhere
[ -x out.zip.d/run.sh ] && [ ! -x out.zip.d/none ] && [ -d out.zip.d/breeds/empty ] || die "modes of zip"
diff -r --no-dereference src out.zip.d
equal "$(stat -c %Y out.zip.d/large.bin)" "$(date -d '2024-05-06 07:08:10 UTC' +%s)"

# Sparse members, and folders that appear only in paths.
truncate -s 200M sparse && echo end >>sparse
tar -Scf sparse.tar sparse && grid datastore create sparse.tar --extract --quiet >/dev/null
grid datastore cat sparse sparse | cmp - sparse
tar -cf parents.tar src/breeds/7.txt src/breeds/8.txt
grid datastore create parents.tar --extract --quiet >/dev/null
equal "$(grid datastore cat parents src/breeds/8.txt)" "cat 8"
equal "$(grid datastore ls -R parents | tr '\n' ' ')" "src/ src/breeds/ src/breeds/7.txt src/breeds/8.txt "
