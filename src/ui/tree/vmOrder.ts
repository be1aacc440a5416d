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

/**
 * What is equal stays as it is handed in: by name.
 *
 * @param usedAt by the VM's key, milliseconds since 1970; 0: never
 */
export function inVmOrder(vms: readonly VmView[], order: VmOrder, usedAt: (key: string) => number): readonly VmView[] {
  switch (order) {
    case 'name':
      return vms;
    case 'state':
      return vms.toSorted((a, b) => rank[a.vm.power] - rank[b.vm.power]);
    case 'recent':
      return vms.toSorted((a, b) => usedAt(vmKey(b.ref)) - usedAt(vmKey(a.ref)));
  }
}

interface PlacedVm {
  readonly place: number;
  /** In the words of the person and in English. */
  readonly states: readonly string[];
}

/** Keeps the places of the VMs until they are taken anew; a VM that comes meanwhile stands behind the others. */
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
    const fresh = vms.filter(({ ref }) => !this.#placed.has(vmKey(ref)));
    for (const view of inVmOrder(fresh, order, this.#usedAt)) {
      this.#placed.set(vmKey(view.ref), { place: this.#placed.size, states: statesOf(view) });
    }
    return order === 'name' ? vms : vms.toSorted((a, b) => this.#place(a) - this.#place(b));
  }

  /** A state is found by the first letters of a word of it. */
  isInState(view: VmView, filter: string): boolean {
    const states = this.#placed.get(vmKey(view.ref))?.states ?? statesOf(view);
    return filter.length >= (/\p{Script=Han}/u.test(filter) ? 2 : fewestLetters) && states.some(hasWord(filter));
  }

  #place({ ref }: VmView): number {
    return this.#placed.get(vmKey(ref))?.place ?? Infinity;
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
