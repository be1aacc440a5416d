// What a guest that goes on from another one's RAM needs: the time of now, and random numbers of its own.
import { randomBytes } from 'node:crypto';
import { seedBytes } from '../../domain/guestSeed.js';
import seedProgram from '../../domain/guestSeed.sh';
import { runInGuest } from '../guest/runInGuest.js';
import { setGuestClockStep } from '../run/guestClock.js';
import type { StepContext } from '../run/stepContext.js';

type SettleContext = Pick<StepContext, 'useAnother' | 'onThisHost' | 'log'>;

const seedMs = 3_000;

/**
 * Two guests of one RAM would make the same random numbers, and both are of the past. Good without: an agent must
 * answer. Never rejects; resolves after some four seconds at the latest.
 */
export async function settleFork(context: SettleContext, uuid: string): Promise<void> {
  await setGuestClockStep({ ...context, dom: { name: '', uuid, id: -1 } });
  const signal = AbortSignal.timeout(seedMs);
  const seed = {
    program: '/bin/sh',
    args: ['-c', seedProgram],
    input: randomBytes(seedBytes),
    atMostMs: seedMs,
  };
  try {
    await context.useAnother((connection) => runInGuest(connection, uuid, seed, signal));
  } catch (error) {
    context.log.info(`the random numbers of the guest are not seeded: ${String(error)}`);
  }
}
