// Makes the restore points of a lab one after the other, each after its steps in the guests. Where a step fails, hangs
// or is cancelled, all VMs go back to the last restore point.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import { openToRead } from '../base/readFileAtMost.js';
import { asFailure } from '../domain/asFailure.js';
import { automaticTitles } from '../domain/automaticTitles.js';
import { Failure, isOfWing } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { parseUntil } from '../domain/untilDate.js';
import type { StoredSystem, SystemPoint } from '../domain/system.js';
import type { OpenLab, RecordedVm } from '../journal/labStore.js';
import type { Systems } from '../systems/systems.js';
import { failureText } from '../text/failures/failureText.js';
import { pointTitle } from '../text/systems/systemPointText.js';
import { notAllUp, withoutRamLines } from '../text/systems/systemText.js';
import { labFailure } from './labFailure.js';
import type { LabCommand, LabStep, SshLogin } from './labFile.js';
import { isUnchanged, type LayerAct } from './labLayers.js';
import type { LabPlan } from './labPlan.js';
import { commandOf, workName } from './labPrograms.js';
import { usualSeconds } from './labShape.js';
import { type MakeContext, requireOn } from '../made/makeContext.js';
import { type EndInGuest, lastOf, runOverSsh, type SshPlace } from './overSsh.js';

/** The last of what a program wrote is read, however much that is. */
const mostSaid = 4_000;
const never = new AbortController().signal;

interface LayerRun {
  readonly plan: LabPlan;
  readonly open: OpenLab;
  readonly making: MakeContext;
  readonly systems: Systems;
  /** The id of its system. */
  readonly id: string;
}

/** @throws Failure: then it is `ready` if there is a restore point of the file to reset it to */
export async function runLayers(
  plan: LabPlan,
  acts: readonly LayerAct[],
  open: OpenLab,
  making: MakeContext,
): Promise<void> {
  const systems = await making.session.systems();
  const run: LayerRun = { plan, open, making, systems, id: open.record.system ?? '' };
  const noted = new Set<string>();
  for (const act of acts) {
    requireOn(making.signal);
    if (act.kind === 'revert') {
      await goTo(run, act.layer, making.signal);
    } else {
      await makeLayer(run, act.layer, noted);
    }
  }
  await open.put({ phase: 'ready' });
}

/** The newest of each digest: one that was there before may have lost a snapshot. */
export function pointOfLayer(
  layer: number,
  { chain }: Pick<LabPlan, 'chain'>,
  { layers = [] }: OpenLab['record'],
  points: readonly SystemPoint[],
): SystemPoint | undefined {
  const known = layers.filter(({ digest }) => digest === chain.digests[layer]);
  return points.findLast(({ id }) => known.some(({ point }) => point === id));
}

async function goTo(run: LayerRun, layer: number, signal: AbortSignal): Promise<SystemPoint> {
  const { plan, open, making, systems, id } = run;
  const stored = await storedOf(systems, id);
  const point = pointOfLayer(layer, plan, open.record, stored.points);
  if (point === undefined) {
    throw new Failure('notFound', { system: stored.system.name });
  }
  making.onStep(t('reverting to “{0}”', pointTitle(point)));
  const revert = await systems.planRevert(stored, point);
  const late = notAllUp(revert, await systems.run(revert, { signal }));
  if (late !== undefined) {
    throw labFailure('notUp', { said: late.message });
  }
  return point;
}

async function makeLayer(run: LayerRun, layer: number, noted: Set<string>): Promise<void> {
  const { plan, open, making, systems, id } = run;
  const { signal, onStep, onNote } = making;
  const {
    title,
    until: written,
    run: steps,
  } = plan.lab.points[layer - 1] ?? { title: automaticTitles.beforeFirstStep(), run: [] };
  try {
    for (const step of steps) {
      requireOn(signal);
      await runStep(run, step);
    }
    requireOn(signal);
  } catch (error) {
    throw await afterFailure(run, layer - 1, error);
  }
  onStep(t('creating the restore point “{0}”', displayLine(title)));
  const until = written === undefined ? undefined : parseUntil(written, Date.now());
  if (until === 'past') {
    onNote?.(t('“{0}” is kept without a date: {1} is in the past.', displayLine(title), displayLine(written ?? '')));
  }
  const dated = typeof until === 'number' ? { until } : {};
  const wish = { title, numbered: true, ...dated, ...(layer === 0 && { auto: 'layer' as const }) } as const;
  const checkpoint = await systems.planCheckpoint(await storedOf(systems, id), wish);
  for (const line of withoutRamLines(checkpoint.members).filter((one) => !noted.has(one))) {
    noted.add(line);
    onNote?.(line);
  }
  const { points = [], layers = [] } = open.record;
  const made = { point: checkpoint.point.id, digest: plan.chain.digests[layer] ?? '' };
  // Before it is made: whatever comes in between, only what is written down is the lab's.
  await open.put({ points: [...points, made.point], layers: [...layers, made] });
  await systems.run(checkpoint, { signal });
}

/** @returns what is thrown: it says where the VMs are now */
async function afterFailure(run: LayerRun, last: number, error: unknown): Promise<unknown> {
  const { open, making } = run;
  const { words, point } = await backTo(run, last);
  if (point !== undefined && point.auto === undefined) {
    await open.put({ phase: 'ready' });
  }
  if (isOfWing(error, 'lab')) {
    return labFailure('backAt', { cause: error, where: words });
  }
  making.onNote?.(words);
  return error;
}

async function backTo(run: LayerRun, layer: number): Promise<{ readonly words: string; readonly point?: SystemPoint }> {
  try {
    // Also where it was cancelled: half a step is no state to stay in.
    const point = await goTo(run, layer, never);
    const { name } = run.plan.lab;
    return {
      point,
      words: t(
        'All VMs were reverted to “{0}”. “{1}” returns to what the failed step left.',
        pointTitle(point),
        `virt-rewind undo ${name}`,
      ),
    };
  } catch (error) {
    return {
      words: t(
        'The VMs could not be reverted to the restore point before it: {0}',
        isOfWing(error, 'lab') ? failureText(error).sentence : asFailure(error).line,
      ),
    };
  }
}

async function runStep(run: LayerRun, step: LabStep): Promise<void> {
  const { plan, making } = run;
  const { vm, work } = step;
  const member = plan.record.vms.find(({ key }) => key === vm);
  if (member === undefined) {
    // What the lab file has and the record has not is refused before; a step that is passed over would be a lie.
    throw new Failure('notFound', { vm, doing: 'running a step' });
  }
  const [name, guest] = [displayLine(workName(work), 100), displayLine(member.name)];
  making.onStep(
    work.kind === 'copy'
      ? t('copying {0} into {1}', displayLine(work.from), guest)
      : t('running {0} in {1}', name, guest),
  );
  const { how, said } = work.kind === 'copy' ? await copyIn(run, step, member) : await runIn(run, step, member);
  if (how !== undefined) {
    throw labFailure('stepFailed', { name, vm: guest, how, said });
  }
}

function runIn(
  { plan, making }: LayerRun,
  { vm, work, ssh, seconds }: LabStep,
  member: RecordedVm,
  input?: number,
): Promise<EndInGuest> {
  const command = { vm, ...commandOf(work), seconds };
  if (ssh === undefined) {
    return byAgent(member, command, making);
  }
  const place = { ...sshPlace(plan, member, ssh, making), ...(input !== undefined && { input }) };
  return runOverSsh(command, place, making.signal);
}

async function byAgent(
  { connection, uuid }: RecordedVm,
  { program, args, seconds }: LabCommand,
  { session, signal }: MakeContext,
): Promise<EndInGuest> {
  const command = { program, args, atMostMs: seconds * 1_000 };
  const ran = await session.engine.guests.runIn({ connection, uuid }, command, signal);
  if (ran.kind === 'late') {
    return { how: t('it did not end within {0} s', seconds), said: '' };
  }
  const [errors, out] = [ran.stderr.bytes, ran.stdout.bytes].map((bytes) =>
    lastOf(new TextDecoder().decode(bytes.slice(-mostSaid))),
  );
  return {
    ...(ran.exitCode !== 0 && { how: t('it exited with code {0}', ran.exitCode ?? `signal ${ran.signal ?? '?'}`) }),
    said: [errors, out].find((one) => one !== undefined && one !== '') ?? '',
  };
}

/** What its digest is of is what arrives, or it fails. */
async function copyIn(run: LayerRun, step: LabStep, member: RecordedVm): Promise<EndInGuest> {
  const { plan, making } = run;
  const { session, signal } = making;
  const { work, seconds } = step;
  const source = work.kind === 'copy' ? plan.chain.files.get(work.from) : undefined;
  if (work.kind !== 'copy' || source === undefined) {
    return { how: t('the file was changed meanwhile'), said: '' };
  }
  let end: EndInGuest = { said: '' };
  if (step.ssh === undefined) {
    const timeLimit = AbortSignal.timeout(seconds * 1_000);
    try {
      const view = session.engine.findVm(member);
      if (view === undefined) {
        throw new Failure('notFound', { vm: member.name, connection: member.connection });
      }
      const places = { to: 'guest', guestPath: work.to, hostPath: source.path, overwrite: true } as const;
      await session.copyFile(view, places, { signal: AbortSignal.any([signal, timeLimit]) });
    } catch (error) {
      requireOn(signal);
      if (!isOfWing(error, 'copy')) {
        throw error;
      }
      end = timeLimit.aborted
        ? { how: t('it did not end within {0} s', seconds), said: '' }
        : { how: displayLine(failureText(error).sentence, 300), said: '' };
    }
  } else {
    const handle = await openToRead(source.path);
    try {
      end = await runIn(run, step, member, handle.fd);
    } finally {
      await handle.close();
    }
  }
  return end.how === undefined && !(await isUnchanged(source))
    ? { how: t('the file was changed meanwhile'), said: '' }
    : end;
}

function sshPlace(
  plan: LabPlan,
  { key, connection, uuid }: RecordedVm,
  login: SshLogin,
  making: MakeContext,
): SshPlace {
  const { session, environment } = making;
  const { wait } = plan.lab.vms.find((vm) => vm.key === key) ?? {};
  return {
    login,
    uuid,
    addressesOf: () => session.engine.guests.addressesOf({ connection, uuid }),
    // Where the lab is written down: it goes with it.
    folder: join(session.folder, 'labs', plan.record.id),
    environment,
    waitSeconds: Math.max(usualSeconds, wait?.seconds ?? 0),
  };
}

export async function storedOf(systems: Systems, id: string): Promise<StoredSystem> {
  const stored = await systems.find(id);
  if (stored === undefined) {
    throw new Failure('notFound', { doing: `find the system ${id}` });
  }
  return stored;
}
