// The bisect that a person or a caller wishes: the line, the check, and how its clones stand. What is given is not
// asked.
import { t } from '@vscode/l10n';
import type { BisectStop } from '../../../bisect/bisectStop.js';
import { type BisectLine, lineOf } from '../../../bisect/bisectLine.js';
import type { Bisect, BisectCheck } from '../../../domain/bisect.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Snapshot, SnapshotTree } from '../../../domain/snapshot.js';
import { isAncestor, pathTo } from '../../../domain/snapshotTree.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';
import type { VmView } from '../../../live/views.js';
import {
  type CloneState,
  askCommand,
  pickCheck,
  pickCloneState,
  pickKnown,
  pickSide,
} from '../../prompts/askBisect.js';
import { CommandError } from '../../prompts/commandError.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { refuseInside } from '../refuseFirst.js';

/** The time limit for a check, and for the start of a clone. */
const patienceMs = 300_000;

export async function askForBisect(run: CommandRun, view: VmView): Promise<Bisect> {
  const given = argumentsOf(run.call);
  const tree = await run.engine.readTree(view.ref);
  await refuseInside(run, view, tree.snapshots);
  const line = await askForLine(run, view, tree);
  const { check, clones } = await askForCheck(run, view);
  return {
    vm: view.ref,
    vmName: view.vm.name,
    startedAt: Date.now(),
    ...line,
    check,
    ...clones,
    ...(given.network !== undefined && { network: given.network }),
    tries: given.tries ?? 1,
    ...(given.jobs !== undefined && { jobs: given.jobs }),
    checkMs: patienceMs,
    startMs: patienceMs,
    probes: [],
  };
}

/** Two rows are its ends; one is the end or the beginning. */
async function askForLine(run: CommandRun, view: VmView, tree: SnapshotTree): Promise<BisectLine> {
  const { name } = view.vm;
  const given = argumentsOf(run.call);
  const findByTitle = async (title: string | undefined): Promise<Snapshot | undefined> =>
    title === undefined ? undefined : requireSnapshotByName(run.engine, view, title);
  const skip: Snapshot[] = [];
  for (const title of given.skip ?? []) {
    skip.push(await requireSnapshotByName(run.engine, view, title));
  }
  const ends = { ...(await endsOfRows(run, view, tree)) };
  const [good, bad] = [(await findByTitle(given.good)) ?? ends.good, (await findByTitle(given.bad)) ?? ends.bad];
  const wish = { skip, ...(good && { good }), ...(bad && { bad }) };
  if (run.call.kind === 'program' || (good !== undefined && bad !== undefined)) {
    return lineOf(name, tree, wish);
  }
  if (tree.snapshots.length < 2) {
    throw new CommandError('refused', t('{0} has too few snapshots for a bisect.', displayLine(name)), {
      vm: name,
    });
  }
  const end =
    bad ?? (await pickKnown(view, snapshotsAfter(tree, good), 'bad', t('search up to the newest of the branch')));
  const path = end === undefined ? tree.snapshots : pathTo(tree, end.name).filter((one) => one.name !== end.name);
  const beginning =
    good ??
    (path.length === 0 ? undefined : await pickKnown(view, path, 'good', t('search from the oldest of the branch')));
  return lineOf(name, tree, { skip, ...(end && { bad: end }), ...(beginning && { good: beginning }) });
}

function snapshotsAfter(tree: SnapshotTree, good: Snapshot | undefined): readonly Snapshot[] {
  return good === undefined
    ? tree.snapshots
    : tree.snapshots.filter(({ name }) => name !== good.name && isAncestor(tree, good.name, name));
}

async function endsOfRows(
  { call, engine }: CommandRun,
  view: VmView,
  tree: SnapshotTree,
): Promise<{ readonly good?: Snapshot; readonly bad?: Snapshot }> {
  const rows = call.kind === 'rows' ? call.rows.flatMap((row) => (row.kind === 'snapshot' ? [row] : [])) : [];
  const snapshots: Snapshot[] = [];
  for (const row of rows) {
    snapshots.push(await requireSnapshotByName(engine, view, row.snapshot));
  }
  const [one, other] = snapshots;
  if (one === undefined || snapshots.length > 2) {
    return {};
  }
  if (other === undefined) {
    return { [await pickSide(one)]: one };
  }
  return isAncestor(tree, one.name, other.name) ? { good: one, bad: other } : { good: other, bad: one };
}

interface AskedCheck {
  readonly check: BisectCheck;
  readonly clones: CloneState;
}

async function askForCheck(run: CommandRun, view: VmView): Promise<AskedCheck> {
  const { check: givenKind, program, off } = argumentsOf(run.call);
  const kind = givenKind ?? (program === undefined ? await pickCheck(view) : undefined);
  const clones: CloneState = { network: 'unplugged', start: off === true ? 'off' : 'started' };
  if (kind === undefined || (off === true && kind !== 'host')) {
    throw new CommandError('invalid', t('Specify where the check runs: {0}', 'guest, console, host'));
  }
  if (kind === 'person') {
    return { check: { kind }, clones };
  }
  if (kind === 'guest' && !view.vm.agentChannel) {
    throw new CommandError('refused', t('{0} has no guest agent.', displayLine(view.vm.name)), { vm: view.vm.name });
  }
  const [name, ...args] = program ?? ['sh', '-c', await askCommand(view, kind)];
  if (name === undefined) {
    throw new CommandError('invalid', t('Specify the program of the check.'));
  }
  const asks = kind === 'host' && program === undefined;
  return { check: { kind, program: name, args }, clones: asks ? await pickCloneState(view) : clones };
}

/** Its class is loaded with the bisects only. */
export function asStop(error: unknown): Pick<BisectStop, 'reason'> | undefined {
  return error instanceof Error && error.name === 'BisectStop' && 'reason' in error
    ? { reason: error.reason as BisectStop['reason'] }
    : undefined;
}
