# Words and forms of references that people bring along from other tools are understood, or answered
# with the right ones.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo 1 >cats/a && grid datastore create cats -q >/dev/null
echo 2 >cats/a && grid datastore create cats -q >/dev/null

equal "$(grid list | grep -c '^cats ')" 1
grid show cats >/dev/null
grid datastore log cats >/dev/null
grid ps >/dev/null 2>&1
grid datastore download cats:1 copy -q && equal "$(cat copy/a)" 1
equal "$(grid datastore upload cats)" "same as cats:2 (use --force to make a new version)"
for word in ls rm remove mv rename cp get download export checkout pull add commit import upload push \
  log init kill; do
  fails 2 grid $word cats
  grep -q 'grid [a-z]' "$work/err" || die "no way on for grid $word: $(cat "$work/err")"
done
# Never to something that does another thing.
for word in rm remove; do
  fails 2 grid datastore $word cats:1
  says 'grid datastore delete NAME:V'
done
fails 2 grid datastore push cats
says 'grid datastore move NAME --to STORE --keep'
fails 2 grid remove cats
equal "$(grep -c " move " "$work/err")" 0
equal "$(grep -c 'grid: grid' "$work/err")" 0

for form in cats:1 cats/1 cats:v1 cats/v1 grid:cats:1 grid:cats/1 grid://cats/1 /datastores/cats/1 \
  /datastores/cats/1/; do
  equal "$(grid datastore cat "$form" a)" 1
done
equal "$(grid datastore cat cats/latest a -q)" 2
fails 2 grid datastore cat Cats:1 a
says 'did you mean cats:1?'
fails 2 grid datastore cat cats/1/a a
says 'write a version as cats:3'
mkdir g && echo 3 >g/a && grid datastore create g --name grid -q >/dev/null
equal "$(grid datastore cat grid:1 a)" 3

# ls as people type it.
mkdir many && head -c 10 /dev/zero >many/small && head -c 5000 /dev/zero >many/large
head -c 100 /dev/zero >many/middle
touch -d 2020-01-01 many/middle; touch -d 2021-01-01 many/small; touch -d 2019-01-01 many/large
grid datastore create many -q >/dev/null
equal "$(grid datastore ls -S many:1 | tr '\n' ' ')" "large middle small "
equal "$(grid datastore ls -Sr many:1 | tr '\n' ' ')" "small middle large "
equal "$(grid datastore ls -t many:1 | tr '\n' ' ')" "small middle large "
equal "$(grid datastore ls -r many:1 | tr '\n' ' ')" "small middle large "
equal "$(grid datastore ls -lh many:1 | wc -l)" 3
