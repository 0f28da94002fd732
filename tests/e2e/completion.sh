# Completion offers commands, options, datastores and versions, and never complains.
. "$(dirname "$0")/lib.sh"
equal "$(grid __complete -- datastore show '')" words
mkdir cats && echo a >cats/a && grid datastore create cats --quiet >/dev/null
offers() { grid __complete -- "$@" 2>&1 | cut -f1 | tr '\n' ' '; }
equal "$(offers datast)" 'words datastore '
equal "$(offers datastore show c)" 'words cats '
equal "$(offers datastore show cats:)" 'words cats:1 cats:latest '
equal "$(offers datastore create --nam)" 'words --name '
equal "$(offers mount '')" 'folders '
equal "$(offers --store /nowhere datastore show '')" 'words cats '
equal "$(GRID_STORE=/dev/null offers datastore show '')" 'words '
bash -n -c "$(grid completion bash)"
! command -v zsh >/dev/null || zsh -n -c "$(grid completion zsh)"
! command -v fish >/dev/null || grid completion fish | fish -n
fails 2 grid completion tcsh

# As bash itself asks, with a colon in the word.
cat >ask.sh <<'ASK'
PATH=$(dirname "$GRID"):$PATH
source <(grid completion bash)
COMP_LINE="grid datastore show cats:" COMP_POINT=25 COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
_grid
echo "${COMPREPLY[*]}"
ASK
equal "$(bash ask.sh)" '1 latest'
grid datastore tag cats best -q
sed "s/cats:\"/cats@b\"/; s/=25/=26/; s/|&(:/|\&(:@/" ask.sh >ask-tag.sh
equal "$(bash ask-tag.sh)" best
