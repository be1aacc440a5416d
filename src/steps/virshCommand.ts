// A step as the commands that do the same by hand, for people to learn from and to paste into a terminal.
// Nothing here is ever run by us.
import { trashFolder } from '../domain/hostFiles.js';
import { isDevicePath } from '../domain/devicePath.js';
import type { NewOverlay } from '../domain/hostFiles.js';
import type { PowerAction } from '../domain/operation.js';
import type { CommittedDisk, Step } from './step.js';
import type { Vm } from '../domain/vm.js';

const powerCommands: Readonly<Record<PowerAction, string>> = {
  start: 'start',
  shutDown: 'shutdown',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  restart: 'reboot',
};

export type Command = readonly [program: string, ...words: readonly string[]];

/**
 * What a person would type, a command at a time. Values always stand behind their option, so that one that begins
 * with `--` is still a value. Where XML is changed it is the command that opens an editor on it, for virsh has none
 * that takes the change, or the ones that show it and take it from a file.
 *
 * | step                                          | by hand                                              |
 * |-----------------------------------------------|------------------------------------------------------|
 * | describeSnapshot, reparent, clearUnfinishedDelete | edit the snapshot                                |
 * | redefineAs                                    | edit it and save it under the other name             |
 * | makeCurrent                                   | make it current; with other disks: edit it and do so |
 * | defineFromSnapshot                            | look at the snapshot's `<domain>`, and edit the VM like it |
 * | adoptSnapshot                                 | keep the VM's XML in a snapshot's, redefine that     |
 * | commitImages                                  | commit each image, and let the VM name the bases     |
 * | restoreMemory                                 | keep the XML of the file, restore with it edited     |
 * | makePersistent, configureDisks                | keep the XML of the VM, and define it                |
 */
export function commandsOf(step: Step, vm: Pick<Vm, 'name' | 'disks'>, uri: string): readonly Command[] {
  const virsh = (command: string, ...options: readonly string[]): Command => ['virsh', '-c', uri, command, ...options];
  const ofVm = (command: string, ...options: readonly string[]): Command =>
    virsh(command, '--domain', vm.name, ...options);
  const ofSnapshot = (command: string, snapshot: string, ...options: readonly string[]): Command =>
    ofVm(command, '--snapshotname', snapshot, ...options);
  switch (step.kind) {
    case 'createSnapshot':
      return [ofVm('snapshot-create-as', ...createOptions(step, vm))];
    case 'revert':
      return [ofSnapshot('snapshot-revert', step.snapshot, ...(step.to === 'asSnapshot' ? [] : [`--${step.to}`]))];
    case 'deleteSnapshot':
      return [ofSnapshot('snapshot-delete', step.snapshot)];
    case 'describeSnapshot':
    case 'reparent':
    case 'nameFrozenFiles':
    case 'clearUnfinishedDelete':
      return [ofSnapshot('snapshot-edit', step.snapshot)];
    case 'adoptSnapshot':
      return [
        ofVm('dumpxml', '--security-info'),
        ofVm('snapshot-create', '--xmlfile', editedXml(step.made.name), '--redefine', '--current'),
      ];
    case 'redefineAs':
      return [ofSnapshot('snapshot-edit', step.snapshot, '--clone')];
    case 'forgetSnapshot':
      return [ofSnapshot('snapshot-delete', step.snapshot, '--metadata')];
    case 'makeCurrent':
      return [
        step.disks === undefined
          ? ofSnapshot('snapshot-current', step.snapshot)
          : ofSnapshot('snapshot-edit', step.snapshot, '--current'),
      ];
    case 'power':
      return [ofVm(powerCommands[step.action])];
    case 'startPaused':
      return [ofVm('start', '--paused')];
    case 'dropManagedSave':
      return [ofVm('managedsave-remove')];
    case 'waitUntil':
      return [['sleep', '1']];
    case 'createOverlays':
      return step.overlays.map(createOverlay);
    case 'defineFromSnapshot':
      return [ofSnapshot('snapshot-dumpxml', step.snapshot, '--security-info'), ofVm('edit')];
    case 'restoreMemory':
      return [
        virsh('save-image-dumpxml', '--file', step.file, '--security-info'),
        virsh('restore', '--file', step.file, '--xml', editedXml(step.snapshot), `--${step.to}`),
      ];
    case 'configureDisks':
    case 'makePersistent':
      return [ofVm('dumpxml', '--inactive', '--security-info'), virsh('define', '--file', editedXml(vm.name))];
    case 'removeFiles':
      return step.files.length === 0 ? [] : [['rm', '--', ...step.files]];
    case 'trashFiles':
      return step.files.flatMap((file) => {
        const trash = `${file.slice(0, file.lastIndexOf('/'))}/${trashFolder}`;
        return [
          ['mkdir', '-p', '-m', '700', '--', trash],
          ['mv', '-n', '--', file, `${trash}/`],
        ];
      });
    case 'removeTag':
      return [['qemu-img', 'snapshot', '-d', step.tag, step.file]];
    case 'copyFile':
      return [['cp', step.existing === 'keep' ? '-n' : '-f', '--', step.from, step.to]];
    case 'blockCommit': {
      const speed = step.bytesPerSecond === undefined ? [] : ['--bandwidth', String(step.bytesPerSecond), '--bytes'];
      const ends = ['--path', step.target, '--base', step.base, '--active', '--pivot', '--verbose'];
      return [ofVm('blockcommit', ...ends, ...speed)];
    }
    case 'commitImages': {
      const speed = step.bytesPerSecond === undefined ? [] : ['-r', String(step.bytesPerSecond)];
      const commit = ({ top, base }: CommittedDisk): Command => [
        'qemu-img',
        'commit',
        '-d',
        '-p',
        ...speed,
        '-b',
        base,
        top,
      ];
      return [...step.disks.map(commit), ofVm('edit')];
    }
    case 'thawGuest':
      return [ofVm('domfsthaw')];
    case 'setGuestClock':
      return [ofVm('domtime', '--sync')];
  }
}

/** One line for a POSIX shell; several commands are joined so that one that fails stops the rest. */
export function virshLine(steps: readonly Step[], vm: Pick<Vm, 'name' | 'disks'>, uri: string): string {
  return steps
    .flatMap((step) => commandsOf(step, vm, uri))
    .map((words) => words.map(quoteForShell).join(' '))
    .join(' && ');
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

function createOptions(
  step: Extract<Step, { kind: 'createSnapshot' }>,
  { disks }: Pick<Vm, 'disks'>,
): readonly string[] {
  const named = ['--name', step.name, ...(step.description === '' ? [] : ['--description', step.description])];
  if (step.style === 'internal') {
    return named;
  }
  const taking = new Map(step.disks.map((disk) => [disk.target, disk]));
  const specs = disks.flatMap(({ target, source }) => {
    const file = taking.get(target)?.file;
    const spec = file === undefined ? 'snapshot=no' : externalSpec(file);
    return file === undefined && source === undefined ? [] : ['--diskspec', `${target},${spec}`];
  });
  const memory =
    step.memoryFile === undefined
      ? ['--disk-only']
      : ['--memspec', `file=${doubleCommas(step.memoryFile)},snapshot=external`];
  return [
    ...named,
    ...memory,
    ...specs,
    ...(step.quiesce ? ['--quiesce'] : []),
    ...(step.live === true && step.snapshotKind === 'memory' ? ['--live'] : []),
    '--atomic',
  ];
}

function externalSpec(file: string): string {
  return `snapshot=external,${isDevicePath(file) ? 'stype=block,' : ''}file=${doubleCommas(file)}`;
}

function createOverlay({ file, backing, backingFormat }: NewOverlay): Command {
  return ['qemu-img', 'create', '-f', 'qcow2', '-F', backingFormat, '-b', backing, file];
}

/** Where the person keeps what the command before showed, changed where it has to be. */
function editedXml(name: string): string {
  return `${name.replaceAll('/', '-')}.xml`;
}

/** virsh reads two commas within a value as one. */
function doubleCommas(value: string): string {
  return value.replaceAll(',', ',,');
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
