# Paths longer than a system call accepts, made and read step by step.
. "$(dirname "$0")/lib.sh"
part=$(printf '%0200d' 7)
mkdir in && cd in
i=0
while [ $i -lt 25 ]; do mkdir "$part"; cd -P "$part"; i=$((i + 1)); done
echo deep >file
cd "$work"
grid datastore create in --name deep --quiet >out
path=$(grid datastore ls -R deep | tail -1)
[ ${#path} -gt 4096 ] || die "only ${#path} bytes long"
equal "$(grid datastore cat deep "$path")" deep
grid datastore get deep out-folder --quiet
cd out-folder
i=0
while [ $i -lt 25 ]; do cd -P "$part"; i=$((i + 1)); done
equal "$(cat file)" deep
cd "$work"
[ -r /dev/fuse ] || skip 'there is no /dev/fuse'
mkdir m && grid mount m --quiet
cd m/deep/1
i=0
while [ $i -lt 25 ]; do cd -P "$part"; i=$((i + 1)); done
equal "$(cat file)" deep
cd "$work" && grid unmount m
grid datastore verify --quiet >/dev/null
