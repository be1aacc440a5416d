// The lesson as a table: a step each, what is said, what is asked for, when it is done, what does it. Carries out
// nothing.
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
    'Now use one of your own VMs: create a Quick Checkpoint (Ctrl+Alt+K), change something in the guest, and revert to the checkpoint.',
  );
}

export const lessonScript: readonly LessonStep[] = [
  {
    id: 'base',
    title: () => t('One VM, One Image'),
    say: () => [
      t(
        'This VM belongs to the lesson: four megabytes of RAM, one disk, and a guest that the lesson controls. It was created a moment ago. At the end of the lesson, the VM and everything created from it are deleted.',
      ),
      t('Its disk is one file, the base. Nothing has been written to it, so it uses almost no space.'),
    ],
  },
  {
    id: 'start',
    lead: 'facts',
    title: () => t('Start It'),
    say: () => [
      t(
        'The guest boots in a tenth of a second. From then on it counts its clock ticks, in RAM only: when its RAM is restored, the number is restored too.',
      ),
    ],
    task: () => t('Start the VM in the view, or with the key for the next step.'),
    act: power('start'),
    done: ({ power: state }) => state === 'running',
  },
  {
    id: 'writeBase',
    title: () => t('Write to the Base'),
    say: () => [
      t(
        'The guest writes 128 blocks of 4 KB, one in each cluster of 64 KB. There is no snapshot yet, so the blocks go into the base, and the base grows.',
      ),
    ],
    task: () => t('Let the guest write.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'memory',
    lead: 'facts',
    title: () => t('A Snapshot with Memory'),
    say: () => [
      t(
        'A memory snapshot contains the disk and the RAM: a revert to it restores the running programs. The VM pauses for a moment, and the lesson measures that pause.',
      ),
      t(
        'The base is frozen from now on. New data goes into a new file above it, a delta. All other data is still read from the base.',
      ),
    ],
    task: () => t('Create a memory snapshot outside the image.'),
    act: create('memory', 'First'),
    done: hasNew('memory'),
  },
  {
    id: 'writeDelta',
    title: () => t('Why Deltas Grow'),
    say: () => [
      t(
        'The guest writes the same blocks again. It writes half a megabyte, but the delta grows by eight. A delta contains whole clusters: the first write to a cluster copies the rest of it from below.',
      ),
      t(
        'A delta can grow as large as the whole disk, and each snapshot adds another delta. This is not visible inside the guest.',
      ),
    ],
    task: () => t('Let the guest write the same blocks.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'disk',
    title: () => t('A Disk-Only Snapshot'),
    say: () => [
      t(
        'A disk-only snapshot contains no RAM. It takes almost no time, but a revert to it is like a start after a power cut: data that the guest had not written yet is missing. This is called crash-consistent.',
      ),
      t(
        'A guest agent can make the guest write all its data and freeze its file systems for that moment: a quiesced snapshot with clean file systems. This guest has no agent, so this is not available here.',
      ),
    ],
    task: () => t('Create a disk-only snapshot.'),
    act: create('disk', 'Second'),
    done: hasNew('disk'),
  },
  {
    id: 'writeSecond',
    title: () => t('A Third Layer'),
    say: () => [
      t(
        'The same blocks again. They go into the newest delta, and the delta below is frozen like the base. The VM reads from all files: for each cluster, the newest file that contains it.',
      ),
    ],
    task: () => t('Let the guest write again.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'revert',
    lead: 'facts',
    title: () => t('What a Revert Loses'),
    say: () => [
      t(
        'A revert to the first snapshot discards everything written after it: the last delta of the current state is deleted. The second snapshot stays, on a separate branch.',
      ),
      t(
        'Look at the counter of the guest: it goes back too, because this snapshot contains the RAM. In your own reverts, Virt Rewind offers to save the current state as a checkpoint first. The lesson skips this to show the loss.',
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
    title: () => t('Another Branch'),
    say: () => [
      t(
        'The guest writes again, from the state of the first snapshot. This is a second future of the same past: its delta is built on the same frozen files as the other one.',
      ),
    ],
    task: () => t('Let the guest write on the new branch.'),
    act: { kind: 'write' },
    done: hasWritten,
  },
  {
    id: 'branch',
    title: () => t('A Snapshot on the Branch'),
    say: () => [
      t(
        'A snapshot here makes the branch visible: two snapshots are built on the first one. The shared files must stay until both snapshots are deleted.',
      ),
    ],
    task: () => t('Create a disk-only snapshot on this branch.'),
    act: create('disk', 'Other way'),
    done: hasNew('disk'),
  },
  {
    id: 'merge',
    title: () => t('Merge'),
    say: () => [
      t(
        'Deleting a snapshot does not delete data of the current state: the delta above is merged with the one below. You can no longer go back to the snapshot. The VM keeps running meanwhile.',
      ),
      t('After that the chain is one file shorter, and the VM reads the same data as before.'),
    ],
    task: () => t('Delete the current snapshot.'),
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
    title: () => t('What Layers Cost'),
    say: () => [
      t(
        'The VM gets eight layers, one snapshot after the other. Then QEMU reads and writes the same places in three images: one alone, one under one layer, one under eight. No guest and no physical disk are involved, so only the layers make a difference.',
      ),
      t(
        'These times do not show everything: QEMU keeps tables of each layer in memory. A deep chain takes longer to open and to move. One broken file breaks everything above it.',
      ),
    ],
    task: () => t('Let the lesson create eight layers and measure.'),
    act: { kind: 'pile', layers: pile },
    done: (now, before) => (now.layers ?? 0) > pile && now.measured > before.measured,
  },
  {
    id: 'off',
    title: () => t('Shut It Down'),
    say: () => [
      t(
        'Some of this is only certain while the VM is off. The lesson asks the guest to shut down, as the power button does.',
      ),
    ],
    task: () => t('Shut down the VM.'),
    act: power('shutDown'),
    done: ({ power: state }) => state === 'off',
  },
  {
    id: 'offline',
    title: () => t('An Offline Snapshot'),
    say: () => [
      t(
        'A snapshot of a VM that is off contains its disks in a clean state, and no RAM. It is the safest kind, but needs a shutdown.',
      ),
    ],
    task: () => t('Create an offline snapshot.'),
    act: create('offline', 'Switched off'),
    done: hasNew('offline'),
  },
  {
    id: 'notBackups',
    title: () => t('Snapshots Are Not Backups'),
    say: () => [
      t(
        'Every file in this list is built on the base. If the base is lost, or another program writes to it, all snapshots are lost too. A snapshot is a state on the same disk to go back to, not a copy elsewhere.',
      ),
      t('Create a snapshot before something risky. Revert to it or delete it soon, and keep backups elsewhere.'),
    ],
  },
  {
    id: 'end',
    title: () => t('The End'),
    say: () => [
      t('The next step deletes the VM of the lesson: the VM, its snapshots and its folder. Nothing else was changed.'),
    ],
    recap: {
      learnt: () => [
        t('A snapshot is a state to go back to. With memory, it also restores the running programs.'),
        t('Outside the image, each snapshot freezes a file and adds a layer, which grows by whole clusters.'),
        t('A revert discards everything written after the snapshot, unless the current state is saved first.'),
        t('Deleting a snapshot merges its layer. The VM reads the same data as before, but faster.'),
        t('All layers are built on the base: snapshots are not backups.'),
      ],
      toTry,
    },
  },
];

export const lessonOutline: LessonOutline = lessonScript.map(({ act }) => (act === undefined ? 'read' : 'do'));
