# An ordinary user gets the same paths and keeps the same identity.
. "$(dirname "$0")/lib.sh"
mkdir cats && echo meow >cats/a
as_user env "$GRID" datastore create cats -q >/dev/null 2>&1 ||
  skip "an ordinary user cannot run $GRID or write here"
needs_run as_user
equal "$(as_user "$GRID" run -q cat grid:cats:1/a /datastores/cats/1/a)" "meow
meow"
equal "$(as_user "$GRID" run -q sh -c 'id -u; id -g; pwd')" "$(as_user sh -c 'id -u; id -g; pwd')"
# The script has no privileges: not in the process, over files or over mounts.
equal "$(as_user "$GRID" run -q sh -c 'grep -c "^Cap\(Prm\|Eff\|Inh\|Amb\):.0*$" /proc/self/status')" 4
for forbidden in 'cat /etc/shadow' 'umount /datastores' 'touch /new' 'echo x >/datastores/cats/1/a'; do
  if as_user "$GRID" run -q sh -c "$forbidden" 2>/dev/null; then die "$forbidden succeeded"; fi
done
as_user "$GRID" run -q sh -c 'echo mine >file; test -O file' || die "a new file is not the user's"
equal "$(as_user "$GRID" run -q sh -c 'exit 5' || echo $?)" 5
if grep "grid-root\|$work\| /datastores \| /grid-e2e" /proc/self/mounts; then die "a mount stayed"; fi
