// The extension, asked for what an action says: its inventory on a private daemon, and virsh beside it. The only file
// of the histories that knows the extension's code.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { element as e } from '../../scripts/guest/xml.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest, OperationResult } from '../../src/domain/operation.js';
import type { Decision } from '../../src/operations/plan.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import { type Daemon, type LiveRig, startLiveRig } from '../libvirtd/inventoryRig.js';
import type { ModelSnapshot } from '../oracle/model.js';
import { seeVm } from '../oracle/seen.js';
import { find, findAll, readXml } from '../oracle/xml.js';
import { inChild, leftEntries, olderBy, rewriteEntry } from '../libvirtd/faults/dyingChild.js';
import { openEditor } from '../libvirtd/faults/editor.js';
import {
  type AbandonAction,
  type ClientAction,
  isOfClient,
  type Label,
  type Operation,
  type Request,
  type SnapshotStyle,
} from './action.js';

export type Made = Pick<ModelSnapshot, 'name' | 'title' | 'kind' | 'style'>;

/**
 * | type    | meaning                                                                     |
 * |---------|-----------------------------------------------------------------------------|
 * | done    | it says that all of it is done                                              |
 * | refused | a rule of ours forbids it; nothing may have changed                         |
 * | failed  | anything else: nothing that a history does may end so                       |
 */
export type Outcome =
  | {
      readonly type: 'done';
      /** What it made, renamed or edited. */
      readonly snapshot?: Made;
      /** What keeps the state that a revert left. */
      readonly checkpoint?: Made;
      /** The leaf that some reverts need for other releases' sake, a child of the snapshot that was reverted to. */
      readonly layout?: Made;
    }
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'failed'; readonly kind: string; readonly text: string };

/** What the sidebar would show. */
export interface Picture {
  readonly power: string;
  readonly current: string | undefined;
  readonly snapshots: readonly (Made & Pick<ModelSnapshot, 'parent'>)[];
}

export class ExtensionSide {
  readonly #rig: LiveRig;
  readonly #style: SnapshotStyle;
  #name: string;
  #elsewhere: Daemon | undefined;
  #vm: VmRef | undefined;

  constructor(rig: LiveRig, style: SnapshotStyle, name: string) {
    this.#rig = rig;
    this.#style = style;
    this.#name = name;
  }

  static startDaemon(): Promise<LiveRig> {
    return startLiveRig();
  }

  /** Where disks of other VMs can stand. */
  get folder(): string {
    return this.#rig.daemon.dir;
  }

  /** Ends what it has started itself; the rig is somebody else's. */
  async stop(): Promise<void> {
    await this.#elsewhere?.stop();
  }

  /** What was said to libvirt, as the equivalent virsh commands. */
  get log(): readonly string[] {
    return this.#rig.log;
  }

  async connect(): Promise<void> {
    // Pruning goes on behind an operation that has answered, and the model is compared at that moment.
    this.#rig.inventory.setAutoPrune('everything');
    await this.#rig.inventory.connect(this.#rig.uri);
    this.#vm = await this.#rig.ref(this.#name);
  }

  /** Whether a plan can be made, as the menu would know it. What only has to wait a second can be done. */
  async canDo(action: Operation, names: ReadonlyMap<Label, string>): Promise<boolean> {
    if (isOfClient(action)) {
      return true;
    }
    const decision = await this.decide(action, names);
    return decision.type === 'plan' || decision.refusal.reason === 'sameSecond';
  }

  decide(action: Request, names: ReadonlyMap<Label, string>): Promise<Decision> {
    return this.#rig.inventory.plan(this.#requestOf(action, names));
  }

  async run(action: Operation, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    if (isOfClient(action)) {
      return this.#asAnotherClient(action, names);
    }
    const request = this.#requestOf(action, names);
    const known = new Set((await this.#tree()).snapshots.map(({ name }) => name));
    for (;;) {
      try {
        return await this.#madeBy(await this.#rig.inventory.runOperation(request), known);
      } catch (error) {
        if (!(error instanceof Failure)) {
          throw error;
        }
        const reason = error.details.refusal?.reason;
        if (error.kind !== 'refused' || reason === undefined) {
          return { type: 'failed', kind: error.kind, text: JSON.stringify(error.details) };
        }
        if (reason !== 'sameSecond') {
          return { type: 'refused', reason };
        }
        // libvirt names overlays by the second: a person would ask again when it has passed.
        await wait(1000 - (Date.now() % 1000));
      }
    }
  }

  /** Another editor begins it, and dies in one of its steps. */
  async dieIn({ request, step, moment }: AbandonAction, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const asked = this.#requestOf(request, names);
    const decision = await this.#rig.inventory.plan(asked);
    if (decision.type === 'refusal') {
      return { type: 'refused', reason: decision.refusal.reason };
    }
    const { uri, daemon } = this.#rig;
    const at = { step: step % decision.steps.length, moment };
    await inChild({ uri, journal: this.#deadJournal, vm: this.#ref.uuid, request: asked, at, usualMs: [] }, daemon);
    return { type: 'done' };
  }

  async startAsAnother(): Promise<void> {
    for (const command of ['start', 'resume']) {
      // One of the two is not what its state needs.
      await this.#rig.daemon.virsh([command, this.#name]);
    }
  }

  async forceOffAsAnother(): Promise<void> {
    await this.#rig.virsh('destroy', this.#name);
  }

  /** The next editor finds what the dead one wrote down, three days ago, and nobody clicks. */
  async comeBackDaysLater(): Promise<void> {
    if ((await leftEntries(this.#deadJournal)).length > 0) {
      await rewriteEntry(this.#deadJournal, olderBy(3 * 24 * 60 * 60 * 1000));
    }
    const editor = openEditor({ uri: this.#rig.uri, journal: this.#deadJournal, env: this.#rig.daemon.env });
    try {
      await editor.inventory.connect(this.#rig.uri);
      await editor.settled();
    } finally {
      editor.inventory.dispose();
    }
  }

  get #deadJournal(): string {
    return join(this.folder, 'journal-dead');
  }

  async picture(): Promise<Picture> {
    const tree = await this.#tree();
    await this.#rig.inventory.refresh({ vm: this.#ref });
    return {
      power: this.#rig.vm(this.#name)?.vm.power ?? 'not there',
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
  #tree(): ReturnType<LiveRig['inventory']['readTree']> {
    return this.#rig.inventory.readTree(this.#ref);
  }

  #requestOf(action: Request, names: ReadonlyMap<Label, string>): OperationRequest {
    const vm = this.#ref;
    const named = (label: Label): string => names.get(label)!;
    switch (action.do) {
      case 'create': {
        const { title, kind, live } = action;
        return { type: 'create', vm, title, kind, style: this.#style, ...(live === undefined ? {} : { live }) };
      }
      case 'revert': {
        const { to, after, checkpoint } = action;
        const first = checkpoint === undefined ? {} : { checkpointFirst: true };
        return { type: 'revert', vm, snapshot: named(to), after, ...first };
      }
      case 'delete':
        return { type: 'delete', vm, snapshot: named(action.snapshot), scope: action.scope };
      case 'rename':
        return { type: 'rename', vm, snapshot: named(action.snapshot), title: action.title };
      case 'describe': {
        const { title, text } = action;
        return { type: 'describe', vm, snapshot: named(action.snapshot), title, description: text };
      }
      case 'power':
        return { type: 'power', vm, action: action.action };
    }
  }

  async #madeBy({ snapshot, checkpoint }: OperationResult, known: ReadonlySet<string>): Promise<Outcome> {
    const { snapshots } = await this.#tree();
    const found = (name: string | undefined): Made | undefined => {
      const one = snapshots.find((other) => other.name === name);
      return one === undefined ? undefined : madeOf(one);
    };
    const fresh = snapshots.filter(({ name }) => !known.has(name));
    const layout = fresh.find(({ trailers }) => trailers.auto === 'layout');
    // A rename answers with the name that was asked for, and that may be no more.
    const renamed = found(snapshot) ?? found(fresh[0]?.name);
    const made = { snapshot: renamed, checkpoint: found(checkpoint), layout: found(layout?.name) };
    if (checkpoint !== undefined && made.checkpoint === undefined) {
      return { type: 'failed', kind: 'checkpointGone', text: checkpoint };
    }
    return { type: 'done', ...Object.fromEntries(Object.entries(made).filter(([, one]) => one !== undefined)) };
  }

  async #asAnotherClient(action: ClientAction, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const vm = this.#name;
    switch (action.do) {
      case 'virshCreate': {
        const name = `by-virsh-${action.as}`;
        const { kind, style = this.#style } = action;
        const how = style === 'external' ? ['--disk-only'] : [];
        const { code, stderr } = await this.#rig.daemon.virsh(['snapshot-create-as', vm, name, ...how]);
        if (code !== 0 && style !== this.#style) {
          // Of the other style it may not be possible at all, as inside a raw disk.
          return { type: 'refused', reason: 'virshRefuses' };
        }
        if (code !== 0) {
          throw new Error(`virsh snapshot-create-as: ${stderr}`);
        }
        return { type: 'done', snapshot: { name, title: name, kind, style } };
      }
      case 'virshDelete': {
        const { code } = await this.#rig.daemon.virsh(['snapshot-delete', vm, names.get(action.snapshot)!]);
        // libvirt deletes no internal one of an image that the VM does not stand on, as after one of the other style.
        return code === 0 ? { type: 'done' } : { type: 'refused', reason: 'virshRefuses' };
      }
      case 'spoil': {
        const name = names.get(action.snapshot)!;
        const spoilt = (await seeVm(this.#rig.daemon.virsh, vm)).snapshots.find((snapshot) => snapshot.name === name)!;
        if (spoilt.memoryFile !== undefined) {
          await rm(spoilt.memoryFile);
        }
        for (const { file, tag } of spoilt.disks.values()) {
          if (tag !== undefined) {
            await runOk('qemu-img', ['snapshot', '-d', tag, file]);
          }
        }
        return { type: 'done' };
      }
      case 'virshForgetCurrent': {
        const name = names.get(action.snapshot)!;
        const xml = await this.#rig.virsh('snapshot-dumpxml', vm, name, '--security-info');
        await this.#rig.virsh('snapshot-delete', vm, name, '--metadata');
        await withXmlFile(xml, (file) => this.#rig.virsh('snapshot-create', vm, file, '--redefine'));
        return { type: 'done' };
      }
      case 'virshPower':
        await this.#rig.virsh(virshPower[action.action], vm);
        return { type: 'done' };
      case 'tag': {
        const image = (await seeVm(this.#rig.daemon.virsh, vm)).disks.get(targetOf(action.disk))!;
        if (image.format !== 'qcow2') {
          return { type: 'refused', reason: 'rawHoldsNoTag' };
        }
        await runOk('qemu-img', ['snapshot', '-c', foreignName(action.as), image.file]);
        return { type: 'done' };
      }
      case 'virshForget':
        await this.#rig.virsh('snapshot-delete', vm, names.get(action.snapshot)!, '--metadata');
        return { type: 'done' };
      case 'virshCommit': {
        const xml = await this.#rig.virsh('dumpxml', vm);
        if (!hasBacking(xml, targetOf(action.disk))) {
          return { type: 'refused', reason: 'nothingToCommit' };
        }
        const how = ['--active', '--shallow', '--pivot', '--wait'];
        await this.#rig.virsh('blockcommit', vm, targetOf(action.disk), ...how);
        return { type: 'done' };
      }
      case 'virshCheckpoint': {
        const made = await this.#rig.daemon.virsh(['checkpoint-create-as', vm, foreignName(action.as)]);
        // Raw disks have none, and libvirt takes none beside snapshots on some versions.
        return made.code === 0 ? { type: 'done' } : { type: 'refused', reason: 'noCheckpointHere' };
      }
      case 'virshRename':
        await this.#rig.virsh('domrename', vm, action.name);
        this.#name = action.name;
        return { type: 'done' };
      case 'clone': {
        const { snapshots } = await seeVm(this.#rig.daemon.virsh, vm);
        const frozen = snapshots.find(({ name }) => name === names.get(action.of))!.disks.get(targetOf(action.disk))!;
        const file = cloneFile(this.folder, action.as);
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', frozen.format, '-b', frozen.file, file]);
        const daemon = action.where === 'here' ? this.#rig.daemon : await this.#otherDaemon();
        await withXmlFile(cloneXml(action.as, file), (path) => virshOk(daemon.virsh, 'define', path));
        return { type: 'done' };
      }
    }
  }

  /** The extension shows both. */
  async #otherDaemon(): Promise<Daemon> {
    if (this.#elsewhere === undefined) {
      this.#elsewhere = await startPrivateDaemon();
      this.#rig.inventory.setConnections([this.#rig.uri, this.#elsewhere.uri]);
      await this.#rig.inventory.connect(this.#elsewhere.uri);
    }
    return this.#elsewhere;
  }
}

/** What another tool calls what it makes. */
export function foreignName(label: Label): string {
  return `foreign-${label}`;
}

export function cloneFile(folder: string, label: Label): string {
  return join(folder, `clone-${label}.qcow2`);
}

function cloneXml(label: Label, file: string): string {
  return e(
    'domain',
    { type: 'qemu' },
    e('name', {}, `clone-${label}`),
    e('memory', { unit: 'MiB' }, 4),
    e('os', {}, e('type', { arch: 'x86_64', machine: 'pc' }, 'hvm')),
    e(
      'devices',
      {},
      e(
        'disk',
        { type: 'file', device: 'disk' },
        e('driver', { name: 'qemu', type: 'qcow2' }),
        e('source', { file }),
        e('target', { dev: 'vda', bus: 'virtio' }),
      ),
    ),
  ).xml;
}

/** The guest's name of a disk by its number. */
function targetOf(disk: number): string {
  return `vd${String.fromCharCode(97 + disk)}`;
}

/** Whether a disk of a VM that runs stands on more than one file. */
function hasBacking(xml: string, target: string): boolean {
  const disk = findAll(find(readXml(xml), 'devices'), 'disk').find(
    (one) => find(one, 'target')?.attributes['dev'] === target,
  );
  return disk !== undefined && find(disk, 'backingStore', 'source') !== undefined;
}

const virshPower = {
  start: 'start',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  save: 'managedsave',
} as const;

function madeOf({ name, title, kind, style }: Snapshot): Made {
  return { name, title, kind, style };
}
