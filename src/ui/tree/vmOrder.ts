// In which order the VMs of a connection stand, and the states by which a filter finds them: both as they were when
// somebody last looked for a VM, so that none that starts or ends moves a row under the pointer. Knows no row.
import type { PowerState } from '../../domain/vm.js';
import { powerWord } from '../../text/words.js';
import { type VmView, vmKey } from '../../live/views.js';

/** `state`: what runs first; `name`; `recent`: what was worked with last first. */
export type VmOrder = 'state' | 'name' | 'recent';

const rank: Readonly<Record<PowerState, number>> = {
  running: 0,
  paused: 1,
  shuttingDown: 2,
  asleep: 3,
  crashed: 4,
  off: 5,
  unknown: 6,
};

/** @param usedAt by the VM's key, milliseconds since 1970; 0: never */
function rankOf({ ref, vm }: VmView, order: VmOrder, usedAt: (key: string) => number): number {
  return order === 'state' ? rank[vm.power] : -usedAt(vmKey(ref));
}

interface PlacedVm {
  /** By which it was put in order. */
  readonly rank: number;
  /** In the words of the person and in English. */
  readonly states: readonly string[];
}

/** Keeps the places of the VMs until they are taken anew; a VM that comes meanwhile is put among the others. */
export class VmPlaces {
  readonly #usedAt: (key: string) => number;
  #arrangement: object | undefined;
  #placed = new Map<string, PlacedVm>();

  /** @param usedAt by the VM's key, milliseconds since 1970; 0: never */
  constructor(usedAt: (key: string) => number) {
    this.#usedAt = usedAt;
  }

  /** The next look puts them in order as they are then. */
  renew(): void {
    this.#placed = new Map();
  }

  /** @param vms by name @param arrangement another one, as with another filter, puts all in order as they are then */
  inOrder(vms: readonly VmView[], arrangement: { readonly vms?: VmOrder }): readonly VmView[] {
    if (arrangement !== this.#arrangement) {
      this.renew();
      this.#arrangement = arrangement;
    }
    const order = arrangement.vms ?? 'name';
    // One that was listed before it was read has its place when it is read.
    for (const view of vms.filter((one) => this.#rank(one) === rank.unknown)) {
      this.#placed.set(vmKey(view.ref), { rank: rankOf(view, order, this.#usedAt), states: statesOf(view) });
    }
    return order === 'name' ? vms : vms.toSorted((a, b) => this.#rank(a) - this.#rank(b));
  }

  /** A state is found by the first letters of a word of it. */
  isInState(view: VmView, filter: string): boolean {
    const states = this.#placed.get(vmKey(view.ref))?.states ?? statesOf(view);
    return filter.length >= (/\p{Script=Han}/u.test(filter) ? 2 : fewestLetters) && states.some(hasWord(filter));
  }

  #rank({ ref }: VmView): number {
    return this.#placed.get(vmKey(ref))?.rank ?? rank.unknown;
  }
}

/** Fewer would find it for a part of many names. */
const fewestLetters = 3;

function hasWord(filter: string): (text: string) => boolean {
  return (text) => {
    const at = text.indexOf(filter);
    return at >= 0 && !/\p{Script=Latin}/u.test(text.charAt(at - 1));
  };
}

function statesOf({ vm }: VmView): readonly string[] {
  return [powerWord(vm).toLowerCase(), vm.power.toLowerCase()];
}
