// Several VMs at once: which are meant, and which snapshot of each.
import { t } from '@vscode/l10n';
import { mapLimited } from '../../base/mapLimited.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Snapshot, SnapshotTree } from '../../domain/snapshot.js';
import { sortSnapshots } from '../../domain/snapshotTree.js';
import type { VmView } from '../../live/views.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import type { LeftOut } from '../../text/questions/questionText.js';
import { relativeAge } from '../../text/relativeAge.js';
import { CommandError, NothingThere } from '../prompts/commandError.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import type { CommandRun } from './commandServices.js';
import { existingVm } from './operate.js';
import { distinctVms, type SnapshotTarget, targetSnapshots } from './targets.js';
import { vmCountText } from '../../text/words.js';

/** How many VMs are read at a time. */
export const readsAtOnce = 4;

interface VmWithTree {
  readonly view: VmView;
  readonly tree: SnapshotTree;
  /** Names of what lies in the trash. */
  readonly trash: readonly string[];
}

interface EachTarget {
  readonly targets: readonly SnapshotTarget[];
  /** The title of the one snapshot that is meant; absent where each has its own. */
  readonly title?: string;
  readonly leftOut: readonly LeftOut[];
}

/** Which snapshot of each VM is meant. */
type EachSnapshot = 'last' | 'favourite' | { readonly title: string };

/** The VMs of the rows that a command was called on, by name; undefined: not more than one. */
export function severalVms(run: CommandRun): readonly VmView[] | undefined {
  const refs = run.call.kind === 'rows' ? distinctVms(run.call.rows) : [];
  return refs.length > 1
    ? refs.map((ref) => existingVm(run, ref)).toSorted((a, b) => a.vm.name.localeCompare(b.vm.name))
    : undefined;
}

/** A VM that cannot be read stops no other. */
export async function readTrees(
  run: CommandRun,
  views: readonly VmView[],
): Promise<{ readonly read: readonly VmWithTree[]; readonly leftOut: readonly LeftOut[] }> {
  const all = await mapLimited(views, readsAtOnce, async ({ ref, vm }): Promise<VmWithTree | LeftOut> => {
    try {
      const tree = await run.engine.readTree(ref);
      return { view: existingVm(run, ref), tree, trash: await run.engine.trashedSnapshots(ref) };
    } catch (error) {
      return { vm: vm.name, why: failureMessage(asFailure(error)) };
    }
  });
  return {
    read: all.flatMap((one) => ('tree' in one ? [one] : [])),
    leftOut: all.flatMap((one) => ('tree' in one ? [] : [one])),
  };
}

/**
 * The snapshots of the rows, one of each VM; or, of rows of VMs, those that are picked by their title.
 * @param given what needs no question
 * @param offered what a list has beside the titles
 */
export async function targetOnEach(
  run: CommandRun,
  views: readonly VmView[],
  placeHolder: string,
  offered: readonly ('last' | 'favourite')[] = [],
  given?: EachSnapshot,
): Promise<EachTarget> {
  const rows = run.call.kind === 'rows' ? run.call.rows : [];
  if (given === undefined && rows.every(({ kind }) => kind === 'snapshot')) {
    const targets = await targetSnapshots(run);
    if (targets.length > views.length) {
      throw new CommandError('invalid', t('Select only one snapshot of each VM.'));
    }
    return { targets, leftOut: [] };
  }
  const { read, leftOut } = await readTrees(run, views);
  const which = given ?? (await pick(eachChoices(read, offered), placeHolder, run.title));
  const found = read.map((one) => ({ ...one, snapshot: snapshotOn(one, which) }));
  const targets = found.flatMap(({ view, snapshot }) => (snapshot === undefined ? [] : [{ view, snapshot }]));
  if (targets.length === 0) {
    throw new NothingThere(t('None of these VMs has such a snapshot.'));
  }
  return {
    targets,
    ...(typeof which === 'object' && which),
    leftOut: [
      ...leftOut,
      ...found.flatMap(({ view, snapshot }) =>
        snapshot === undefined ? [{ vm: view.vm.name, why: t('It has no such snapshot.') }] : [],
      ),
    ],
  };
}

/** The newest that somebody took counts as the last. */
function snapshotOn({ view, tree, trash }: VmWithTree, which: EachSnapshot): Snapshot | undefined {
  return sortSnapshots(tree, 'time').findLast(({ name, title, trailers }) =>
    which === 'last'
      ? trailers.auto === undefined && !trash.includes(name)
      : which === 'favourite'
        ? name === view.favourite
        : title === which.title,
  );
}

/** What several of the VMs have, the newest title first. */
function eachChoices(
  read: readonly VmWithTree[],
  offered: readonly ('last' | 'favourite')[],
): readonly Choice<EachSnapshot>[] {
  const labels = { last: t('The Newest of Each VM'), favourite: t('The Favourite of Each VM') };
  const all = read.flatMap(({ tree }) => sortSnapshots(tree, 'time').toReversed());
  const titles = [...new Set(all.map(({ title }) => title))];
  const now = Date.now();
  const lines = [...offered, ...titles.map((title) => ({ title }))].flatMap((which) => {
    const found = read.flatMap((one) => snapshotOn(one, which) ?? []);
    const newest = Math.max(...found.map(({ createdAt }) => createdAt));
    const line: Choice<EachSnapshot> = {
      label: typeof which === 'string' ? labels[which] : which.title,
      description: [
        t('{0} of {1}', found.length, vmCountText(read.length)),
        ...(typeof which === 'string' ? [] : [relativeAge(newest, now)]),
      ].join(' · '),
      value: which,
    };
    return found.length < (typeof which === 'string' ? 1 : 2) ? [] : [{ line, newest }];
  });
  if (lines.length === 0) {
    throw new NothingThere(t('These VMs have no snapshots of the same title.'));
  }
  const fixed = lines.filter(({ line }) => typeof line.value === 'string');
  const titled = lines.filter((one) => !fixed.includes(one)).toSorted((a, b) => b.newest - a.newest);
  return [...fixed, ...titled].map(({ line }) => line);
}
