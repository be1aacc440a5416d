// The ways that advice names, as data: what each is in the editor, at the command line and in the library. What a shell
// says must exist there.
import { t } from '@vscode/l10n';
import { quoteForShell } from '../domain/quoteForShell.js';
import { inQuotes } from './quotes.js';

type Shell = 'editor' | 'commandLine' | 'library';

interface Words {
  /** The title of a command, without its dots. */
  readonly editor: () => string;
  /** Words behind `virt-rewind`; `VM` stands for its name. Several: the reader chooses. */
  readonly commandLine: readonly (readonly string[])[];
  readonly library: readonly string[];
}

const doctor = ['doctor', 'VM'] as const;

export const ways = {
  examine: { editor: () => t('Check Health'), commandLine: [doctor], library: ['vm.doctor()'] },
  repair: { editor: () => t('Repair'), commandLine: [doctor], library: ['vm.doctor()'] },
  finish: {
    editor: () => t('Finish Unfinished Operation'),
    commandLine: [
      ['recover', 'VM'],
      ['recover', 'VM', '--dismiss'],
    ],
    library: ['vm.recover()', 'vm.recover({ dismiss: true })'],
  },
  dismiss: {
    editor: () => t('Finish Unfinished Operation'),
    commandLine: [['recover', 'VM', '--dismiss']],
    library: ['vm.recover({ dismiss: true })'],
  },
  health: { editor: () => t('Check Health'), commandLine: [['health']], library: ['vm.doctor()'] },
  look: { editor: () => t('Refresh'), commandLine: [['tree', 'VM']], library: ['vm.snapshots()'] },
  list: { editor: () => t('Refresh'), commandLine: [['list']], library: ['rewind.list()'] },
  log: { editor: () => t('Show Log'), commandLine: [['history', 'VM', '--verbose']], library: ['connect({ log })'] },
  mark: { editor: () => t('Keep'), commandLine: [['keep', 'VM', 'SNAPSHOT']], library: [] },
  free: {
    editor: () => t('Keep'),
    commandLine: [['keep', 'VM', 'SNAPSHOT', '--clear']],
    library: [],
  },
  emptyTrash: {
    editor: () => t('Empty Trash'),
    commandLine: [['delete', 'VM', 'SNAPSHOT']],
    library: ['vm.delete(snapshot)'],
  },
  discard: { editor: () => t('Delete Clone'), commandLine: [['discard', 'VM']], library: [] },
  /** Its VM is a system. */
  ungroup: { editor: () => t('Ungroup VMs'), commandLine: [['system', 'forget', 'VM']], library: [] },
  redo: { editor: () => t('Redo'), commandLine: [['redo', 'VM']], library: [] },
} as const satisfies Record<string, Words>;

type Way = keyof typeof ways;

let shell: Shell = 'editor';
let ahead: readonly string[] = [];

/** Once, where a process begins. @param connect that the command line was called with: what it advises needs it, too */
export function speakIn(where: Shell, connect?: string): void {
  shell = where;
  ahead = connect === undefined ? [] : ['-c', connect];
}

export function isIn(where: Shell): boolean {
  return shell === where;
}

/** @param vm its name; absent: it is not known */
export function wayTo(way: Way, vm?: string): string {
  const { editor, commandLine, library }: Words = ways[way];
  switch (shell) {
    case 'editor':
      return inQuotes(editor());
    case 'commandLine':
      return commandLine
        .map((words) => commandFor(words.map((word) => (word === 'VM' ? (vm ?? word) : word))))
        .join(', ');
    case 'library':
      return library.join(', ');
  }
}

/** A repair that is known by its name. */
export function repairBy(repair: string, vm?: string): string {
  switch (shell) {
    case 'editor':
      return wayTo('repair');
    case 'commandLine':
      return commandFor(['doctor', vm ?? 'VM', '--repair', repair]);
    case 'library':
      return `vm.repair('${repair}')`;
  }
}

/** As it is typed. */
export function commandFor(words: readonly string[]): string {
  return ['virt-rewind', ...ahead, ...words].map(quoteForShell).join(' ');
}

/** Where an address of a libvirt can come from. */
export function addressPlaces(): string {
  const asked = { editor: 'virtRewind.connections', commandLine: '--connect', library: 'connect(uri)' }[shell];
  return [asked, '$LIBVIRT_DEFAULT_URI', 'uri_default'].join(', ');
}

/** What was removed, renamed or done meanwhile is seen there. */
export function lookAgain(vm?: string): string {
  return t('To see what is there: {0}', wayTo(vm === undefined ? 'list' : 'look', vm));
}
