// A VM's history as it goes on: the real VM and the model side by side. Knows what each action makes of both and how
// they are compared, not which action is next.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  type AbandonAction,
  type Action,
  type ChildAction,
  type ClientAction,
  type GuestAction,
  isOfChild,
  isOfClient,
  isOperation,
  type Label,
  type Operation,
  type RedoAction,
  type Request,
  type Script,
  type UndoAction,
} from './action.js';
import { type ExtensionSide, keptCheckpoints, type TakenBack } from './extensionSide.js';
import { mebibyte, plugContent, plugDisk } from './moves.js';
import type { OtherClients } from './otherClients.js';
import type { Made, Outcome } from './outcome.js';
import { pictureDifferences } from './picture.js';
import { Traces } from './traces.js';
import { type DoneRequest, type Undoable, UndoableRequests } from './undoable.js';
import { blockDifferences, type Content } from '../oracle/blocks.js';
import { chainOf, readImage } from '../oracle/images.js';
import { Model, type Power } from '../oracle/model.js';
import { type Difference, type Extent, OracleVm } from '../oracle/oracleVm.js';
import type { SeenVm } from '../oracle/seen.js';

/**
 * `about`: as in a Difference; or `picture`, the extension shows what libvirt does not say; `failed`, an action ended
 * in a way that it must not; `checkpoint`, a state was left that nobody kept although that was asked for; `foreign`,
 * what another tool left is not as it was; `undo`, something else was undone, or can be undone, than the model says;
 * `child`, a VM made of this one is not what it was made of, or leaves files behind; `unasked`, an editor at which
 * nobody clicked has changed a VM that was used.
 */
export interface Found {
  readonly about: Difference['about'] | 'picture' | 'failed' | 'checkpoint' | 'foreign' | 'undo' | 'child' | 'unasked';
  readonly what: readonly string[];
}

type Done = Extract<Outcome, { type: 'done' }>;

/** The seed of what a guest writes after an editor died; no other block has it. */
const abandonedSeed = 999_983;

export class History {
  model: Model;
  leaks = 0;
  /** Found while an action was carried out. */
  found: Found | undefined;
  /** By libvirt's name. */
  readonly labels = new Map<string, Label>();
  readonly #names = new Map<Label, string>();
  readonly #traces = new Traces();
  /** VMs made of it by the extension. */
  readonly children = new Set<Label>();
  #requests = new UndoableRequests();
  #vm: OracleVm;
  readonly #side: ExtensionSide;
  readonly #others: OtherClients;

  readonly #isDay: boolean;

  constructor(vm: OracleVm, side: ExtensionSide, others: OtherClients, base: Pick<Script, 'disks' | 'isDay'>) {
    this.#vm = vm;
    this.#side = side;
    this.#others = others;
    this.model = Model.fresh(base.disks.length);
    this.#isDay = base.isDay === true;
  }

  /** What the model says of an undo of the last operation, and of a redo. */
  get mayTakeBack(): { readonly undo: boolean; readonly redo: boolean } {
    const last = this.#requests.at(0);
    return {
      undo: last !== undefined && this.#requests.judge(last, this.model) !== 'no',
      redo: this.#requests.judgeRedo(this.model) !== 'no',
    };
  }

  /** Whether the extension's plan for it is no refusal. */
  async canDo(action: Operation): Promise<boolean> {
    if (action.do === 'undo' || action.do === 'redo') {
      return this.#side.canTakeBack(action.do, action.do === 'undo' ? action.back : 0);
    }
    if (isOfChild(action)) {
      return this.#side.canChangeChild(action, this.#names);
    }
    return isOfClient(action) || this.#side.canDo(action, this.#names);
  }

  /** The extension's plan or refusal as it would show it now. */
  decide(action: Request): ReturnType<ExtensionSide['decide']> {
    return this.#side.decide(action, this.#names);
  }

  /** In bytes. */
  sizeOf(disk: number): number {
    return this.#vm.guest.diskBytes + this.model.sizes[disk]!;
  }

  /** A shortened history may have lost what an action needs. */
  isPossible(action: Action): boolean {
    const { power } = this.model;
    const fits = (label: Label): boolean => this.model.snapshots.has(this.#names.get(label) ?? '');
    switch (action.do) {
      case 'write':
        return power === 'running' || (this.#isDay && power === 'off' && this.model.saved === undefined);
      case 'ram':
        return power === 'running';
      case 'revert':
        return fits(action.to) && !this.#traces.isUntold(this.#names.get(action.to)!);
      case 'delete':
      case 'rename':
      case 'describe':
        return fits(action.snapshot);
      case 'undo': {
        const done = this.#requests.at(action.back);
        return done !== undefined && !this.#traces.isUntold(this.#requests.keptBy(done) ?? '');
      }
      case 'redo':
        return this.#requests.undone !== undefined;
      case 'cloneHere':
        return (
          !this.#isEncrypted &&
          (action.of === undefined
            ? power === 'off'
            : fits(action.of) && !this.#traces.isSpoilt(this.#names.get(action.of)!))
        );
      case 'fork':
        return power === 'running' && !this.#isEncrypted;
      case 'throwAway':
        return this.children.has(action.child);
      case 'virshDelete':
        return fits(action.snapshot) && this.model.children(this.#names.get(action.snapshot)!).length === 0;
      case 'spoil':
        return fits(action.snapshot) && power === 'off';
      case 'virshForgetCurrent':
        return fits(action.snapshot) && this.model.snapshots.size === 1;
      case 'virshCreate':
        // virsh takes snapshots under a managed save, which then starts on files that have changed. With an encrypted
        // disk, QEMU dies of one inside of it, and a VM that is off does not start any more on overlays that libvirt
        // gave it.
        return (
          (action.kind === 'disk' || !this.#isEncrypted) &&
          (action.kind === 'offline') === (power === 'off') &&
          this.model.saved === undefined &&
          !this.#traces.hasCheckpoints
        );
      case 'tag':
      case 'virshRename':
        // libvirt renames no VM with checkpoints.
        return power === 'off' && this.model.saved === undefined && !this.#traces.hasCheckpoints;
      case 'virshForget':
        return fits(action.snapshot);
      case 'virshEdit':
        return power === 'off' && this.model.saved === undefined && !this.#traces.hasCheckpoints;
      case 'moveLayer':
      case 'redefine':
        return (
          power === 'off' &&
          this.model.saved === undefined &&
          !this.#traces.hasCheckpoints &&
          !this.#isEncrypted &&
          // What stands on it would have to be told, too; or the VM writes into what it stands on.
          !this.#traces.hasClones
        );
      case 'addDisk':
        return power === 'off' && this.model.saved === undefined && !this.#isEncrypted;
      case 'removeDisk':
        return power === 'off' && this.model.saved === undefined && this.added.length > 0;
      case 'grow':
        return this.model.saved === undefined && action.mib * mebibyte > this.sizeOf(action.disk);
      case 'resize':
        return this.model.saved === undefined && !this.#traces.hasCheckpoints && !this.#isEncrypted;
      case 'plug':
      case 'unplug':
        return this.model.saved === undefined && !this.#isEncrypted;
      case 'replace':
      case 'copyOver':
      case 'moveAway':
      case 'commitPast':
        // If none of us has seen a state before, none can tell that it changed.
        return (
          fits(action.snapshot) &&
          this.model.snapshots.get(this.#names.get(action.snapshot)!)?.style === 'external' &&
          !this.#names.get(action.snapshot)!.startsWith('by-virsh-') &&
          (action.do !== 'commitPast' || (power === 'off' && this.model.saved === undefined)) &&
          !this.#traces.hasClones &&
          !this.#isEncrypted
        );
      case 'virshCommit':
        // virsh itself merges into what a clone stands on.
        return power === 'running' && !this.#traces.hasCheckpoints && !this.#traces.hasClones;
      case 'virshCheckpoint':
        return power === 'running';
      case 'clone':
        // If libvirt names the wrong files, virsh would clone something else.
        return (
          fits(action.of) &&
          !this.#traces.isSpoilt(this.#names.get(action.of)!) &&
          this.model.snapshots.get(this.#names.get(action.of)!)?.style === 'external'
        );
      case 'virshPower':
        return {
          start: ['off'],
          forceOff: ['running', 'paused'],
          pause: ['running'],
          resume: ['paused'],
          save: ['running'],
        }[action.action].includes(power);
      case 'abandon':
        return this.isPossible(action.request);
      case 'create':
      case 'power':
        return true;
    }
  }

  get #isEncrypted(): boolean {
    return this.#vm.guest.disks.some(({ encrypted }) => encrypted);
  }

  /** What throws is found as well: a guest that does not answer, a daemon that is gone. */
  async carryOut(action: Action): Promise<Outcome> {
    const outcome = await this.#try(
      () => this.#carryOut(action),
      (text): Outcome => ({ type: 'failed', kind: 'threw', text }),
    );
    await (this.#isDay ? this.#dropPruned() : undefined);
    if (outcome.type === 'failed') {
      this.found = { about: 'failed', what: [`${outcome.kind}: ${outcome.text}`] };
    }
    return outcome;
  }

  compare(what: Extent): Promise<Found | undefined> {
    return this.#try(
      () => this.#compare(what),
      (text): Found => ({ about: 'failed', what: [text] }),
    );
  }

  async #try<T>(act: () => Promise<T>, otherwise: (text: string) => T): Promise<T> {
    try {
      return await act();
    } catch (error) {
      return otherwise(error instanceof Error ? error.message : String(error));
    }
  }

  async #carryOut(action: Action): Promise<Outcome> {
    if (action.do === 'abandon') {
      return this.#abandon(action);
    }
    if (!isOperation(action)) {
      await this.#letGuest(action);
      return { type: 'done' };
    }
    if (action.do === 'undo') {
      return this.#undo(action);
    }
    if (action.do === 'redo') {
      return this.#redo(action);
    }
    if (isOfChild(action)) {
      const outcome = await this.#side.changeChild(action, this.#names);
      if (outcome.type === 'done') {
        await this.#followChild(action, outcome);
      }
      return outcome;
    }
    if (!isOfClient(action)) {
      const before = this.model;
      const edited = action.do === 'rename' || action.do === 'describe' ? this.#names.get(action.snapshot) : undefined;
      const outcome = await this.#side.run(action, this.#names);
      if (outcome.type === 'done') {
        this.#follow(action, outcome);
        this.#keep(action, { before, edited }, outcome);
      }
      return outcome;
    }
    const before = await this.#vm.see();
    const anew = action.do === 'redefine' ? await this.#anew(action, before) : this.model;
    if (anew === undefined) {
      return { type: 'refused', reason: 'baseUnknown' };
    }
    const outcome = await this.#others.run(action, this.#names);
    if (outcome.type === 'done') {
      this.#follow(action, outcome);
      if (action.do === 'redefine') {
        this.model = anew;
        await (action.uuid === 'new' ? this.#meetAnew() : undefined);
      }
      if (action.do === 'virshRename') {
        this.#vm = new OracleVm(this.#vm.virsh, { ...this.#vm.guest, name: action.name });
      }
      const { folder } = this.#others;
      await this.#traces.bear(action, { vm: this.#vm, before, model: this.model, names: this.#names, folder });
    }
    return outcome;
  }

  /** What it will be. Its bottom holds what the snapshots hold that froze it, if any of them is as it was. */
  async #anew({ on }: Extract<ClientAction, { do: 'redefine' }>, before: SeenVm): Promise<Model | undefined> {
    if (on === 'present') {
      return this.model.definedAnew(this.model);
    }
    const found: { content: Content; size: number }[] = [];
    for (const [disk, { target }] of this.#vm.guest.disks.entries()) {
      const [top, ...below] = await chainOf(before.disks.get(target)!);
      const base = below.at(-1);
      const frozen = before.snapshots.find(({ name, disks }) => {
        const image = disks.get(target);
        return image?.file === base?.file && image?.tag === undefined && !this.#traces.isSpoilt(name);
      });
      const holds = base === undefined || top === undefined ? this.model : this.model.snapshots.get(frozen?.name ?? '');
      if (holds === undefined) {
        return undefined;
      }
      found.push({ content: holds.disks[disk]!, size: holds.sizes[disk]! });
    }
    return this.model.definedAnew({ disks: found.map(({ content }) => content), sizes: found.map(({ size }) => size) });
  }

  /** To the extension it is another VM, of which it has done nothing yet. */
  async #meetAnew(): Promise<void> {
    this.#requests = new UndoableRequests();
    await this.#side.meet(this.#vm.name);
  }

  /** @param edited the name of what is edited, before it */
  #keep(
    action: Request,
    { before, edited }: { readonly before: Model; readonly edited: string | undefined },
    { snapshot, checkpoint }: Done,
  ): void {
    if (action.do === 'power') {
      return;
    }
    const was = before.snapshots.get(edited ?? '');
    const name = action.do === 'rename' || action.do === 'describe' ? this.#names.get(action.snapshot) : snapshot?.name;
    this.#requests.add({
      action,
      before,
      name,
      ...(was && { was }),
      ...(checkpoint && { checkpoint: checkpoint.name }),
    });
  }

  async #undo({ back, as }: UndoAction): Promise<Outcome> {
    const done = this.#requests.at(back)!;
    const must = this.#requests.judge(done, this.model);
    const taken = await this.#side.undo(back);
    if (this.#isAsJudged(done, must, taken) && taken.outcome.type === 'done') {
      this.#requests.fell(done, this.#followUndo(done, as, taken.outcome));
    }
    return taken.outcome;
  }

  async #redo({ as }: RedoAction): Promise<Outcome> {
    const undoing = this.#requests.undone!;
    const must = this.#requests.judgeRedo(this.model);
    const taken = await this.#side.redo();
    if (this.#isAsJudged(undoing, must, taken) && taken.outcome.type === 'done') {
      this.#requests.rose(this.#followUndo(undoing, as, taken.outcome));
    }
    return taken.outcome;
  }

  #isAsJudged({ action }: DoneRequest, must: Undoable, { undone, outcome }: TakenBack): boolean {
    const isRefused = outcome.type === 'refused' && (this.#isDay || outcome.reason.startsWith('notUndoable'));
    const may = isRefused ? `no (${outcome.reason})` : 'yes';
    const ofDisks = action.do === 'addDisk' || action.do === 'removeDisk' || action.do === 'grow';
    if (undone !== (ofDisks ? 'disk' : action.do)) {
      this.found = { about: 'undo', what: [`meant is a ${undone}, not a ${action.do}`] };
    } else if (must !== 'either' && !may.startsWith(must)) {
      this.found = { about: 'undo', what: [`a ${undone} can be taken back: ${may}, not ${must}`] };
    }
    return this.found === undefined;
  }

  /** Old checkpoints go behind what was done, but none that the next undos and redos go back to. */
  async #dropPruned(): Promise<void> {
    const there = await this.#side.settle();
    const gone = [...this.model.snapshots.keys()].filter((name) => !there.has(name));
    this.model = gone
      .filter((name) => this.#requests.isAutomatic(name))
      .reduce((model, name) => model.deleted(name, 'one'), this.model);
    const [lost] = [...this.#requests.needed(keptCheckpoints)].filter((name) => gone.includes(name));
    if (lost !== undefined) {
      this.found ??= { about: 'undo', what: [`${lost}, which an undo goes back to, was pruned`] };
    }
    this.#requests.prune(gone);
  }

  async #followChild(action: ChildAction, { snapshot }: Done): Promise<void> {
    if (action.do === 'throwAway') {
      this.children.delete(action.child);
      const left = this.#traces.forgetChild(action.child).filter((file) => existsSync(file));
      this.found = left.length === 0 ? this.found : { about: 'child', what: left.map((file) => `${file} is left`) };
      return;
    }
    const { model: before } = this;
    // What it stands on has to be frozen first, where nothing is yet.
    if (snapshot !== undefined) {
      this.#make(`base-${action.as}`, snapshot);
      if (action.do === 'fork') {
        const made = { do: 'create', as: action.as, title: snapshot.title, kind: snapshot.kind } as const;
        this.#requests.add({ action: made, before, name: snapshot.name });
      }
    }
    const of = action.do === 'cloneHere' ? action.of : undefined;
    const made = of === undefined ? before : before.snapshots.get(this.#names.get(of)!)!;
    const { files, power } = await this.#side.seeChild(action.as);
    this.children.add(action.as);
    this.#traces.bearChild(action.as, files, made, this.#vm.guest.diskBytes);
    const wrong = await this.#traces.differences();
    if (wrong.length > 0) {
      this.found = { about: 'child', what: wrong };
    } else if (power !== (action.do === 'fork' ? 'running' : 'shut off')) {
      this.found = { about: 'child', what: [`it is ${power}`] };
    }
  }

  /** Returns what was done, as something that can be taken back itself. */
  #followUndo(done: DoneRequest, as: Label, outcome: Done): DoneRequest {
    const { action, before, name, was } = done;
    const left = this.model;
    if (action.do === 'create') {
      this.model = this.model.deleted(name!, 'one');
    } else if (was !== undefined) {
      // The current external one may get no other name: see `titleOnly` in planRename.ts.
      const may = this.model.current === name ? (outcome.snapshot?.name ?? name!) : was.name;
      this.#edit(name!, { ...was, name: may === name ? may : was.name });
    } else if (action.do === 'revert') {
      const to = this.#requests.keptBy(done)!;
      // It was off with RAM in a managed save, which its checkpoint holds: to end off would throw that away.
      const after = before.saved === undefined ? before.power : undefined;
      this.#revert(to, after, action.checkpoint && as, outcome);
      const hasRam = left.snapshots.get(to)?.kind === 'memory' && before.power !== 'off';
      if (!this.#traces.isSpoilt(to) && !(areSame(before, this.model) && (!hasRam || isSameRam(before, this.model)))) {
        this.found ??= { about: 'undo', what: ['the VM is not as before the revert that was undone'] };
      }
    }
    const edited = left.snapshots.get(name ?? '');
    return {
      action,
      before: left,
      name: outcome.snapshot?.name ?? name,
      ...(was && edited && { was: { name: edited.name, title: edited.title } }),
      ...(outcome.checkpoint && { checkpoint: outcome.checkpoint.name }),
    };
  }

  #revert(to: string, after: Power | undefined, checkpoint: Label | undefined, outcome: Done): void {
    if (checkpoint !== undefined) {
      this.#checkpoint(checkpoint, outcome.checkpoint);
    }
    this.model = this.model.reverted(to, after);
    if (outcome.layout !== undefined) {
      this.#make(`layout-${String(this.#names.size)}`, outcome.layout);
    }
    if (outcome.checkpoint !== undefined) {
      this.#requests.madeByRevert(outcome.checkpoint.name);
    }
    if (outcome.layout !== undefined) {
      this.#requests.madeForLayout(outcome.layout.name);
    }
  }

  #edit(old: string, { name, title }: Pick<Made, 'name' | 'title'>): void {
    this.model = this.model.renamed(old, title, name);
    this.#traces.renamed(old, name);
    this.#requests.edited(old, name);
    const label = this.labels.get(old)!;
    this.labels.delete(old);
    this.#call(label, name);
  }

  async #abandon(action: AbandonAction): Promise<Outcome> {
    const outcome = await this.#side.dieIn(action, this.#names);
    if (outcome.type !== 'done') {
      return outcome;
    }
    // It may have been left off, paused or running; where it does not start any more, there is nobody who could use it.
    await this.#others.start();
    const left = await this.#vm.see();
    if (left.power === 'running') {
      await this.#vm.talk((guest) => guest.write(0, [[1, abandonedSeed]]));
      await this.#others.forceOff();
    }
    const before = await this.#everything();
    await this.#side.comeBackDaysLater();
    const after = await this.#everything();
    const changed = Object.keys(before).filter((what) => before[what] !== after[what]);
    if (left.power === 'running' && changed.length > 0) {
      this.found = { about: 'unasked', what: changed.map((what) => `${what}: ${before[what]!}, then ${after[what]!}`) };
    }
    return outcome;
  }

  /** The state, the tree and what each disk holds, in words that can be compared. */
  async #everything(): Promise<Readonly<Record<string, string>>> {
    const { power, current, snapshots, disks } = await this.#vm.see();
    const content = await Promise.all(
      [...disks].map(async ([target, image]) => {
        const bytes = await readImage(image);
        return [target, `${image.file} ${createHash('sha256').update(bytes).digest('hex')}`] as const;
      }),
    );
    return {
      power,
      current: current ?? 'none',
      snapshots: snapshots.map(({ name, parent }) => `${name} below ${parent ?? 'nothing'}`).join(', '),
      ...Object.fromEntries(content),
    };
  }

  async #letGuest(action: GuestAction): Promise<void> {
    if (action.do === 'write') {
      await (this.model.power === 'off'
        ? this.#vm.writeOff(action.disk, action.blocks)
        : this.#vm.talk((guest) => guest.write(action.disk, action.blocks)));
      this.model = this.model.wrote(action.disk, action.blocks);
      return;
    }
    const { counter, kib } = action;
    await this.#vm.talk(async (guest) => {
      await guest.setCounter(counter);
      await guest.fillRam(kib, counter);
    });
    this.model = this.model.setRam({ counter, kib, seed: counter });
  }

  /** Disks that the guest does not know, by target, as they were seen last. */
  added: readonly string[] = [];

  async #compare(what: Extent): Promise<Found | undefined> {
    const whole = [...this.model.snapshots.keys()].filter((name) => !this.#traces.isSpoilt(name));
    const extent = what === 'everything' ? new Set(whole) : what;
    const { differences, leaks, seen } = await this.#vm.compare(this.model, extent);
    this.leaks = Math.max(this.leaks, leaks);
    const [first] = differences;
    if (first !== undefined) {
      return { about: first.about, what: differences.map((difference) => difference.what) };
    }
    const own = new Set(this.#vm.guest.disks.map(({ target }) => target));
    this.added = [...seen.disks.keys()].filter((target) => !own.has(target)).sort();
    const held = what === 'present' || !this.#isDay ? [] : seen.snapshots.filter(({ name }) => whole.includes(name));
    for (const { name, disks } of [{ name: 'now', disks: seen.disks }, ...held]) {
      for (const [target, image] of [...disks].filter(([one]) => !own.has(one))) {
        const [wrong] = blockDifferences(plugDisk, await readImage(image), plugContent);
        if (wrong !== undefined) {
          return { about: 'data', what: [`${target} ${name}: ${wrong}`] };
        }
      }
    }
    const touched = what === 'present' ? [] : await this.#traces.differences();
    if (touched.length > 0) {
      return { about: 'foreign', what: touched };
    }
    const wrong = pictureDifferences(this.model, await this.#side.picture());
    return wrong.length === 0 ? undefined : { about: 'picture', what: wrong };
  }

  /** Lets the model do what was done. */
  #follow(action: Request | ClientAction, outcome: Done): void {
    const name = (label: Label): string => this.#names.get(label)!;
    switch (action.do) {
      case 'create':
      case 'virshCreate':
        this.#make(action.as, outcome.snapshot, 'title' in action ? action.title : undefined);
        break;
      case 'revert': {
        const { power } = this.model;
        const after = action.after === 'asSnapshot' ? undefined : action.after === 'asBefore' ? power : action.after;
        this.#revert(name(action.to), after, action.checkpoint, outcome);
        break;
      }
      case 'delete':
        this.model = this.model.deleted(name(action.snapshot), action.scope);
        break;
      case 'virshForgetCurrent':
        this.model = this.model.withoutCurrent();
        break;
      case 'virshDelete':
      case 'virshForget':
        this.model = this.model.deleted(name(action.snapshot), 'one');
        break;
      case 'spoil':
      case 'tag':
      case 'virshCommit':
      case 'virshCheckpoint':
      case 'virshRename':
      case 'virshEdit':
      case 'replace':
      case 'copyOver':
      case 'moveAway':
      case 'moveLayer':
      case 'redefine':
      case 'plug':
      case 'unplug':
      case 'commitPast':
      case 'clone':
      case 'addDisk':
      case 'removeDisk':
        break;
      case 'resize':
        this.model = this.model.grown(action.disk, mebibyte);
        break;
      case 'grow':
        this.model = this.model.grown(action.disk, action.mib * mebibyte - this.sizeOf(action.disk));
        break;
      case 'rename':
      case 'describe': {
        const old = name(action.snapshot);
        this.#edit(old, { name: outcome.snapshot?.name ?? old, title: action.title });
        break;
      }
      case 'power':
      case 'virshPower':
        this.model = this.model.powered(action.action);
        break;
    }
  }

  #make(label: Label, made: Made | undefined, title = made?.title): void {
    if (made === undefined) {
      this.found = { about: 'failed', what: [`${label} was made, and is not there`] };
      return;
    }
    this.model = this.model.created({ ...made, title: title ?? made.name });
    this.#call(label, made.name);
  }

  /** It may be left out only where the disks are what the current snapshot holds, and no RAM is there to be lost. */
  #checkpoint(label: Label, made: Made | undefined): void {
    if (made !== undefined) {
      // The RAM of a managed save is kept by starting the VM from it.
      const saved = made.kind === 'memory' && this.model.saved !== undefined;
      this.model = saved ? this.model.powered('start').powered('pause') : this.model;
      this.#make(label, made);
      return;
    }
    const kept = this.model.snapshots.get(this.model.current ?? '');
    const same = kept !== undefined && areSame(kept, this.model);
    if (!same || this.model.power !== 'off' || this.model.saved !== undefined) {
      this.found = { about: 'checkpoint', what: ['the state that was left is in no snapshot'] };
    }
  }

  #call(label: Label, name: string): void {
    this.#names.set(label, name);
    this.labels.set(name, label);
  }
}

type Held = Pick<Model, 'disks' | 'sizes'>;

function areSame(one: Held, other: Held): boolean {
  return one.disks.every((disk, index) => isSame(disk, other.disks[index]!) && one.sizes[index] === other.sizes[index]);
}

function isSameRam({ ram: one }: Pick<Model, 'ram'>, { ram: other }: Pick<Model, 'ram'>): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isSame(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  return one.size === other.size && [...one].every(([block, seed]) => other.get(block) === seed);
}
