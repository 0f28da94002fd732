# Sweeps: one command becomes experiments, each with a record, a log and artifacts of its own.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a && grid datastore create cats -q >out
echo purr >cats/a && grid datastore create cats -q >out
needs_run
value() { python3 -c 'import json, sys; print(eval(sys.argv[1], json.load(sys.stdin)))' "$1"; }
cat >train.py <<'END'
import os, sys, time
print(*sys.argv[1:])
open(os.environ["GRID_ARTIFACTS"] + "/arguments", "w").write(" ".join(sys.argv[1:]))
data = open(sys.argv[1] + "/a").read()
print(data)
if "--lr=0.1" in sys.argv and "sgd" in sys.argv: sys.exit(3)
END
fails 1 grid run --name grid1 --parallel 2 train.py grid:cats:1 --lr='[0.1, 0.01]' --opt "['adam', 'sgd']"
equal "$(grid status grid1 -o json | value '[(e["name"], e["parameters"], e["status"]) for e in experiment_runs]')" \
  "[('grid1-exp0', {'lr': '0.1', 'opt': 'adam'}, 'done'), ('grid1-exp1', {'lr': '0.1', 'opt': 'sgd'}, 'failed'), ('grid1-exp2', {'lr': '0.01', 'opt': 'adam'}, 'done'), ('grid1-exp3', {'lr': '0.01', 'opt': 'sgd'}, 'done')]"
equal "$(grid logs grid1-exp2)" "/datastores/cats/1 --lr=0.01 --opt adam
meow"
grid artifacts -q grid1-exp3 --download_dir got >out
equal "$(cat got/arguments)" "/datastores/cats/1 --lr=0.01 --opt sgd"
grid status grid1 | grep -q '^grid1-exp1  *0.1  *sgd  *failed (status 3)' || die "$(grid status grid1)"
equal "$(grid history | grep -c grid1)" 1
# Up to --parallel experiments run at once, in one mount.
cat >wait.py <<'END'
import os, sys, time
open("began" + sys.argv[2], "w").close()
end = time.time() + 20
while len([n for n in os.listdir(".") if n.startswith("began")]) < 3 and time.time() < end: time.sleep(0.01)
print(os.stat(sys.argv[1]).st_dev, time.time() < end)
END
grid run -q --name side --parallel 3 wait.py grid:cats 'range(3)'
equal "$(for i in 0 1 2; do grid logs side-exp$i; done | sort -u | wc -l)" 1
grid logs side-exp0 | grep -q True || die "they did not run at the same time"
# Lists of versions; the same seed draws the same numbers.
grid run -q --name versions --strategy random_search --num_trials 2 --seed 5 -- cat "['grid:cats:1/a', '/datastores/cats/2/a']"
equal "$(grid logs versions-exp0; grid logs versions-exp1)" "$(grid logs versions-exp0; grid logs versions-exp1)"
equal "$( (grid logs versions-exp0; grid logs versions-exp1) | sort | tr '\n' ' ')" "meow purr "
grid run -q --name drawn --seed 7 -- echo 'uniform(1e-5,1e-1,2)' && grid run -q --name drawn2 --seed 7 -- echo 'uniform(1e-5,1e-1,2)'
equal "$(grid logs drawn-exp1)" "$(grid logs drawn2-exp1)"
# An argument that is not a sweep, or that --strategy none exempts, passes unchanged.
equal "$(grid run -q -- echo model.lr=0.1 '+x=[a,b]' 'x=[]')" "model.lr=0.1 +x=[a,b] x=[]"
equal "$(grid run -q --strategy none -- echo '[1, 2]')" "[1, 2]"
# grid.yml, and options on the command line that override it.
cat >grid.yml <<'END'
compute:
  train:
    datastore_name: cats
    datastore_version: 1
    environment: {WORD: from-file}
hyper_params:
  settings: {strategy: grid_search, strategy_options: {seed: 1}}
  params:
    lr: [1, 2]
END
grid run -q --name filed --config grid.yml -- sh -c 'cat /datastores/cats/a; echo $WORD "$@"' sh
equal "$(grid logs filed-exp1)" "meow
from-file --lr 2"
grid run -q --name above --config grid.yml --datastore_version 2 --env WORD=mine -- sh -c 'cat /datastores/cats/a; echo $WORD' sh
equal "$(grid logs above-exp0)" "purr
mine"
# A sweep stopped in the middle: running experiments are stopped, waiting ones never start.
grid run -q --detach --name long --parallel 2 -- sh -c 'touch on$1; exec sleep 60' sh 'range(4)' >out
until [ -e on0 ] && [ -e on1 ]; do sleep 0.05; done
grid stop -q long
equal "$(grid status long -o json | value '[status] + [e["status"] for e in experiment_runs]')" "['stopped', 'stopped', 'stopped', 'stopped', 'stopped']"
[ ! -e on2 ] || die "a stopped sweep went on"
# Mistakes are reported before anything starts, and leave nothing behind.
count=$(ls state/grid/runs | wc -l)
refused() { status=$1 text=$2; shift 2; fails "$status" grid run -q "$@"; says "$text"; }
refused 2 'no values' touch started 'range(5,1)'
refused 2 '--strategy none' touch started '--x=range(a,b)'
refused 2 'has 40000 experiments' touch started 'range(200)' 'range(200)'
refused 2 'not a strategy' --strategy bayes touch started '[1]'
refused 2 'needs --num_trials' --strategy random_search touch started '[1]'
refused 2 '--parallel' --parallel 0 touch started '[1]'
refused 1 'cats has 1, 2' touch started "['grid:cats:1', 'grid:cats:9']"
refused 1 'no configuration file' --config none.yml touch started
printf 'compute:\n  train:\n    datastore_nam: cats\n' >bad.yml
refused 2 'bad.yml:3: compute.train: there is no key datastore_nam; did you mean datastore_name?' --config bad.yml touch started
[ ! -e started ] || die "it ran"
equal "$(ls state/grid/runs | wc -l)" "$count"
