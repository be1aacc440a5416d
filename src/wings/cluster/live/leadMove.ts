// Leads the two hosts of a live move through its parts, and finds out where the VM is when it is over.
import { Failure } from '../../../domain/failure.js';
import type {
  MigratedState,
  MigratedVm,
  MigrationHost,
  MigrationRun,
  MigrationWish,
} from '../../../driver/migrationHost.js';
import { clusterFailure } from '../clusterFailure.js';

export interface MoveEnds {
  readonly source: MigrationHost;
  readonly destination: MigrationHost;
}

/** Where a VM is; `nowhere`: it runs on neither host. */
type WhereItIs = 'source' | 'destination' | 'nowhere';

/**
 * Everything that the other host can say beforehand: it starts a QEMU that waits, and ends it. The guest feels nothing.
 * Rejects with what is in the way. With snapshots, what is in the way at its own host is not told; disks that are
 * copied are left out, for the other host does not have them yet.
 *
 * @returns the VM as it runs, without these
 */
export async function tryMove(
  { source, destination }: MoveEnds,
  vm: MigratedVm,
  snapshots: 'some' | 'none',
  asked: MigrationWish,
): Promise<string> {
  const { copied = [], ...wish } = asked;
  const whole = snapshots === 'none' ? await source.begin(vm, asked) : undefined;
  const begun = whole === undefined || copied.length > 0 ? await source.pretend(vm, copied) : whole;
  await destination.prepare(vm, begun, wish);
  await destination.giveUp(vm, wish);
  return begun.definition;
}

/** What is done between the parts of a move. */
interface BetweenParts {
  /** All is sent, and the guest stands still: rejects where it must go on where it was. */
  readonly sent?: () => Promise<void>;
  /** It does not run there: that was answered. */
  readonly refused?: () => Promise<void>;
  /** It runs there. */
  readonly arrived?: () => Promise<void>;
}

/**
 * An error says nothing of where the VM is: `settle` finds out.
 *
 * @returns milliseconds that the guest stood still, where they were counted
 */
export async function leadMove(
  { source, destination }: MoveEnds,
  vm: MigratedVm,
  asked: MigrationWish,
  run: MigrationRun,
  between: BetweenParts = {},
): Promise<number | undefined> {
  // No host asks the other: libvirt's own clients look, too.
  const wish = { ...asked, isPaused: (await source.stateOf(vm.uuid)) === 'paused' };
  const begun = await source.begin(vm, wish);
  const prepared = await destination.prepare(vm, begun, wish);
  // The other host's QEMU would go on without its daemon: the source does not hear of that.
  const lost = new AbortController();
  const listening = destination.onDidClose(() => lost.abort());
  let sent;
  try {
    const signal = AbortSignal.any([run.signal, lost.signal]);
    sent = await source.perform(vm, prepared, wish, { ...run, signal });
  } catch (error) {
    await destination.giveUp(vm, wish).catch(() => undefined);
    throw error;
  } finally {
    listening.dispose();
  }
  try {
    await between.sent?.();
  } catch (error) {
    await destination.giveUp(vm, wish);
    await source.confirm(vm, undefined, wish);
    throw error;
  }
  let ended;
  try {
    ended = await destination.finish(vm, sent, wish);
  } catch (error) {
    // Without an answer nobody knows whether it runs there by now.
    if (error instanceof Failure && error.kind !== 'lost') {
      await between.refused?.();
      await source.confirm(vm, undefined, wish);
    }
    throw error;
  }
  await between.arrived?.();
  await source.confirm(vm, ended, wish);
  return (await destination.arrivalOf(vm.uuid))?.stopMs;
}

/** Whether the other host let the guest run. `unsure`: it was asked, and what the guest writes to has changed since. */
export type LetRun = 'no' | 'unsure' | 'yes';

/** What is to be done at either host, and where the VM is then. */
interface Settlement {
  readonly source?: 'goOn' | 'end';
  readonly destination?: 'end';
  readonly where: WhereItIs;
}

/**
 * `on` is also `paused` where the table does not say otherwise.
 *
 * | source      | destination | it is at    | because                                                  |
 * |-------------|-------------|-------------|----------------------------------------------------------|
 * | on          | absent, off | source      | it has not left                                          |
 * | on          | torn        | source      | a QEMU waits there for what never comes: it is ended     |
 * | paused      | on, arrived | destination | what stands still here has gone there: what is left ends |
 * | on          | on          | ?           | a person decides                                         |
 * | torn        | on, ended   | destination | its own host did not hear of the end: what is left ends  |
 * | torn        | absent, off | source      | it was given up there: it goes on                        |
 * | torn        | torn        | source      | nobody let it run there: that ends, and this goes on     |
 * | absent, off | on          | destination | it has moved                                             |
 * | absent, off | other       | nowhere     | its QEMU has ended                                       |
 * | any         | not on      | ?           | where it was let run there: but what is torn here ends   |
 * | any         | not on      | ?           | where nobody can tell: it may have run there             |
 *
 * `off` is also `ended` where the table does not say otherwise.
 *
 * @param arrived the other host says that its guest came by a move
 * @param letRun see `LetRun`
 */
export function settledBy(
  source: MigratedState,
  destination: MigratedState,
  arrived: boolean,
  letRun: LetRun = 'no',
): Settlement | undefined {
  const ending = destination === 'torn' ? { destination: 'end' as const } : {};
  const isThere = isOn(destination);
  switch (source) {
    case 'on':
    case 'paused':
      if (isThere || letRun !== 'no') {
        return source === 'paused' && arrived ? { source: 'end', where: 'destination' } : undefined;
      }
      return { ...ending, where: 'source' };
    case 'torn':
      if (isThere || destination === 'ended' || (letRun === 'yes' && destination !== 'torn')) {
        return { source: 'end', where: 'destination' };
      }
      return letRun === 'no' ? { ...ending, source: 'goOn', where: 'source' } : undefined;
    case 'absent':
    case 'off':
    case 'ended':
      return { where: isThere ? 'destination' : 'nowhere' };
  }
}

function isOn(state: MigratedState): boolean {
  return state === 'on' || state === 'paused';
}

/**
 * Asks both hosts, and does what lets the VM go on at exactly one of them. Rejects where one does not answer.
 * @param letRun is asked after each look at the hosts
 * @throws Failure `bothOn`, `bothUsed`
 */
export async function settle(
  { source, destination }: MoveEnds,
  vm: MigratedVm,
  letRun: () => Promise<LetRun> = () => Promise.resolve('no'),
): Promise<WhereItIs> {
  const look = (): Promise<readonly [MigratedState, MigratedState]> =>
    Promise.all([source.stateOf(vm.uuid), destination.stateOf(vm.uuid)]);
  for (let [here, there] = await look(); ;) {
    const arrived = here === 'paused' && isOn(there) && (await destination.arrivalOf(vm.uuid)) !== undefined;
    const settled = settledBy(here, there, arrived, await letRun());
    if (settled === undefined) {
      throw clusterFailure(isOn(there) ? 'bothOn' : 'bothUsed');
    }
    try {
      // First what must be over before the other goes on.
      await (settled.destination === 'end' && destination.end(vm, 'torn'));
      await (settled.source === 'end' && source.end(vm, here === 'paused' ? 'paused' : 'torn'));
      await (settled.source === 'goOn' && source.goOn(vm));
      return settled.where;
    } catch (error) {
      const was = `${here} ${there}`;
      [here, there] = await look();
      // A daemon that has just come back ends it by itself, too.
      if (was === `${here} ${there}`) {
        throw error;
      }
    }
  }
}
