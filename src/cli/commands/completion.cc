#include "cli/args.h"
#include "cli/commands.h"

namespace grid::cli {

namespace {

// bash splits words at ':' and '@' unless configured otherwise. The script therefore splits the
// line at blanks itself, and cuts from the candidates what comes before the last of these.
constexpr std::string_view bash_script =
    R"(# bash completion of grid; to use it: source <(grid completion bash)
_grid() {
  local line=${COMP_LINE:0:COMP_POINT} words kind word prefix
  read -ra words <<<"$line"
  [[ $line == *[[:blank:]] ]] && words+=("")
  local current=${words[-1]}
  prefix=
  [[ $COMP_WORDBREAKS == *:* ]] && prefix=${current%"${current##*:}"}
  [[ $COMP_WORDBREAKS == *@* && $current == *@* ]] && prefix=${current%"${current##*@}"}
  COMPREPLY=()
  {
    read -r kind
    while IFS=$'\t' read -r word _; do COMPREPLY+=("${word#"$prefix"}"); done
  } < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
  case $kind in
    files) compopt -o filenames; while read -r word; do COMPREPLY+=("$word"); done \
      < <(compgen -f -- "$current") ;;
    folders) compopt -o filenames; while read -r word; do COMPREPLY+=("$word"); done \
      < <(compgen -d -- "$current") ;;
  esac
}
complete -F _grid grid
)";

constexpr std::string_view zsh_script = R"(#compdef grid
# zsh completion of grid; to use it: source <(grid completion zsh)
_grid() {
  local -a lines candidates
  local kind line word description
  lines=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  kind=$lines[1]
  for line in "${(@)lines[2,-1]}"; do
    word=${line%%$'\t'*}
    description=${line#"$word"}
    candidates+=("${word//:/\\:}${description:+:${description#$'\t'}}")
  done
  (( $#candidates )) && _describe grid candidates
  [[ $kind == files ]] && _files
  [[ $kind == folders ]] && _files -/
  return 0
}
compdef _grid grid
)";

constexpr std::string_view fish_script =
    R"(# fish completion of grid; to use it: grid completion fish | source
function __grid_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l lines ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
  switch "$lines[1]"
    case files
      __fish_complete_path "$current"
    case folders
      __fish_complete_directories "$current"
  end
  for line in $lines[2..-1]
    echo $line
  end
end
complete -c grid -f -a '(__grid_complete)'
)";

int completion(Context& context, const Arguments& arguments) {
  const std::string shell = arguments.get("SHELL");
  if (shell == "bash")
    context.output.write(bash_script);
  else if (shell == "zsh")
    context.output.write(zsh_script);
  else if (shell == "fish")
    context.output.write(fish_script);
  else
    fail(ErrorKind::invalid_argument, "there is no completion for {}, only for bash, zsh and fish",
         shell);
  return 0;
}

}  // namespace

Command completion_command() {
  return {.spec = {.path = {"completion"},
                   .summary = "Print the completion script of a shell: bash, zsh or fish",
                   .positionals = {{.name = "SHELL"}},
                   .examples = {"source <(grid completion bash)",
                                "grid completion fish > ~/.config/fish/completions/grid.fish"}},
          .run = completion};
}

}  // namespace grid::cli
