// A lab that is there and whose file has other steps now, or whose steps broke off: what is left to do, and its labels.
import type { Log } from '../base/log.js';
import type { SystemPoint } from '../domain/system.js';
import type { LabRecord, OpenLab } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { planSystemPrune, runSystemPrune, withoutQuestions } from '../systems/systemPrune.js';
import { differencesOf } from './labDifferences.js';
import { labFailure } from './labFailure.js';
import type { Lab } from './labFile.js';
import { layerActs, type LabChain, type LayerAct, readChain } from './labLayers.js';
import { startLabNetwork } from './labNetwork.js';
import type { LabPlan } from './labPlan.js';
import { type MakeContext, requireOn } from '../made/makeContext.js';
import { requireSsh } from './overSsh.js';
import { pointOfLayer, runLayers, storedOf } from './runLayers.js';

interface AgainContext extends MakeContext {
  readonly log: Log;
}

type AgainOptions = Pick<AgainContext, 'session' | 'environment'>;

const dayMs = 86_400_000;
/** Where there is no trash. */
const usualDays = 7;

/**
 * Plans what the restore points lack of a lab whose VMs are as the file says.
 *
 * @returns undefined where it broke off before it had any, and is made anew
 * @throws Failure `refused`
 */
export async function planAgain(
  lab: Lab,
  left: LabRecord,
  file: string,
  options: AgainOptions,
): Promise<LabPlan | 'ready' | undefined> {
  const { session, environment } = options;
  const differences = await differencesOf(lab, { ...left, phase: 'ready' }, file, options);
  if (left.phase === 'ready' && differences.every(({ kind }) => kind === 'off' || kind === 'hardware')) {
    return 'ready';
  }
  // What a reset puts right is no reason to make it anew.
  const mended: readonly string[] = ['off', 'hardware', 'point', 'network'];
  const different = differences.find(({ kind }) => !mended.includes(kind));
  const chain = different === undefined ? await readChain(lab, left.vms, file, environment) : undefined;
  const acts = chain && (await actsAgain({ lab, chain }, left, session));
  if (chain === undefined || acts === undefined) {
    const wrong = different ?? differences.find(({ kind }) => kind === 'point');
    if (left.phase === 'ready' && wrong !== undefined) {
      throw labFailure('differs', { difference: wrong.message });
    }
    return undefined;
  }
  await requireSsh(lab, environment);
  const isProtected =
    left.isProtected ||
    lab.isProtected ||
    left.vms.some((one) => session.isProtected(session.engine.findVm(one)?.vm ?? one));
  const nothing = { made: new Map(), clones: new Map(), existing: new Map() };
  return { ...nothing, lab, record: left, isProtected, chain, acts, again: true };
}

/**
 * @returns undefined where there is no restore point to begin with; none where all are there, under their titles, and
 *   the file names the last one that was made
 */
async function actsAgain(
  { lab, chain }: { readonly lab: LabPlan['lab']; readonly chain: LabChain },
  record: LabRecord,
  session: Session,
): Promise<readonly LayerAct[] | undefined> {
  const systems = await session.systems();
  const stored = record.system === undefined ? undefined : await systems.find(record.system);
  if (stored === undefined) {
    return undefined;
  }
  session.reachMembers(stored);
  const { seen } = await systems.look(stored);
  const points = chain.digests.map((_, layer) => pointOfLayer(layer, { chain }, record, stored.points));
  const have = points.map(
    (point) => point !== undefined && seen.get(point.id)?.every((one) => one === 'there') === true,
  );
  const isSame = points.every((point, layer) => layer === 0 || (point !== undefined && point.auto === undefined));
  const isReady = record.phase === 'ready' && isSame && have.every((one, layer) => layer === 0 || one);
  const isNamed = points.every((point, layer) => layer === 0 || point?.title === lab.points[layer - 1]?.title);
  return isReady && isNamed ? [] : layerActs(have, isReady ? have.length - 1 : undefined);
}

/** What broke off on its system goes first. @throws Failure */
export async function makeAgain(plan: LabPlan, open: OpenLab, making: AgainContext): Promise<void> {
  const { session, signal } = making;
  const systems = await session.systems();
  const id = open.record.system ?? '';
  await systems.recover((await storedOf(systems, id)).system, 'asked');
  requireOn(signal);
  await startLabNetwork(open, plan.lab.network, making);
  const acts = await actsAgain(plan, open.record, session);
  await open.put({ phase: 'making', isProtected: plan.lab.isProtected });
  await labelLayers(plan, open, making);
  await runLayers(plan, acts ?? plan.acts, open, making);
  await pruneLayers(open, making);
}

/** The restore points that the file names have its titles. The others are kept, for when the file is as it was. */
async function labelLayers({ chain, lab }: LabPlan, open: OpenLab, { session }: MakeContext): Promise<void> {
  const systems = await session.systems();
  const stored = await storedOf(systems, open.record.system ?? '');
  const named = new Map<string, string>();
  for (const [at, { title }] of lab.points.entries()) {
    const point = pointOfLayer(at + 1, { chain }, open.record, stored.points);
    if (point !== undefined) {
      named.set(point.id, title);
    }
  }
  const base = chain.digests[0];
  const now = Date.now();
  const layers = (open.record.layers ?? []).map(({ point, digest, leftAt = now }) => ({
    point,
    digest,
    ...(!named.has(point) && digest !== base && { leftAt }),
  }));
  await open.put({ layers });
  const isOther = ({ id, title, auto }: SystemPoint): boolean =>
    named.has(id) ? auto !== undefined || title !== named.get(id) : auto === undefined;
  for (const point of stored.points) {
    if (layers.some((layer) => layer.point === point.id) && isOther(point)) {
      await systems.relabel(stored, point, named.get(point.id) ?? point.title, !named.has(point.id));
    }
  }
}

/** As long as the trash would keep it. What cannot go without a question stays. */
async function pruneLayers(open: OpenLab, { session, signal, log }: AgainContext): Promise<void> {
  const days = session.settings.trashDays === 0 ? usualDays : session.settings.trashDays;
  const now = Date.now();
  const { layers = [] } = open.record;
  const old = layers.filter(({ leftAt = now }) => now - leftAt >= days * dayMs).map(({ point }) => point);
  if (old.length === 0) {
    return;
  }
  try {
    const systems = await session.systems();
    const stored = await storedOf(systems, open.record.system ?? '');
    const prune = withoutQuestions(await planSystemPrune(systems, session.engine, stored, {}, now, 'layer'));
    const going = prune.going.filter(({ point }) => old.includes(point.id));
    const { deleted } = await runSystemPrune(systems, { ...prune, going }, { signal });
    await open.put({ layers: layers.filter(({ point }) => !deleted.some(({ id }) => id === point)) });
  } catch (error) {
    // Nobody asked for it: the next time tries again.
    log.info(`old restore points of ${open.record.name} stay: ${String(error)}`);
  }
}
