// What a step of a lab is as a program of the guest. Pure.
import installPackages from './installPackages.sh';
import type { LabCommand, LabStep } from './labFile.js';

const shell = '/bin/sh';

/** A file that is copied comes to its program as the standard input; the guest agent has another way for it. */
export function commandOf(work: LabStep['work']): Pick<LabCommand, 'program' | 'args'> {
  switch (work.kind) {
    case 'command': {
      const [program = '', ...args] = work.words;
      return { program, args };
    }
    case 'script':
      return { program: shell, args: ['-e', '-c', work.text] };
    case 'packages':
      return { program: shell, args: ['-c', installPackages, 'sh', ...work.names] };
    case 'copy':
      return { program: shell, args: ['-c', 'cat >"$1"', 'sh', work.to] };
  }
}

/** In a few words, for a person. */
export function workName(work: LabStep['work']): string {
  switch (work.kind) {
    case 'command':
      return work.words[0] ?? '';
    case 'script':
      return 'sh';
    case 'packages':
      return work.names.join(' ');
    case 'copy':
      return work.to;
  }
}
