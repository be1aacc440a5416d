// All that is done with labs: found, planned, made, reset, checked, removed. A lab is known by its file, and what was
// made of it is written down, so that only that is ever removed.
import { Failure, isOfWing } from '../domain/failure.js';
import { randomBytes, randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../base/log.js';
import { labsFolder } from '../driver/files/labImages.js';
import { labFolderName, type LabVmParts } from '../domain/labVm.js';
import { refuse } from '../domain/refusal.js';
import type { StoredSystem, SystemPoint } from '../domain/system.js';
import { requireVmByName } from '../engine/findTargets.js';
import type { VmView } from '../live/views.js';
import { type LabRecord, LabStore, type OpenLab, type RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import { differencesOf, type LabDifference } from './labDifferences.js';
import { digestOfClone, type LabClone, checkClone } from './labClones.js';
import { makeAgain, planAgain } from './labAgain.js';
import { labFailure } from './labFailure.js';
import type { Lab } from './labFile.js';
import type { FileProblem } from './readYaml.js';
import { actsAnew, readChain } from './labLayers.js';
import type { LabPlan } from './labPlan.js';
import { digestOf, checkParts, readLabText, recordOf, saysProtected } from './labPlaces.js';
import { requireAlone, usesOf, viewNow } from '../made/madeVms.js';
import type { MakeWish } from '../made/makeContext.js';
import { planLabNetwork, startLabNetwork } from './labNetwork.js';
import { networkLines } from './labLines.js';
import { makeLab } from './makeLab.js';
import { requireSsh } from './overSsh.js';
import { requireReach } from '../made/qemuReach.js';
import { readLab } from './readLab.js';
import { setLabSpeeds } from './labSpeeds.js';
import { removeLab } from './removeLab.js';
import { requireUnwritten } from '../made/writtenImages.js';

interface LabsOptions {
  readonly session: Session;
  readonly log: Log;
  readonly shell: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface LabCheck {
  readonly problems: readonly FileProblem[];
  readonly lab?: Lab;
  readonly record?: LabRecord;
  /** Only where the file is right. */
  readonly differences: readonly LabDifference[];
}

export class Labs {
  readonly #options: LabsOptions;
  readonly #store: LabStore;

  constructor(options: LabsOptions) {
    this.#options = options;
    this.#store = new LabStore(options.session.folder, options.log, options.shell);
  }

  /** What was made of it, also where the file is gone. */
  async find(file: string): Promise<LabRecord | undefined> {
    return recordOf(file, await this.#store.list());
  }

  /** Changes nothing. @throws Failure `notFound` */
  async check(file: string): Promise<LabCheck> {
    const { lab, problems } = readLab(await readLabText(resolve(file)));
    const record = await this.find(file);
    if (lab === undefined) {
      return { problems, differences: [] };
    }
    return {
      problems,
      lab,
      ...(record !== undefined && { record }),
      differences: await differencesOf(lab, record, resolve(file), this.#options),
    };
  }

  /**
   * Everything that can be refused is, before anything is touched. Where the lab is made already: `ready`.
   * @throws Failure
   */
  async plan(given: string): Promise<LabPlan | 'ready'> {
    const file = resolve(given);
    const { session, environment } = this.#options;
    const { engine } = session;
    const lab = await this.#readValidLab(file);
    const left = await this.find(file);
    if (left !== undefined) {
      if (left.phase !== 'ready') {
        // Nothing of what somebody is at work on is left over.
        await this.#withHeld(left, () => Promise.resolve());
      }
      const again = await planAgain(lab, left, file, this.#options);
      if (again !== undefined) {
        return again;
      }
    }
    await requireSsh(lab, environment);
    const connection = this.#connection(lab);
    await engine.connect(connection);
    const existing = new Map<string, VmView>();
    const made = new Map<string, LabVmParts>();
    const clones = new Map<string, LabClone>();
    const vms: RecordedVm[] = [];
    const root = labsFolder(connection, environment);
    await requireReach(connection, 'labs', [root]);
    for (const { key, source } of lab.vms) {
      if (source.kind === 'existing') {
        const view = await requireVmByName(engine, source.vm, connection);
        existing.set(key, view);
        vms.push({ key, ...view.ref, name: view.vm.name, folder: '' });
        continue;
      }
      const name = `${lab.name}-${key}`;
      const isLeft = left?.vms.some((one) => one.parts !== undefined && one.name === name) === true;
      if (!isLeft && engine.findVms(name, connection).length > 0) {
        throw labFailure('ofOthers', { name });
      }
      if (source.kind === 'clone') {
        const clone = { uuid: randomUUID(), name };
        clones.set(key, await checkClone(session, source, clone, connection, !isLeft));
        vms.push({ key, connection, ...clone, folder: '', parts: digestOfClone(source) });
        continue;
      }
      const { kind: _, ...wanted } = source;
      const { parts, sources, files, inPlace } = await checkParts(wanted, file, environment);
      await requireReach(connection, 'images', inPlace);
      await requireUnwritten(session, files, inPlace.length > 0);
      made.set(key, parts);
      vms.push({
        key,
        connection,
        uuid: randomUUID(),
        name,
        folder: join(root, labFolderName(randomBytes(6).toString('hex'))),
        parts: digestOf(parts),
        sources,
      });
    }
    const obstacle = made.size === 0 ? undefined : await engine.labVms.obstacle(connection, [...made.values()]);
    if (obstacle !== undefined) {
      throw labFailure('obstacle', { connection, obstacle });
    }
    const taken = await (await session.systems()).find(lab.name);
    if (taken !== undefined && taken.system.id !== left?.system) {
      throw labFailure('ofOthers', { name: lab.name });
    }
    const network = await planLabNetwork(lab, connection, await this.#store.list(), this.#options);
    const record: LabRecord = {
      id: randomBytes(16).toString('hex'),
      file,
      name: lab.name,
      isProtected: lab.isProtected,
      phase: 'making',
      vms,
      ...(network !== undefined && { network }),
    };
    const isProtected = [...existing.values()].some(({ vm }) => session.isProtected(vm));
    const chain = await readChain(lab, vms, file, environment);
    const acts = actsAnew(lab, chain);
    // Snapshots are looked at when they go: those that the lab made are no use of somebody's.
    const uses = left && (await usesOf(left.vms, session, { isOwn: () => true }));
    const used = [...(uses?.keys() ?? [])].map(({ name }) => name);
    const first = left === undefined ? {} : { left, used };
    return { lab, record, made, clones, existing, isProtected, chain, acts, ...first };
  }

  /** @throws Failure `failed` where a guest does not do what the file wants: the VMs stay for a look */
  async create(plan: LabPlan, wish: MakeWish): Promise<void> {
    if (plan.again === true) {
      const { id, name } = plan.record;
      const open = await this.#store.lock(id);
      if (typeof open === 'string') {
        throw this.#busyError(name);
      }
      try {
        await makeAgain(plan, open, { ...this.#options, ...wish });
        await this.#setSpeeds(plan, wish);
        return;
      } finally {
        await open.leave();
      }
    }
    await this.#removeLeft(plan, wish);
    const open = await this.#store.begin(plan.record);
    // Two that begin at the same time do not see each other before. Nothing exists yet: one that sees another
    // withdraws.
    const { file, name, id } = plan.record;
    if ((await this.#store.list()).some((one) => one.file === file && one.id !== id)) {
      await open.forget();
      throw this.#busyError(name);
    }
    try {
      await makeLab(plan, open, { ...this.#options, ...wish });
      networkLines(plan).forEach((line) => wish.onNote?.(line));
      await this.#setSpeeds(plan, wish);
    } finally {
      await open.leave();
    }
  }

  /** @param to the title of a restore point, or its number in the file; the first of the file unless given */
  async planReset(file: string, to?: string): Promise<SystemPlan> {
    const stored = await this.#requireReady(file);
    const systems = await this.#options.session.systems();
    const titles = (await this.#labIn(file))?.points.map(({ title }) => title) ?? [];
    const named = titles.find((title) => stored.points.some((one) => one.auto === undefined && one.title === title));
    const byNumber = to !== undefined && /^[1-9][0-9]?$/u.test(to) ? titles[Number(to) - 1] : undefined;
    const isTitle = stored.points.some(({ auto, title }) => auto === undefined && title === to);
    return systems.planRevert(stored, this.#point(stored, to === undefined ? named : isTitle ? to : (byNumber ?? to)));
  }

  /**
   * After a reset: the proxy, which may have ended with this computer, and the speeds, which a reset ends. A reset asks
   * nothing of other servers, so the VMs reach those of before.
   */
  async settle(file: string, onNote: (line: string) => unknown): Promise<void> {
    const [lab, record] = [await this.#labIn(file), await this.find(file)];
    const open = record?.network === undefined ? 'gone' : await this.#store.lock(record.id);
    if (typeof open !== 'string') {
      await startLabNetwork(open, open.record.network, this.#options).finally(() => open.leave());
    }
    await (lab && record && setLabSpeeds(lab, record.vms, this.#options.session, onNote));
  }

  #setSpeeds({ lab, record }: LabPlan, { onNote = () => undefined }: MakeWish): Promise<void> {
    return setLabSpeeds(lab, record.vms, this.#options.session, onNote);
  }

  /** Whose name must be typed before it is reset or removed: as its file said when it was made, or says now. */
  async protectedName(file: string): Promise<string | undefined> {
    const record = await this.#findGuarded(file);
    return record?.isProtected === true ? record.name : undefined;
  }

  async #findGuarded(file: string): Promise<LabRecord | undefined> {
    const record = await this.find(file);
    return record && { ...record, isProtected: record.isProtected || (await saysProtected(file)) };
  }

  /**
   * What a removal takes away: only what was made. Protected, too, where one of its VMs is by the person's own setting.
   * @throws Failure `refused`, `notFound`
   */
  async planDestroy(file: string): Promise<LabRecord | undefined> {
    const record = await this.#findGuarded(file);
    if (record === undefined) {
      return undefined;
    }
    await requireAlone(record, this.#options.session);
    const { session } = this.#options;
    for (const vm of record.vms) {
      await viewNow(session, vm);
    }
    const isProtected = record.vms.some((one) => session.isProtected(session.engine.findVm(one)?.vm ?? one));
    return { ...record, isProtected: record.isProtected || isProtected };
  }

  async destroy(record: LabRecord, wish: MakeWish): Promise<void> {
    await this.#withHeld(record, (open) => removeLab(open, { ...this.#options, ...wish }, 'asked'));
  }

  /**
   * What an earlier attempt left, as it was when somebody was asked.
   * @throws Failure `refused` where the attempt went on meanwhile, or somebody has begun to use what it left
   */
  async #removeLeft({ left, used = [] }: LabPlan, wish: MakeWish): Promise<void> {
    if (left === undefined) {
      return;
    }
    const { session } = this.#options;
    await this.#withHeld(left, async (open) => {
      const uses = await usesOf(open.record.vms, session, { isOwn: () => true });
      if (!isDeepStrictEqual(open.record, left) || [...uses.keys()].some(({ name }) => !used.includes(name))) {
        throw new Failure('refused', { refusal: refuse('stalePlan', { vm: left.name }).refusal });
      }
      await removeLab(open, { ...this.#options, ...wish }, 'forNewOne');
    });
  }

  async #withHeld(record: LabRecord, work: (open: OpenLab) => Promise<void>): Promise<void> {
    await this.#store.withHeld(record.id, () => this.#busyError(record.name), work);
  }

  #busyError(name: string): Failure {
    return labFailure('busy', { lab: name });
  }

  async #requireReady(file: string): Promise<StoredSystem> {
    const record = await this.find(file);
    const stored = record?.system === undefined ? undefined : await this.#system(record.system);
    if (record?.phase !== 'ready' || stored === undefined) {
      throw labFailure('noLab', { file: resolve(file) });
    }
    this.#options.session.reachMembers(stored);
    return stored;
  }

  /** Undefined where the file cannot be read. */
  async #labIn(file: string): Promise<Lab | undefined> {
    try {
      return readLab(await readLabText(resolve(file))).lab;
    } catch (error) {
      if (isOfWing(error, 'lab')) {
        return undefined;
      }
      throw error;
    }
  }

  async #system(id: string): Promise<StoredSystem | undefined> {
    return (await this.#options.session.systems()).find(id);
  }

  #point({ system, points }: StoredSystem, wanted: string | undefined): SystemPoint {
    const own = points.filter(({ auto }) => auto === undefined);
    const point = wanted === undefined ? own[0] : own.findLast(({ title }) => title === wanted);
    if (point === undefined) {
      throw wanted === undefined
        ? labFailure('noPoints', { lab: system.name })
        : labFailure('noPoint', { lab: system.name, point: wanted });
    }
    return point;
  }

  /** @throws Failure `wrong`, with all that is wrong */
  async #readValidLab(file: string): Promise<Lab> {
    const { lab, problems } = readLab(await readLabText(file));
    if (lab === undefined) {
      throw labFailure('wrong', { lines: problemLines(file, problems) });
    }
    return lab;
  }

  #connection({ connection }: Lab): string {
    const { engine } = this.#options.session;
    const known = engine.connections.map(({ uri }) => uri);
    if (connection !== undefined && !known.includes(connection)) {
      engine.setConnections([...known, connection]);
    }
    const uri = connection ?? known[0];
    if (uri === undefined) {
      throw labFailure('noLibvirt');
    }
    return uri;
  }
}

/** As compilers write them: editors and terminals make links of these. */
export function problemLines(file: string, problems: readonly FileProblem[]): readonly string[] {
  return problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
}
