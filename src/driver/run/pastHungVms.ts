// A question about many VMs that libvirt answers without those that something holds, and in which it waits itself for a
// QEMU that does not answer: asked once more, that VM is held by the first question.
import { systemClock, within } from '../../base/clock.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import { heldFor } from './unanswered.js';

const patienceMs = 2_000;

const isLate = Symbol('late');

interface Asking<T> {
  readonly ask: (on?: Connection) => Promise<T>;
  readonly active: () => Promise<readonly Pick<Domain, 'name' | 'uuid'>[]>;
  readonly control: Connection;
  readonly useAnother: (act: (connection: Connection) => Promise<T>) => Promise<T>;
}

/** The first answer. It asks again as often as one more VM is held than before. */
export async function pastHungVms<T>({ ask, active, control, useAnother }: Asking<T>): Promise<T> {
  const asked = [ask()];
  for (let heldBefore = 0; ;) {
    const answer = await within(systemClock, patienceMs, Promise.race(asked), isLate);
    if (answer !== isLate) {
      return answer;
    }
    const held = await Promise.all((await active()).map((vm) => heldFor(control, { ...vm, id: -1 })));
    const heldNow = held.filter((one) => one?.by === 'monitor').length;
    if (heldNow > heldBefore) {
      heldBefore = heldNow;
      asked.push(useAnother(ask));
    }
  }
}
