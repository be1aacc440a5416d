// What the extension did and what of it can be undone, as the model has it: a second account, that shares nothing with
// the log of operations but its rules, said once more.
import type { Model } from '../oracle/model.js';
import type { Label, Request } from './action.js';

/**
 * `either`: what a person called something else is a checkpoint no more on some ways, and nothing that libvirt tells
 * says so.
 */
export type Undoable = 'yes' | 'no' | 'either';

export interface DoneRequest {
  readonly action: Exclude<Request, { readonly do: 'power' }>;
  readonly before: Model;
  /** libvirt's name of what it made, or of what it edited, after it. */
  readonly name: string | undefined;
  /** The name and title before an edit. */
  readonly was?: { readonly name: string; readonly title: string };
  /** libvirt's name of what keeps the state that a revert left. */
  readonly checkpoint?: string;
}

/** Counts up: `since` of what was done again is that of the first time. */
interface Numbered {
  readonly done: DoneRequest;
  readonly since: number;
}

/** `undoing`: what undid it, as something that was done. */
interface Undone extends Numbered {
  readonly undoing: DoneRequest;
  readonly at: number;
}

export class UndoableRequests {
  /** In their order, those that nobody has undone. */
  #standing: readonly Numbered[] = [];
  /** Those that somebody has undone and nobody done again, the last one last. */
  #undone: readonly Undone[] = [];
  #count = 0;
  /** What reverts have made, by libvirt's name: it stands in the way of no undo. */
  readonly #automatic = new Map<string, 'asMade' | 'edited'>();

  add(done: DoneRequest): void {
    this.#standing = [...this.#standing, { done, since: ++this.#count }];
  }

  /** 0: the last one that stands, 1: the one before it. */
  at(back: number): DoneRequest | undefined {
    return this.#standing.at(-1 - back)?.done;
  }

  /** What was undone last. */
  get undone(): DoneRequest | undefined {
    return this.#undone.at(-1)?.undoing;
  }

  fell(done: DoneRequest, undoing: DoneRequest): void {
    const fallen = this.#standing.find((one) => one.done === done)!;
    this.#standing = this.#standing.filter((one) => one !== fallen);
    this.#undone = [...this.#undone, { ...fallen, undoing, at: ++this.#count }];
  }

  /** What was undone last stands again. */
  rose(done: DoneRequest): void {
    const { since } = this.#undone.at(-1)!;
    this.#undone = this.#undone.slice(0, -1);
    this.#standing = [...this.#standing, { done, since }];
  }

  madeByRevert(name: string): void {
    this.#automatic.set(name, 'asMade');
  }

  isAutomatic(name: string): boolean {
    return this.#automatic.has(name);
  }

  edited(old: string, now: string): void {
    if (this.#automatic.delete(old)) {
      this.#automatic.set(now, 'edited');
    }
  }

  /**
   * What a revert is undone with: where nothing had changed, it took no checkpoint, and what was current is as good; of
   * leaves of the layout, which may go by themselves, what they stand on.
   */
  keptBy(done: DoneRequest): string | undefined {
    return this.#pruned.has(done) ? undefined : this.#keptOnce(done);
  }

  /** What an old revert is undone with is gone, though a later checkpoint may have its name. */
  readonly #pruned = new Set<DoneRequest>();

  prune(gone: readonly string[]): void {
    const all = [...this.#standing, ...this.#undone].map(({ done }) => done);
    all.push(...this.#undone.map(({ undoing }) => undoing));
    all.filter((done) => gone.includes(this.#keptOnce(done) ?? '')).forEach((done) => this.#pruned.add(done));
  }

  #keptOnce({ action, checkpoint, before }: DoneRequest): string | undefined {
    if (action.do !== 'revert' || action.checkpoint === undefined) {
      return checkpoint;
    }
    let spared = before.current;
    while (spared !== undefined && this.#layouts.has(spared)) {
      spared = before.snapshots.get(spared)?.parent;
    }
    return checkpoint ?? spared;
  }

  /** Leaves that hold the layout: nothing was ever written to what they froze. */
  readonly #layouts = new Set<string>();

  madeForLayout(name: string): void {
    this.#layouts.add(name);
    this.madeByRevert(name);
  }

  /** What the next undos and redos of reverts go back to, so many of each: no rule may take it away. */
  needed(most: number): ReadonlySet<string> {
    const undos = this.#standing.filter(({ done }) => done.action.do === 'revert').slice(-most);
    const redos = this.#undone.filter((one) => one.done.action.do === 'revert' && !this.#isPassed(one)).slice(-most);
    return new Set(
      [...undos.map(({ done }) => done), ...redos.map(({ undoing }) => undoing)].flatMap(
        (done) => this.keptBy(done) ?? [],
      ),
    );
  }

  judge(done: DoneRequest, model: Model): Undoable {
    const { action, name } = done;
    const later = this.#standing
      .slice(this.#standing.findIndex((one) => one.done === done) + 1)
      .map((one) => one.done.action);
    const isThere = (one: string | undefined): boolean => model.snapshots.has(one ?? '');
    switch (action.do) {
      case 'create': {
        const above = isThere(name)
          ? model.children(name!).map((child) => this.#automatic.get(child.name))
          : [undefined];
        // No delete can give what is in layers to several branches: then it was reverted to, and told which they are.
        // What the VM is on is one of them where the snapshot is current and no leaf holds the layout.
        const branchesOn = (one: string): number => {
          const isBranch = model.current === one && model.snapshots.get(one)?.style === 'external';
          return model.children(one).length + (isBranch ? 1 : 0);
        };
        // Those of the only snapshot above it rest on the layer that its delete would take away.
        const isBranched =
          isThere(name) &&
          [name!, ...model.children(name!).map((child) => child.name)].some((one) => branchesOn(one) > 1);
        return above.includes(undefined) ? 'no' : above.includes('edited') || isBranched ? 'either' : 'yes';
      }
      case 'rename':
      case 'describe':
        return isThere(name) && !later.some((one) => editedBy(one) === action.snapshot) ? 'yes' : 'no';
      case 'revert':
        return isThere(this.keptBy(done)) && !later.some((one) => one.do === 'revert') ? 'yes' : 'no';
      case 'delete':
      case 'grow':
        return 'no';
      // The model does not know which disks come and go with the VM's own.
      case 'addDisk':
      case 'removeDisk':
        return 'either';
    }
  }

  /** Judges the redo of what was undone last. What a create made is gone with its undo. */
  judgeRedo(model: Model): Undoable {
    const last = this.#undone.at(-1);
    switch (last?.done.action.do) {
      case undefined:
      case 'create':
      case 'delete':
      case 'grow':
        return 'no';
      case 'rename':
      case 'describe':
      case 'addDisk':
      case 'removeDisk':
        return 'either';
      case 'revert':
        return model.snapshots.has(this.keptBy(last.undoing) ?? '') && !this.#isPassed(last) ? 'yes' : 'no';
    }
  }

  /** A revert came after it that is none of what was done again. */
  #isPassed({ at }: Undone): boolean {
    return this.#standing.some(({ done, since }) => done.action.do === 'revert' && since > at);
  }
}

function editedBy(action: DoneRequest['action']): Label | undefined {
  return action.do === 'rename' || action.do === 'describe' ? action.snapshot : undefined;
}
