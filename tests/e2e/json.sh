# Every command's -o json is one document with the members that docs/json-output.md promises.
. "$(dirname "$0")/lib.sh"
has() { # MEMBERS COMMAND…: the document of the command has exactly these members
  members=$1; shift
  "$@" -o json >out 2>err || die "$*: $(cat err)"
  equal "$(python3 -c 'import json, sys; print(*sorted(json.load(sys.stdin)))' <out)" "$members"
}
version='bytes bytes_in_place created created_by files files_in_place folders left_out message name parent program root source status stored_bytes symlinks undo_until version'
mkdir cats && echo a >cats/a && echo b >cats/b
has "bytes bytes_in_place bytes_new bytes_read bytes_resumed chunks_healed created created_by damaged_packs damaged_records files files_in_place files_read files_unchanged folders left_out message name parent problems program root same seconds source status stored_bytes symlinks undo_until version" \
  grid datastore create cats
echo c >cats/b
grid datastore create cats --quiet >/dev/null
has 'datastores unreadable' grid datastore
has 'description drift incomplete name runs tags unreadable used_by versions' grid datastore show cats:1
equal "$(python3 -c 'import json, sys; print(*sorted(json.load(sys.stdin)["versions"][0]))' <out)" \
  "$version"
has incomplete grid datastore list --show-incomplete
has incomplete grid datastore resume
has creates grid datastore resume --all
has removed grid datastore clearcache --yes
has 'entries name path version' grid datastore ls -lR cats:1
has 'bytes destination failed failures files name path seconds version' grid datastore get cats:1 copy
has 'changes newer older totals' grid datastore diff cats:1 cats:2
has 'interrupted_bytes needed_bytes pack_bytes usage' grid datastore du
has 'needed_bytes usage' grid datastore du cats
has 'sharing version' grid gc --explain cats:1
has 'description name' grid datastore describe cats --text 'with "quotes"'
has 'bytes chunks damages drifts files files_in_place not_checked notes unseen versions' grid datastore verify
has 'bytes_written chunks_lost damages healed_by_node healed_by_packs healed_by_sources packs_damaged packs_removed problems seconds' grid store repair
has 'before name tag version' grid datastore tag cats:2 best
has 'name tags unreadable' grid datastore tag cats
equal "$(python3 -c 'import json, sys; print(*sorted(json.load(sys.stdin)["tags"][0]))' <out)" 'set set_by tag version'
has 'before name tag version' grid datastore tag cats --delete best
has 'keep_daily keep_last keep_monthly keep_tagged keep_used_seconds keep_weekly name set set_by' grid datastore retention cats --keep-last 9
has 'deleted name undo_until' grid datastore delete cats:1 --yes
has 'name version' grid datastore undelete cats:1
has 'deleted dry_run name undo_until versions' grid datastore prune cats --keep-last 9
grid datastore delete cats:1 --yes --now -q
has 'bytes_freed bytes_kept bytes_left bytes_removed bytes_rewritten dry_run packs_condemned packs_kept packs_removed packs_rescued packs_rewritten retention retention_problems rewriting_goes_on rewriting_problem seconds trees_walked waits_for' grid gc
has 'bytes removed runs' grid history prune
has upgraded grid store upgrade
fails 1 grid datastore show dogs -o json
equal "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["error"]["kind"])' <out)" not_found
