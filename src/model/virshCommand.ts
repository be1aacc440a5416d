// A step as the `virsh` command that does the same, for people to learn from and to paste into a terminal.
// Nothing here is ever run by us.
import type { Step } from './plan.js';
import type { PowerAction } from './operation.js';
import type { Vm } from './vm.js';

const powerCommands: Readonly<Record<PowerAction, string>> = {
  start: 'start',
  shutDown: 'shutdown',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  restart: 'reboot',
};

/**
 * The arguments, with `virsh` as the first. Values always stand behind their option, so that one that begins with
 * `--` is still a value. For an edited description it is the command that opens an editor on it: virsh has none that
 * takes the text.
 */
export function virshArguments(
  step: Step,
  vm: Pick<Vm, 'name' | 'disks'>,
  uri: string,
): readonly [string, ...string[]] {
  const virsh = (command: string, ...options: readonly string[]): readonly [string, ...string[]] => [
    'virsh',
    '-c',
    uri,
    command,
    '--domain',
    vm.name,
    ...options,
  ];
  switch (step.do) {
    case 'createSnapshot':
      return virsh('snapshot-create-as', ...createOptions(step, vm));
    case 'revert':
      return virsh(
        'snapshot-revert',
        '--snapshotname',
        step.snapshot,
        ...(step.to === 'asSnapshot' ? [] : [`--${step.to}`]),
      );
    case 'deleteSnapshot':
      return virsh('snapshot-delete', '--snapshotname', step.snapshot, ...(step.withChildren ? ['--children'] : []));
    case 'describeSnapshot':
      return virsh('snapshot-edit', '--snapshotname', step.snapshot);
    case 'power':
      return virsh(powerCommands[step.action]);
  }
}

/** One line for a POSIX shell; several steps are joined so that one that fails stops the rest. */
export function virshLine(steps: readonly Step[], vm: Pick<Vm, 'name' | 'disks'>, uri: string): string {
  return steps.map((step) => virshArguments(step, vm, uri).map(quoteForShell).join(' ')).join(' && ');
}

/**
 * | the word holds                        | written as              |
 * |---------------------------------------|-------------------------|
 * | only characters that no shell expands | itself                  |
 * | anything else that can be shown       | in single quotes        |
 * | control characters, line ends, characters that turn the direction of text | in `$'…'`, those in octal |
 *
 * `$'…'` is POSIX since 2024 and in bash, zsh, ksh and busybox for long. It keeps a log line one line, and a pasted
 * text from doing anything to the terminal.
 */
export function quoteForShell(word: string): string {
  if (/^[\w@%+=:,./-]+$/u.test(word)) {
    return word;
  }
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(word)) {
    return `'${word.replaceAll("'", "'\\''")}'`;
  }
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, octal);
  return `$'${escaped}'`;
}

function createOptions(step: Extract<Step, { do: 'createSnapshot' }>, { disks }: Pick<Vm, 'disks'>): readonly string[] {
  const named = ['--name', step.name, ...(step.description === '' ? [] : ['--description', step.description])];
  if (step.style === 'internal') {
    return named;
  }
  const taking = new Map(step.disks.map((disk) => [disk.target, disk]));
  const specs = disks.flatMap(({ target, source }) => {
    const file = taking.get(target)?.file;
    const spec = file === undefined ? 'snapshot=no' : `snapshot=external,file=${doubleCommas(file)}`;
    return file === undefined && source === undefined ? [] : ['--diskspec', `${target},${spec}`];
  });
  const memory =
    step.memoryFile === undefined
      ? ['--disk-only']
      : ['--memspec', `file=${doubleCommas(step.memoryFile)},snapshot=external`];
  return [...named, ...memory, ...specs, ...(step.quiesce ? ['--quiesce'] : []), '--atomic'];
}

/** virsh reads two commas within a value as one. */
function doubleCommas(value: string): string {
  return value.replaceAll(',', ',,');
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
