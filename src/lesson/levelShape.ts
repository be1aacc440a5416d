// The shape of a level file, and what each of its keys is for: level.schema.json and the page for teachers are made of
// it. Its words are all that a level can do and ask; nothing in it is code.
import * as v from 'valibot';
import type { ProblemKind } from '../diagnosis/problem.js';
import { powerActions } from '../domain/operation.js';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { key, map, maybe } from '../lab/shapeParts.js';

const sentence = v.pipe(v.string(), v.minLength(1), v.maxLength(2_000));
const languages = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[a-z]{2}(-[a-z]{2})?$/u)), sentence),
  v.minEntries(1),
  v.maxEntries(20),
);
/** In one language, or by language. */
const text = v.union([sentence, languages]);
/** The title of a snapshot, the same in all languages. */
const title = v.pipe(v.string(), v.regex(/^[^@\p{Cc}][^\p{Cc}]{0,99}$/u));
/** One that is there: by its title, or by what it is. */
const words = ['@current', '@memory', '@any'] as const;
const snapshot = v.union([v.picklist(words), title]);
const titles = v.pipe(v.array(snapshot), v.minLength(1), v.maxLength(20));
const fileName = v.pipe(v.string(), v.regex(/^[A-Z0-9]{1,8}\.[A-Z0-9]{1,3}$/u));
const fileText = v.pipe(v.string(), v.regex(/^[ -~]{1,500}$/u));
const block = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8_000));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100));
const number = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000));
const sizePattern = /^([0-9]{1,5}) (KiB|MiB)$/u;
/** In bytes. */
const size = v.pipe(
  v.string(),
  v.regex(sizePattern),
  v.transform((given) => {
    const [, amount = '', unit] = sizePattern.exec(given) ?? [];
    return Number(amount) * (unit === 'MiB' ? 1024 * 1024 : 1024);
  }),
);

/** What the lesson can do, each as a command of ours or by its guest. */
const act = v.pipe(
  map({
    power: maybe('Starts, stops or pauses the VM', v.picklist(powerActions.filter((one) => one !== 'save'))),
    create: maybe(
      'Creates a snapshot; style: external unless given',
      map({
        title: key('Its title', title),
        kind: key('What it contains', v.picklist(snapshotKinds)),
        style: maybe('Where it is stored', v.picklist(snapshotStyles)),
      }),
    ),
    revert: maybe(
      'Reverts to a snapshot',
      map({
        to: key('Its title', snapshot),
        checkpoint: maybe('true: saves the current state first', v.boolean()),
        after: maybe('The state of the VM afterwards (default: as in the snapshot)', v.picklist(['running', 'off'])),
      }),
    ),
    delete: maybe('Deletes a snapshot, by its title', snapshot),
    deleteBranch: maybe('Deletes a snapshot and all below it, by its title', snapshot),
    rename: maybe(
      'Renames a snapshot',
      map({ snapshot: key('Its title', snapshot), title: key('The new one', title) }),
    ),
    keep: maybe('Marks a snapshot so that no rule deletes it, by its title', snapshot),
    undo: maybe('true: undoes the last operation', v.literal(true)),
    redo: maybe('true: does again what was undone last', v.literal(true)),
    consolidate: maybe('true: makes the chain as short as it goes', v.literal(true)),
    write: maybe(
      'The guest writes blocks of 4 KB, one in each cluster of 64 KB (the 16th, the 32nd, …)',
      map({
        at: maybe('The first block (default 0)', block),
        blocks: maybe('How many (default 128)', v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
        seed: maybe('What is written: a number that a check can ask for (default: another one each time)', number),
      }),
    ),
    count: maybe('The guest sets its counter in RAM to this number', number),
    measure: maybe(
      'Adds layers until there are so many above the base, and measures what they cost',
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)),
    ),
    clone: maybe(
      'Creates a linked clone of a snapshot',
      map({
        of: key('Its title', snapshot),
        ram: maybe('true: a fork, which continues from the RAM of the snapshot', v.literal(true)),
      }),
    ),
    discard: maybe('true: deletes all clones and forks', v.literal(true)),
    prune: maybe('Deletes several snapshots in one operation, by their titles', titles),
    bisect: maybe(
      'Searches with clones for the first snapshot in which a file no longer contains a text',
      map({
        good: key('Title of an older snapshot, in which it does', title),
        bad: key('Title of a newer one, in which it does not', title),
        file: key('One of the files of the level', fileName),
        text: key('What it contains', fileText),
      }),
    ),
    copyOut: maybe(
      'Copies a file of the level out of a snapshot, to where the files of the VM are',
      map({ file: key('Its name', fileName), of: key('Title of the snapshot', title) }),
    ),
    export: maybe('true: copies the VM with its snapshots into a folder beside its files', v.literal(true)),
    lose: maybe('Takes a file of the VM away, as if it were lost; the VM is off', v.literal('base')),
    find: maybe('Puts that file back', v.literal('base')),
  }),
  v.minEntries(1),
  v.maxEntries(1),
);
const acts = v.pipe(v.array(act), v.maxLength(30));

/** Those of the doctor that a lesson can bring about. */
const problemKinds = [
  'overlayMissing',
  'memoryFileMissing',
  'backingMissing',
  'mixedStyles',
  'orphanTag',
  'noCurrent',
] as const satisfies readonly ProblemKind[];

const range = { least: maybe('At least', count), most: maybe('At most', count) };

/** All of it must hold. */
const check = v.pipe(
  map({
    power: maybe('The VM is in this state', v.picklist(['running', 'paused', 'off'])),
    new: maybe(
      'A snapshot that was created since the step began',
      map({
        kind: maybe('What it contains', v.picklist(snapshotKinds)),
        style: maybe('Where it is stored', v.picklist(snapshotStyles)),
      }),
    ),
    snapshots: maybe(
      'Snapshots that exist',
      v.pipe(
        v.array(
          map({
            title: key('Its title', title),
            kind: maybe('What it contains', v.picklist(snapshotKinds)),
            style: maybe('Where it is stored', v.picklist(snapshotStyles)),
            below: maybe('The title of the snapshot that it was created from', title),
          }),
        ),
        v.minLength(1),
        v.maxLength(20),
      ),
    ),
    gone: maybe('Titles of snapshots that do not exist; @any: one that existed when the step began', titles),
    count: maybe('How many snapshots there are', map(range)),
    current: maybe('The snapshot from which the current state came', snapshot),
    goal: maybe('true: the snapshots are those of the goal', v.literal(true)),
    layers: maybe('Files that the disk consists of, the base included', map(range)),
    bytes: maybe(
      'What files take on the disk',
      map({
        of: key(
          'Which: the base, the file that is written to, the RAM of snapshots, all',
          v.picklist(['base', 'top', 'memory', 'all']),
        ),
        least: maybe('At least, as “8 MiB” or “200 KiB”', size),
        most: maybe('At most', size),
      }),
    ),
    wrote: maybe('true: the guest wrote since the step began', v.literal(true)),
    measured: maybe('true: the layers were measured since the step began', v.literal(true)),
    counter: maybe('The counter in the RAM of the guest', v.pipe(v.number(), v.integer(), v.minValue(0))),
    blocks: maybe(
      'What the guest reads in blocks of its disk',
      v.pipe(
        v.array(
          map({
            at: key('Which block', block),
            seed: key('What was written there; 0: nothing', v.union([number, v.literal(0)])),
          }),
        ),
        v.minLength(1),
        v.maxLength(8),
      ),
    ),
    kept: maybe('The title of a snapshot that no rule deletes', snapshot),
    did: maybe(
      'An operation since the step began',
      v.picklist(['create', 'revert', 'delete', 'rename', 'consolidate', 'undo', 'redo', 'prune', 'clone']),
    ),
    clones: maybe(
      'How many clones and forks there are',
      map({ ...range, power: maybe('Only those in this state', v.picklist(['running', 'off'])) }),
    ),
    found: maybe('The first bad snapshot that a bisect found', title),
    file: maybe(
      'A file that was copied out, with what it contains',
      map({ name: key('Its name', fileName), text: key('Some of its text', fileText) }),
    ),
    exported: maybe('How many snapshots are in a copy beside the files of the VM', map(range)),
    problem: maybe('The doctor finds this problem', v.picklist(problemKinds)),
    healthy: maybe('true: the doctor finds no problem', v.literal(true)),
  }),
  v.minEntries(1),
);

const goalSnapshot = map({
  title: key('Its title', title),
  below: maybe('The title of the snapshot that it was created from', title),
  kind: maybe('What it contains', v.picklist(snapshotKinds)),
});

const step = map({
  id: maybe('A name for the step', v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,40}$/u))),
  title: key('Its heading', text),
  say: key('What is explained, as a list of paragraphs', v.pipe(v.array(text), v.minLength(1), v.maxLength(8))),
  task: maybe('What the learner is asked to do', text),
  hint: maybe('Shown when it is asked for', text),
  do: maybe('What does the step for the learner, as a list', v.pipe(acts, v.minLength(1))),
  check: maybe('When the step is done: all of this holds', check),
  lead: maybe('What of the VM is shown first (default: files)', v.picklist(['files', 'facts', 'costs'])),
});

export const levelShape = map({
  version: key('Of this format: 1', v.literal(1)),
  title: key('Its title', text),
  group: maybe('The heading under which it is listed', text),
  about: maybe('One sentence for the list', text),
  files: maybe(
    'Files on its disk, in a FAT file system; the first is in block 6, the next in block 7, …',
    v.pipe(
      v.array(map({ name: key('As NOTES.TXT', fileName), text: key('What it contains', fileText) })),
      v.minLength(1),
      v.maxLength(8),
    ),
  ),
  start: maybe('What is done before the first step, as a list', acts),
  goal: maybe(
    'The snapshots at the end, shown as a picture',
    map({
      snapshots: key('All of them', v.pipe(v.array(goalSnapshot), v.maxLength(20))),
      current: maybe('The title of the snapshot from which the current state came', title),
    }),
  ),
  steps: key('The steps', v.pipe(v.array(step), v.minLength(1), v.maxLength(40))),
  learnt: maybe('What the learner has seen, shown with the last step', v.pipe(v.array(text), v.maxLength(8))),
  golf: maybe(
    'The best result that is known',
    map({
      steps: maybe('The fewest operations', v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100))),
      bytes: maybe('The fewest bytes in files at the end', size),
    }),
  ),
});

export type Level = v.InferOutput<typeof levelShape>;
export type LevelStep = Level['steps'][number];
export type LevelAct = v.InferOutput<typeof act>;
export type LevelCheck = v.InferOutput<typeof check>;
export type LevelGoal = NonNullable<Level['goal']>;
export type LevelText = v.InferOutput<typeof text>;

/** A level, by the name under which its results are kept. */
export interface NamedLevel {
  readonly id: string;
  readonly level: Level;
}
