# create with several sources: each below its folder, and no path from two of them.
. "$(dirname "$0")/lib.sh"
mkdir -p a/sub b/sub 'c=d'
echo 1 >a/one && echo 2 >b/two && echo 3 >b/sub/three && echo 4 >a/sub/four && echo 5 >'c=d/five'
echo l >labels.csv && tar -cf more.tar -C b two sub && ln a/one a/same
sleep 0.1
grid datastore create --name mixed --source train=a --source val/2024=b --source labels.csv --source x=more.tar \
  --extract --quiet >/dev/null
equal "$(grid datastore ls -R mixed | tr '\n' ' ')" \
  "labels.csv train/ val/ x/ train/one train/same train/sub/ train/sub/four val/2024/ val/2024/sub/ val/2024/two val/2024/sub/three x/sub/ x/two x/sub/three "
equal "$(grid datastore cat mixed val/2024/sub/three)" 3
equal "$(grid datastore show mixed -o json | grep -o '"source": *"[^"]*"')" \
  '"source": "train=a val/2024=b labels.csv x=more.tar"'
# With local folders only, unchanged files are not read again, whichever folder they are in.
set -- --name plain --source train=a --source val/2024=b --source labels.csv
grid datastore create "$@" --quiet >/dev/null
echo new >b/new
grid datastore create "$@" >out
grep -q ' 1 read, 5 unchanged' out || die "$(cat out)"
equal "$(grid datastore cat plain train/same)" 1
# The same tree as a single source is the same version.
mkdir -p one/val && cp -a a one/train && cp -a b one/val/2024 && cp -a labels.csv one/ && touch -d @0 one/val
grid datastore create one --name plain >out
equal "$(cat out)" "same as plain:2 (use --force to make a new version)"

# Folders of the same path are merged, files are refused, and nothing is stored before that check.
mkdir -p clash/sub && echo x >clash/sub/four && head -c 3000000 /dev/urandom >clash/aaa
before=$(du -sb store | cut -f1)
fails 1 grid datastore create --name both --source a --source clash
says 'sub/four is in a and in clash; nothing was published'
equal "$(du -sb store | cut -f1)" "$before"
rm clash/sub/four
grid datastore create --name both --source a --source clash --quiet >/dev/null
equal "$(grid datastore ls -R both | tr '\n' ' ')" "aaa one same sub/ sub/four "
fails 1 grid datastore create --name clash --source b --source more.tar --extract
says 'is in the source twice'

# A source with = in its name is taken as it is; PATH= is a path in the version.
grid datastore create --source 'c=d' --name equals --quiet >/dev/null
equal "$(grid datastore ls equals)" five
for path in /train ../x a/../b ''; do
  fails 2 grid datastore create --name x --source "$path=a"
  says 'must be the folder of the version in which the source is put'
done
fails 2 grid datastore create --source a --source b
says 'several sources have no name in common: give one with --name'
