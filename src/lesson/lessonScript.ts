// The lesson as a table: a step each, what is said, what is asked for, when it is done, what does it. Carries out nothing.
import { t } from '@vscode/l10n';
import type { OperationRequest } from '../domain/operation.js';
import type { VmRef } from '../domain/vm.js';
import { firstMemory, type LessonFacts, newSnapshots, standsOn, takenByPerson } from './lessonFacts.js';
import type { LessonOutline } from './lessonState.js';

export type LessonAct =
  /** One of the extension's own commands; undefined where the VM is not as the step needs it. */
  | { readonly kind: 'operation'; readonly request: (vm: VmRef, facts: LessonFacts) => OperationRequest | undefined }
  /** The guest writes its blocks. */
  | { readonly kind: 'write' }
  /** Disk-only snapshots until the disk has so many layers above its base, and then what layers cost is measured. */
  | { readonly kind: 'pile'; readonly layers: number };

export interface LessonStep {
  readonly id: string;
  readonly title: () => string;
  /** Paragraphs. */
  readonly say: () => readonly string[];
  /** What the learner is asked to do; absent for a step that is only read. */
  readonly task?: () => string;
  readonly act?: LessonAct;
  /** What was learnt, a sentence each, and what to do with it on a VM of one's own. */
  readonly recap?: { readonly learnt: () => readonly string[]; readonly toTry: () => string };
  /** What of the VM stands first beside the step; the files unless said. */
  readonly lead?: 'facts' | 'costs';
  /** @param before what was seen when the step was reached */
  readonly done?: (now: LessonFacts, before: LessonFacts) => boolean;
}

const create = (kind: 'memory' | 'disk' | 'offline', title: string): LessonAct => ({
  kind: 'operation',
  request: (vm) => ({ kind: 'create', vm, snapshotKind: kind, style: 'external', title }),
});
const power = (action: 'start' | 'shutDown'): LessonAct => ({
  kind: 'operation',
  request: (vm) => ({ kind: 'power', vm, action }),
});
const hasNew =
  (kind: 'memory' | 'disk' | 'offline') =>
  (now: LessonFacts, before: LessonFacts): boolean =>
    newSnapshots(now, before).some((one) => one.kind === kind && one.style === 'external');
const hasWritten = (now: LessonFacts, before: LessonFacts): boolean => now.writes > before.writes;

/** How many layers above the base the lesson piles up. */
const pile = 8;
/** What it measures. */
export const measuredDepths = [0, 1, pile] as const;

/** One thing to try, outside of the lesson. */
export function toTry(): string {
  return t(
    'Now on a VM of your own: take a Quick Checkpoint (Ctrl+Alt+K), change something in the guest, and revert to it.',
  );
}

export const lessonScript: readonly LessonStep[] = [
  {
    id: 'base',
    title: () => t('One VM, one image'),
    say: () => [
      t(
        'This is a VM of the lesson: four megabytes of RAM, one disk, and a guest that does what the lesson tells it. It was made for you a moment ago and is removed at the end, with everything that comes of it.',
      ),
      t('Its disk is one file, the base. Nothing has been written to it, so it takes next to no space.'),
    ],
  },
  {
    id: 'start',
    lead: 'facts',
    title: () => t('Start it'),
    say: () => [
      t(
        'The guest boots in a tenth of a second. From then on it counts the ticks of its clock, in its RAM alone: when its RAM comes back, that number comes back.',
      ),
    ],
    task: () => t('Start the VM: in the view, or with the key for the next step.'),
    act: power('start'),
    done: ({ power: state }) => state === 'running',
  },
  {
    id: 'writeBase',
    title: () => t('Write to the base'),
    say: () => [
      t(
        'The guest writes 128 blocks of 4 KB, one in each cluster of 64 KB. There is no snapshot yet, so they go straight into the base, and the base grows.',
      ),
    ],
    task: () => t('Let the guest write.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'memory',
    lead: 'facts',
    title: () => t('A snapshot with memory'),
    say: () => [
      t(
        'A memory snapshot keeps the disk and the RAM: going back to it brings back the running programs. The guest stands still for a moment, and that pause is measured.',
      ),
      t(
        'The base is frozen from now on. What is written goes into a new file above it, a delta; what was not written since is still read from the base.',
      ),
    ],
    task: () => t('Take a memory snapshot, outside the image.'),
    act: create('memory', 'First'),
    done: hasNew('memory'),
  },
  {
    id: 'writeDelta',
    title: () => t('Why deltas grow'),
    say: () => [
      t(
        'The guest writes the same blocks again. It writes half a megabyte; the delta grows by eight. A delta holds whole clusters: the first write to each of them copies the rest of it from below.',
      ),
      t(
        'A delta can grow until it is as large as the whole disk, and one more for each snapshot. Nobody sees that inside the guest.',
      ),
    ],
    task: () => t('Let the guest write the same blocks.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'disk',
    title: () => t('A snapshot of the disk alone'),
    say: () => [
      t(
        'A disk-only snapshot keeps no RAM. It takes next to no time, but going back to it is like starting after a power cut: what the guest had not written down is missing. That is called crash-consistent.',
      ),
      t(
        'With a guest agent the guest can be asked to write everything down and hold still for that moment: a quiesced snapshot, whose file systems are clean. This guest has no agent, so it is offered none.',
      ),
    ],
    task: () => t('Take a disk-only snapshot.'),
    act: create('disk', 'Second'),
    done: hasNew('disk'),
  },
  {
    id: 'writeSecond',
    title: () => t('A third layer'),
    say: () => [
      t(
        'Again the same blocks. They land in the newest delta, and the one below it is frozen like the base. What the VM reads is put together from all of them: the newest file that has a cluster wins.',
      ),
    ],
    task: () => t('Let the guest write once more.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'revert',
    lead: 'facts',
    title: () => t('What a revert loses'),
    say: () => [
      t(
        'Going back to the first snapshot drops what was written since: the last delta of the present is thrown away. The second snapshot stays, on a branch of its own.',
      ),
      t(
        'Look at the counter of the guest: it goes back too, because this snapshot holds the RAM. When you revert yourself, Virt Rewind offers to keep the present as a checkpoint first; the lesson does without, to show the loss.',
      ),
    ],
    task: () => t('Revert to the memory snapshot.'),
    act: {
      kind: 'operation',
      request: (vm, facts) => {
        const snapshot = firstMemory(facts)?.name;
        return snapshot === undefined
          ? undefined
          : { kind: 'revert', vm, snapshot, after: 'running', checkpointFirst: false };
      },
    },
    done: (now) => {
      const first = firstMemory(now);
      return now.power === 'running' && first !== undefined && standsOn(now)?.name === first.name;
    },
  },
  {
    id: 'writeBranch',
    title: () => t('Another way on'),
    say: () => [
      t(
        'The guest writes again, from the state of the first snapshot. This is a second future of the same past: its delta lies on the same frozen files as the other one.',
      ),
    ],
    task: () => t('Let the guest write on the new branch.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'branch',
    title: () => t('A branch'),
    say: () => [
      t(
        'A snapshot on this way makes the branch visible: two snapshots rest on the first one, and the files of both must stay as long as either is wanted.',
      ),
    ],
    task: () => t('Take a disk-only snapshot on this branch.'),
    act: create('disk', 'Other way'),
    done: hasNew('disk'),
  },
  {
    id: 'merge',
    title: () => t('Merge'),
    say: () => [
      t(
        'Deleting a snapshot does not delete what was written: the delta above it is merged with the one below, and the restore point is gone. While it runs, the VM goes on.',
      ),
      t('The chain is one file shorter afterwards, and the VM reads the same as before.'),
    ],
    task: () => t('Delete the snapshot that you stand on.'),
    act: {
      kind: 'operation',
      request: (vm, facts) => {
        const snapshot = standsOn(facts)?.name;
        return snapshot === undefined ? undefined : { kind: 'delete', vm, snapshot, scope: 'one' };
      },
    },
    done: (now, before) => takenByPerson(before).some(({ name }) => now.snapshots.every((one) => one.name !== name)),
  },
  {
    id: 'speed',
    lead: 'costs',
    title: () => t('What layers cost'),
    say: () => [
      t(
        'The VM gets eight layers, one snapshot after the other. Then QEMU reads and writes the same places of three images: one alone, one under one layer, one under eight. No guest takes part and no disk is waited for, so that nothing but the layers makes a difference.',
      ),
      t(
        'What no clock shows: QEMU keeps tables of each layer in memory. A deep chain takes longer to open and to move. One broken file in it breaks everything above.',
      ),
    ],
    task: () => t('Let the lesson pile up eight layers and measure.'),
    act: { kind: 'pile', layers: pile },
    done: (now, before) => (now.layers ?? 0) > pile && now.measured > before.measured,
  },
  {
    id: 'off',
    title: () => t('Switch it off'),
    say: () => [
      t('Some things are only certain when nothing runs. The guest is asked to switch off, as by its power button.'),
    ],
    task: () => t('Shut the VM down.'),
    act: power('shutDown'),
    done: ({ power: state }) => state === 'off',
  },
  {
    id: 'offline',
    title: () => t('An offline snapshot'),
    say: () => [
      t(
        'A snapshot of a VM that is off holds its disks in a clean state, and there is no RAM to hold. It is the safest kind, for the price of a shutdown.',
      ),
    ],
    task: () => t('Take an offline snapshot.'),
    act: create('offline', 'Switched off'),
    done: hasNew('offline'),
  },
  {
    id: 'notBackups',
    title: () => t('Snapshots are no backups'),
    say: () => [
      t(
        'Every file of this list rests on the base. If the base is lost, or written to by anybody else, all snapshots are lost with it: a snapshot is a place to go back to on the same disk, never a copy somewhere else.',
      ),
      t('Take one before something risky, go back or delete it soon, and keep backups elsewhere.'),
    ],
  },
  {
    id: 'end',
    title: () => t('The end'),
    say: () => [
      t(
        'With the next step the VM of the lesson is removed: the VM, its snapshots and its folder. Nothing else was touched.',
      ),
    ],
    recap: {
      learnt: () => [
        t('A snapshot is a place to go back to. With memory, the running programs come back too.'),
        t('Outside the image, each snapshot freezes a file and adds a layer, which grows by whole clusters.'),
        t('A revert drops what was written since, unless the present is kept first.'),
        t('To delete a snapshot merges its layer. The VM reads the same as before, faster.'),
        t('All layers rest on the base: snapshots are no backups.'),
      ],
      toTry,
    },
  },
];

export const lessonOutline: LessonOutline = lessonScript.map(({ act }) => (act === undefined ? 'read' : 'do'));
