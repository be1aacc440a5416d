// What completes commands, options, VMs and snapshots in a shell. Each script asks `virt-rewind complete-words`, so
// that a script that was stored stays right.
import { CliError } from './commandError.js';

/** The words before the cursor are arguments, never a shell's text; each answer is a line. */
const scripts: Readonly<Record<string, string>> = {
  bash: `# virt-rewind: completion for bash
_virt_rewind() {
  # bash breaks words at colons too, and leaves their quotes in: they are read from the line.
  local line=\${COMP_LINE:0:COMP_POINT} word= quote= begun= cut=0 at char answer
  local -a words=()
  for ((at = 0; at < \${#line}; at++)); do
    char=\${line:at:1}
    if [[ $char == "$quote" ]]; then
      quote=
    elif [[ $char == '\\' && $quote != "'" && ($quote == '' || \${line:at+1:1} == [\\"\\\\\\$\\\`]) ]]; then
      at=$((at + 1)) word+=\${line:at:1} begun=1
    elif [[ $quote == '' && $char == [\\"\\'] ]]; then
      quote=$char begun=1 cut=\${#word}
    elif [[ $quote == '' && $char == [[:space:]] ]]; then
      [[ $begun ]] && words+=("$word")
      word= begun= cut=0
    else
      word+=$char begun=1
      [[ $quote == '' && $COMP_WORDBREAKS == *"$char"* ]] && cut=\${#word}
    fi
  done
  COMPREPLY=()
  while IFS= read -r answer; do
    # What stands before the break stays, and so does an open quote.
    answer=\${answer:cut}
    case $quote in
      '') printf -v answer '%q' "$answer" ;;
      '"') answer=\${answer//\\\\/\\\\\\\\} answer=\${answer//\\"/\\\\\\"} answer=\${answer//\\$/\\\\\\$} answer=\${answer//\\\`/\\\\\\\`} ;;
      *) answer=\${answer//\\'/\\'\\\\\\'\\'} ;;
    esac
    COMPREPLY+=("$answer")
  done < <(virt-rewind complete-words -- "\${words[@]:1}" "$word" 2>/dev/null)
}
complete -F _virt_rewind virt-rewind
`,
  zsh: `#compdef virt-rewind
# virt-rewind: completion for zsh
_virt_rewind() {
  local -a answers
  answers=("\${(@f)$(virt-rewind complete-words -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  [[ -n "$answers" ]] && compadd -- "\${answers[@]}"
}
if [[ "$funcstack[1]" = "_virt_rewind" ]]; then _virt_rewind; else compdef _virt_rewind virt-rewind; fi
`,
  fish: `# virt-rewind: completion for fish
function __virt_rewind_words
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  # Its quotes and backslashes are the shell's; a quote may be open.
  set -l word (string unescape -- $typed; or string unescape -- $typed\\"; or string unescape -- $typed\\')
  virt-rewind complete-words -- $words[2..-1] "$word" 2>/dev/null
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
