// The extension, asked for what an action says: its inventory on a private daemon. The only file of the histories that
// knows the extension's code.
import { join } from 'node:path';
import { Failure } from '../../src/domain/failure.js';
import type { LoggedOperation } from '../../src/domain/loggedOperation.js';
import type { OperationRequest, OperationResult } from '../../src/domain/operation.js';
import { cloneRequest, makeClone, throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { type UndoableOperation, UndoLook } from '../../src/engine/undoLook.js';
import type { Decision } from '../../src/operations/plan.js';
import { sortOf, standingOperations } from '../../src/operations/undo/standingOperations.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import { parseSettings } from '../../src/manifest/settings.js';
import { type LiveRig, startLiveRig } from '../libvirtd/engineRig.js';
import { inChild, leftEntries, olderBy, rewriteEntry } from '../libvirtd/faults/dyingChild.js';
import { openEditor } from '../libvirtd/faults/editor.js';
import type { AbandonAction, ChildAction, Label, Request, SnapshotStyle } from './action.js';
import { writeBlocks } from '../oracle/images.js';
import { find, findAll, readXml } from '../oracle/xml.js';
import { plugContent, plugDisk } from './moves.js';
import type { Made, Outcome } from './outcome.js';
import type { Picture } from './picture.js';

/** How many checkpoints of reverts are kept where a user has changed no setting. */
export const keptCheckpoints = parseSettings(() => undefined).keepCheckpoints;

/** `undone`: the kind of what the log names as the one that is meant. */
export interface TakenBack {
  readonly undone: string;
  readonly outcome: Outcome;
}

export class ExtensionSide {
  readonly #rig: LiveRig;
  readonly #style: SnapshotStyle;
  #vm: VmRef | undefined;
  /** VMs made of it. */
  readonly #children = new Map<Label, VmRef>();
  /** Snapshots that were taken while the guest ran on. */
  #seamless = 0;

  constructor(rig: LiveRig, style: SnapshotStyle) {
    this.#rig = rig;
    this.#style = style;
  }

  static startDaemon(): Promise<LiveRig> {
    return startLiveRig();
  }

  /** What was said to libvirt, as the equivalent virsh commands. */
  get log(): readonly string[] {
    return this.#rig.log;
  }

  get seamless(): number {
    return this.#seamless;
  }

  /** @param prunes as it does for a user */
  async connect(name: string, prunes = false): Promise<void> {
    // Pruning goes on behind an operation that has answered, and the model is compared at that moment.
    this.#rig.engine.setAutoPrune(prunes ? keptCheckpoints : 'everything');
    await this.#rig.engine.connect(this.#rig.uri);
    await this.meet(name);
  }

  /** The VM of that name, which may be another one than before. */
  async meet(name: string): Promise<void> {
    const uuid = await this.#rig.virsh('domuuid', name);
    await this.#rig.until(() => this.#rig.vm(uuid.trim()) !== undefined);
    this.#vm = await this.#rig.ref(name);
  }

  /** Another daemon of this host, which a person has added too. */
  async connectAlso(uri: string): Promise<void> {
    this.#rig.engine.setConnections([this.#rig.uri, uri]);
    await this.#rig.engine.connect(uri);
  }

  /** Whether a plan can be made, as the menu would know it. */
  async canDo(action: Request, names: ReadonlyMap<Label, string>): Promise<boolean> {
    return (await this.decide(action, names)).kind === 'plan';
  }

  decide(action: Request, names: ReadonlyMap<Label, string>): Promise<Decision> {
    return this.#rig.engine.plan(this.#requestOf(action, names));
  }

  async run(action: Request, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const known = this.#targets;
    const outcome = await this.#runs(this.#requestOf(action, names));
    if (action.do === 'addDisk' && outcome.type === 'done') {
      const added = this.#rig.vm(this.#ref.uuid)?.vm.disks.find(({ target }) => !known.includes(target));
      await writeBlocks({ file: added?.source ?? '', format: 'qcow2' }, plugDisk, plugContent);
    }
    return outcome;
  }

  get #targets(): readonly string[] {
    return this.#rig.vm(this.#ref.uuid)?.vm.disks.map(({ target }) => target) ?? [];
  }

  async canTakeBack(does: 'undo' | 'redo', back: number): Promise<boolean> {
    const look = await this.#look();
    const way = (does === 'undo' ? undoingIn(look, back) : look.next('redo'))?.way;
    return way?.kind === 'operation' && (await this.#rig.engine.plan(way.request)).kind === 'plan';
  }

  async undo(back: number): Promise<TakenBack> {
    const look = await this.#look();
    return this.#takeBack(look, undoingIn(look, back));
  }

  async redo(): Promise<TakenBack> {
    const look = await this.#look();
    return this.#takeBack(look, look.next('redo'));
  }

  /** What follows an operation by itself is done. Returns the names of the snapshots that are there. */
  async settle(): Promise<ReadonlySet<string>> {
    await this.#rig.engine.idle();
    return new Set((await this.#tree()).snapshots.map(({ name }) => name));
  }

  async #takeBack(look: UndoLook, undoing: UndoableOperation | undefined): Promise<TakenBack> {
    if (undoing === undefined) {
      return { undone: 'nothing', outcome: { type: 'refused', reason: 'nothingToUndo' } };
    }
    const { entry, way } = undoing;
    const undone = look.root(entry).request.kind;
    switch (way.kind) {
      case 'operation':
        return { undone, outcome: await this.#runs(way.request, entry) };
      case 'refusal':
        return {
          undone,
          outcome: { type: 'refused', reason: `${way.refusal.reason} ${way.refusal.facts['why'] ?? ''}` },
        };
      case 'mark':
        throw new Error(`a mark undoes a ${undone}`);
    }
  }

  async canChangeChild(action: ChildAction, names: ReadonlyMap<Label, string>): Promise<boolean> {
    switch (action.do) {
      case 'cloneHere':
        return (await this.#rig.engine.plan(this.#cloneOf(action, names))).kind === 'plan';
      case 'fork':
        return this.canDo({ do: 'create', as: action.as, title: action.as, kind: 'memory' }, names);
      case 'throwAway':
        return this.#children.has(action.child);
    }
  }

  changeChild(action: ChildAction, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const { engine } = this.#rig;
    return this.#ended(async (known) => {
      switch (action.do) {
        case 'cloneHere':
          this.#children.set(action.as, await makeClone(engine, this.#cloneOf(action, names)));
          break;
        case 'fork': {
          const { children } = await forkVm(engine, this.#ref, { name: childName(action.as), seamless: true });
          this.#children.set(action.as, children[0]!);
          break;
        }
        case 'throwAway':
          await throwAway(engine, this.#children.get(action.child)!);
          this.#children.delete(action.child);
          break;
      }
      const [fresh] = this.#count((await this.#tree()).snapshots.filter(({ name }) => !known.has(name)));
      return { type: 'done', ...(fresh && { snapshot: madeOf(fresh) }) };
    });
  }

  /** What libvirt says of it; its files in the order of the guest's disks. */
  async seeChild(child: Label): Promise<{ readonly files: readonly string[]; readonly power: string }> {
    const { uuid } = this.#children.get(child)!;
    const devices = find(readXml(await this.#rig.virsh('dumpxml', uuid)), 'devices');
    return {
      files: findAll(devices, 'disk').map((disk) => find(disk, 'source')?.attributes['file'] ?? ''),
      power: await this.#rig.virsh('domstate', uuid),
    };
  }

  #cloneOf(
    { as, of, way }: Extract<ChildAction, { do: 'cloneHere' }>,
    names: ReadonlyMap<Label, string>,
  ): ReturnType<typeof cloneRequest> {
    const snapshot = of === undefined ? {} : { snapshot: names.get(of)! };
    return cloneRequest(this.#rig.engine, this.#ref, { name: childName(as), way, ...snapshot });
  }

  #look(): Promise<UndoLook> {
    return UndoLook.at(this.#rig.engine, this.#ref);
  }

  #runs(request: OperationRequest, undoes?: LoggedOperation): Promise<Outcome> {
    return this.#ended(async (known) =>
      this.#madeBy(request, await this.#rig.engine.runOperation(request, undoes && { undoes: undoes.id }), known),
    );
  }

  async #ended(act: (known: ReadonlySet<string>) => Promise<Outcome>): Promise<Outcome> {
    const known = new Set((await this.#tree()).snapshots.map(({ name }) => name));
    try {
      return await act(known);
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      const { recovered, libvirtMessage = '' } = error.details;
      // libvirt 9.0 deletes a snapshot with a disk that the VM has no more, and fails behind that; the failure tells
      // so.
      if (recovered === 'after' && libvirtMessage.includes('not found in domain')) {
        return { type: 'done' };
      }
      const reason = error.details.refusal?.reason;
      return error.kind === 'refused' && reason !== undefined
        ? { type: 'refused', reason }
        : { type: 'failed', kind: error.kind, text: JSON.stringify(error.details) };
    }
  }

  /** Another editor begins it, and dies in one of its steps. */
  async dieIn({ request, step, moment }: AbandonAction, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const asked = this.#requestOf(request, names);
    const decision = await this.#rig.engine.plan(asked);
    if (decision.kind === 'refusal') {
      return { type: 'refused', reason: decision.refusal.reason };
    }
    const { uri, daemon } = this.#rig;
    const at = { step: step % decision.steps.length, moment };
    await inChild({ uri, journal: this.#deadJournal, vm: this.#ref.uuid, request: asked, at, usualMs: [] }, daemon);
    return { type: 'done' };
  }

  /** The next editor finds what the dead one wrote down, three days ago, and nobody clicks. */
  async comeBackDaysLater(): Promise<void> {
    if ((await leftEntries(this.#deadJournal)).length > 0) {
      await rewriteEntry(this.#deadJournal, olderBy(3 * 24 * 60 * 60 * 1000));
    }
    const editor = openEditor({ uri: this.#rig.uri, journal: this.#deadJournal, env: this.#rig.daemon.env });
    try {
      await editor.engine.connect(this.#rig.uri);
      await editor.settled();
    } finally {
      editor.engine.dispose();
    }
  }

  get #deadJournal(): string {
    return join(this.#rig.daemon.dir, 'journal-dead');
  }

  async picture(): Promise<Picture> {
    const tree = await this.#tree();
    await this.#rig.engine.refresh({ vm: this.#ref });
    return {
      power: this.#rig.vm(this.#ref.uuid)?.vm.power ?? 'not there',
      current: tree.current,
      snapshots: tree.snapshots.map((snapshot) => ({ ...madeOf(snapshot), parent: snapshot.parent })),
    };
  }

  get #ref(): VmRef {
    if (this.#vm === undefined) {
      throw new Error('not connected');
    }
    return this.#vm;
  }

  /** Read now: nobody looks, so nothing is followed. */
  #tree(): ReturnType<LiveRig['engine']['readTree']> {
    return this.#rig.engine.readTree(this.#ref);
  }

  #requestOf(action: Request, names: ReadonlyMap<Label, string>): OperationRequest {
    const vm = this.#ref;
    const named = (label: Label): string => names.get(label)!;
    switch (action.do) {
      case 'create': {
        const { title, kind, live } = action;
        return {
          kind: 'create',
          vm,
          title,
          snapshotKind: kind,
          style: this.#style,
          // As all shells ask for it, unless somebody wants another way.
          ...(live === undefined ? { seamless: true } : { live }),
        };
      }
      case 'revert': {
        const { to, after, checkpoint } = action;
        const first = checkpoint === undefined ? {} : ({ checkpointFirst: true, seamless: true } as const);
        return { kind: 'revert', vm, snapshot: named(to), after, ...first };
      }
      case 'delete':
        return { kind: 'delete', vm, snapshot: named(action.snapshot), scope: action.scope };
      case 'rename':
        return { kind: 'rename', vm, snapshot: named(action.snapshot), title: action.title };
      case 'describe': {
        const { title, text } = action;
        return { kind: 'describe', vm, snapshot: named(action.snapshot), title, description: text };
      }
      case 'grow': {
        const { disk, mib } = action;
        return { kind: 'disk', vm, change: { do: 'grow', target: targetOf(disk), bytes: mib * 1024 ** 2 } };
      }
      case 'addDisk':
        return { kind: 'disk', vm, change: { do: 'add', bytes: 1024 ** 2 } };
      case 'removeDisk':
        return { kind: 'disk', vm, change: { do: 'remove', target: [...this.#targets].sort().at(-1) ?? '' } };
      case 'power':
        return { kind: 'power', vm, action: action.action };
    }
  }

  async #madeBy(
    { kind }: OperationRequest,
    { snapshot, checkpoint }: OperationResult,
    known: ReadonlySet<string>,
  ): Promise<Outcome> {
    const { snapshots } = await this.#tree();
    const found = (name: string | undefined): Made | undefined => {
      const one = snapshots.find((other) => other.name === name);
      return one === undefined ? undefined : madeOf(one);
    };
    const fresh = snapshots.filter(({ name }) => !known.has(name));
    // What has another name was counted when it was taken.
    this.#count(kind === 'create' || kind === 'revert' ? fresh : []);
    const layout = fresh.find(({ trailers }) => trailers.auto === 'layout');
    // A rename answers with the name that was asked for, and that may be no more.
    const renamed = found(snapshot) ?? found(fresh[0]?.name);
    const made = { snapshot: renamed, checkpoint: found(checkpoint), layout: found(layout?.name) };
    if (checkpoint !== undefined && made.checkpoint === undefined) {
      return { type: 'failed', kind: 'checkpointGone', text: checkpoint };
    }
    return { type: 'done', ...Object.fromEntries(Object.entries(made).filter(([, one]) => one !== undefined)) };
  }

  #count(taken: readonly Snapshot[]): readonly Snapshot[] {
    this.#seamless += taken.filter(({ trailers }) => trailers.ramWritten === 'seamless').length;
    return taken;
  }
}

function undoingIn(look: UndoLook, back: number): UndoableOperation | undefined {
  if (back === 0) {
    return look.next('undo');
  }
  const isMeant = (one: LoggedOperation): boolean =>
    one.request.kind !== 'power' &&
    one.request.kind !== 'clone' &&
    one.unasked !== true &&
    sortOf(one, look.log) === 'operation';
  const entry = standingOperations(look.log)
    .filter(isMeant)
    .at(-1 - back);
  return entry && look.of(entry);
}

function targetOf(disk: number): string {
  return `vd${String.fromCodePoint(97 + disk)}`;
}

function childName(label: Label): string {
  return `child-${label}`;
}

function madeOf({ name, title, kind, style }: Snapshot): Made {
  return { name, title, kind, style };
}
