// The completion scripts. Each asks `rollcall complete -- WORDS...`, which prints one candidate a
// line, then a tab and its description, and `:files` where a path can be typed. So the scripts
// contain no subcommand.

const BASH = `# bash completion of rollcall. In ~/.bashrc: eval "$(rollcall completion bash)"
_rollcall() {
  local line typed=\${COMP_WORDS[COMP_CWORD]}
  [[ $typed == = ]] && typed=
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$typed")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(rollcall complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _rollcall rollcall
`

const ZSH = `#compdef rollcall
# zsh completion of rollcall. In ~/.zshrc, behind compinit: eval "$(rollcall completion zsh)"
_rollcall() {
  local line files=0
  local -a candidates
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      line=\${line//:/\\\\:}
      candidates+=("\${line/$'\\t'/:}")
    fi
  done < <(rollcall complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  compset -P '--*='
  (( \${#candidates} )) && _describe rollcall candidates
  (( files )) && _files
}
compdef _rollcall rollcall
`

const FISH = `# fish completion of rollcall. In ~/.config/fish/config.fish: rollcall completion fish | source
function __rollcall_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l option (string match -r '^--[^=]+=' -- $typed)
    for line in (rollcall complete -- $words[2..] "$typed" 2>/dev/null)
        if test "$line" = :files
            for path in (__fish_complete_path (string replace -r '^--[^=]+=' '' -- "$typed"))
                echo "$option$path"
            end
        else
            echo "$option$line"
        end
    end
end
complete -c rollcall -f -a '(__rollcall_complete)'
`

/** The script of each shell. */
export const SCRIPTS = {
  bash: BASH,
  zsh: ZSH,
  fish: FISH,
} as const

/** A shell that has a script here. */
export type Shell = keyof typeof SCRIPTS
