// What completes commands, options, VMs and snapshots in a shell. Each script asks `virt-rewind complete-words`, so that a script
// that was stored stays right.
import { CliError } from './commandError.js';

/** The words before the cursor are arguments, never a shell's text; each answer is a line. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# virt-rewind: completion for bash
_virt_rewind() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("$(printf '%q' "$line")")
  done < <(virt-rewind complete-words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _virt_rewind virt-rewind
`,
  zsh: `#compdef virt-rewind
# virt-rewind: completion for zsh
_virt_rewind() {
  local -a answers
  answers=("\${(@f)$(virt-rewind complete-words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "$answers" ]] && compadd -- "\${answers[@]}"
}
if [[ "$funcstack[1]" = "_virt_rewind" ]]; then _virt_rewind; else compdef _virt_rewind virt-rewind; fi
`,
  fish: `# virt-rewind: completion for fish
function __virt_rewind_words
  set -l words (commandline -opc) (commandline -ct)
  virt-rewind complete-words -- $words[2..-1] 2>/dev/null
end
complete -c virt-rewind -f -a '(__virt_rewind_words)'
`,
};

/** @throws CliError `usage` */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script === undefined) {
    throw new CliError('usage', `completion is for ${Object.keys(scripts).join(', ')}.`);
  }
  return script;
}
