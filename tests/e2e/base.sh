# create --base: a version made from another one and changes, without that one's data at hand.
. "$(dirname "$0")/lib.sh"
mkdir -p src/train src/val new/extra
i=0
while [ $i -lt 3000 ]; do echo "cat $i" >src/train/$i.txt; i=$((i + 1)); done
echo v >src/val/1 && echo l >src/labels.csv && ln src/val/1 src/val/2
grid datastore create src --name cats --quiet >/dev/null
mv src away
echo changed >new/7.txt && echo added >new/extra/x
before=$(du -sb store | cut -f1)
grid datastore create --base cats:1 --add train=new --remove labels.csv --remove 'train/29*.txt' --remove val/1 >out
grep -q '^cats:2  2,891 files' out || die "$(cat out)"
grown=$(($(du -sb store | cut -f1) - before))
[ "$grown" -lt 250000 ] || die "the change stored $grown bytes"
equal "$(grid datastore cat cats:2 train/7.txt)" changed
equal "$(grid datastore cat cats:2 train/extra/x)" added
equal "$(grid datastore cat cats:2 val/2)" v
equal "$(grid datastore show cats:2 -o json | grep -o '"source": *"[^"]*"')" \
  '"source": "cats:1 --add train=new --remove labels.csv --remove train/29*.txt --remove val/1"'
# It is bit for bit the version of the whole folder.
mv away src && rm src/labels.csv src/train/29*.txt src/val/1 && cp -a new/. src/train
touch -r new src/train
grid datastore get cats:2 out.d >/dev/null && diff -r src out.d
grid datastore verify cats:2 --quiet
grid datastore create --base cats --add new=train >out
equal "$(cat out)" "same as cats:2 (use --force to make a new version)"
fails 1 grid datastore create --base cats --remove nothing
says '--remove nothing: nothing in cats:2 matches'
fails 2 grid datastore create src --base cats
says 'SOURCE does not go with --base'
fails 2 grid datastore create src --add new
says '--add needs --base'
fails 2 grid datastore create --base cats
says '--base needs a change'
# One order for --source and --add, PATH=SOURCE; the other works where it is clear.
mkdir -p both && echo b >both/b && mkdir train && echo t >train/t
grid datastore create --base cats:1 --add more/deep=./both --name order -q >/dev/null
equal "$(grid datastore cat order:1 more/deep/b)" b
grid datastore create --base cats:1 --add both=more/deep --name order 2>err >out
grep -q 'taken as more/deep=both: the folder of the version comes first' err || die "$(cat err)"
equal "$(cat out)" 'same as order:1 (use --force to make a new version)'
grid datastore create --source ./both=more/deep --source train -n several 2>err >/dev/null
equal "$(grid datastore cat several:1 more/deep/b)" b
fails 2 grid datastore create --base cats:1 --add both=train --name order
says 'both both and train exist: write both=./train'
