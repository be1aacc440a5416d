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
  /** Of what was edited, before it. */
  readonly was?: { readonly name: string; readonly title: string };
  /** libvirt's name of what keeps the state that a revert left. */
  readonly checkpoint?: string;
}

export class UndoableRequests {
  /** In their order, those that nobody has undone. */
  #standing: readonly DoneRequest[] = [];
  /** What reverts have made, by libvirt's name: it stands in the way of no undo. */
  readonly #automatic = new Map<string, 'asMade' | 'edited'>();

  add(done: DoneRequest): void {
    this.#standing = [...this.#standing, done];
  }

  /** 0: the last one that stands, 1: the one before it. */
  at(back: number): DoneRequest | undefined {
    return this.#standing.at(-1 - back);
  }

  fell(done: DoneRequest): void {
    this.#standing = this.#standing.filter((one) => one !== done);
  }

  madeByRevert(name: string): void {
    this.#automatic.set(name, 'asMade');
  }

  edited(old: string, now: string): void {
    if (this.#automatic.delete(old)) {
      this.#automatic.set(now, 'edited');
    }
  }

  /**
   * What a revert is undone with: where nothing had changed, it took no checkpoint, and what was current is as good.
   */
  keptBy({ action, checkpoint, before }: DoneRequest): string | undefined {
    const spared = action.do === 'revert' && action.checkpoint !== undefined ? before.current : undefined;
    return checkpoint ?? spared;
  }

  judge(done: DoneRequest, model: Model): Undoable {
    const { action, name } = done;
    const later = this.#standing.slice(this.#standing.indexOf(done) + 1).map((one) => one.action);
    const isThere = (one: string | undefined): boolean => model.snapshots.has(one ?? '');
    switch (action.do) {
      case 'create': {
        const above = isThere(name)
          ? model.children(name!).map((child) => this.#automatic.get(child.name))
          : [undefined];
        return above.includes(undefined) ? 'no' : above.includes('edited') ? 'either' : 'yes';
      }
      case 'rename':
      case 'describe':
        return isThere(name) && !later.some((one) => editedBy(one) === action.snapshot) ? 'yes' : 'no';
      case 'revert':
        return isThere(this.keptBy(done)) && !later.some((one) => one.do === 'revert') ? 'yes' : 'no';
      case 'delete':
        return 'no';
    }
  }
}

function editedBy(action: DoneRequest['action']): Label | undefined {
  return action.do === 'rename' || action.do === 'describe' ? action.snapshot : undefined;
}
