# --exclude, --include and .gridignore: the rules of .gitignore, compared with git itself.
. "$(dirname "$0")/lib.sh"
mkdir -p src/logs src/deep/logs src/deep/keep src/build/x
for f in a.txt a.tmp logs/1.log deep/logs/2.log deep/keep/3.log deep/keep/b.tmp build/x/o top; do echo $f >src/$f; done
printf '# comment\n*.log\n!deep/keep/*.log\n/build/\n' >src/.gridignore
printf '*.tmp\n!b.tmp\n' >src/deep/.gridignore
files() { grid datastore ls -R "$1" | grep -v '/$' | tr '\n' ' '; }
grid datastore create src --name one --quiet >/dev/null
equal "$(files one)" ".gridignore a.tmp a.txt top deep/.gridignore deep/keep/3.log deep/keep/b.tmp "
if command -v git >/dev/null; then # git reads the same files under its own name
  cp -a src git && cd git && for f in $(find . -name .gridignore); do mv $f "${f%.gridignore}.gitignore"; done
  git init -q . && git -c core.excludesFile=/dev/null ls-files -o --exclude-standard | sed s/gitignore/gridignore/ | LC_ALL=C sort >../by-git
  cd .. && grid datastore ls -R one | grep -v '/$' | LC_ALL=C sort | diff - by-git
fi
# The command line overrides the files, in the order in which it was written.
grid datastore create src --name two -x '*.txt' --include '*.log' --exclude /logs --quiet >/dev/null
equal "$(files two)" ".gridignore a.tmp top deep/.gridignore deep/keep/3.log deep/keep/b.tmp deep/logs/2.log "
grid datastore create src --name three --exclude '*' --include '*.tmp' --include '*/' --quiet >/dev/null
equal "$(files three)" "a.tmp deep/keep/b.tmp "
grid datastore create src --name all --no-ignore --quiet >/dev/null
equal "$(grid datastore show all -o json | grep -o '"files": *[0-9]*' | head -1)" '"files": 10'
# In an archive, the patterns of the command line apply.
tar -C src -cf src.tar . && grid datastore create src.tar --extract -x 'logs/' -x '*.tmp' --name tar --quiet >/dev/null
equal "$(files tar)" ".gridignore a.txt top build/x/o deep/.gridignore deep/keep/3.log "
# With a list that cannot be read nothing is published, since the list might exclude some of it.
if [ "$(id -u)" != 0 ]; then
  chmod 000 src/.gridignore
  fails 1 grid datastore create src --name closed
  says '.gridignore: '
fi
