// Guests through libvirt: each question on a connection beside the one that stays, because it may take long.
import { type LineWish, openGuestLine, openConsole } from '../guest/guestLine.js';
import { readAddresses } from '../guest/guestAddresses.js';
import { runInGuest } from '../guest/runInGuest.js';
import { readScreenshot, thumbnailOf } from '../guest/screenshot.js';
import type { GuestAccess, GuestLine } from '../guestAccess.js';
import { cablesOf } from '../xml/cablesXml.js';
import { displayKindOf } from '../xml/displayXml.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { Failure } from '../../domain/failure.js';
import { requireAnswering, whileAnswered } from '../run/unanswered.js';
import { toFailure } from '../toFailure.js';
import type { Connection } from '../../libvirt/connection.js';
import type { Log } from '../../base/log.js';
import type { OtherConnections } from './otherConnections.js';
import type { DirectAccess } from '../files/openFiles.js';
import { randomBytes } from 'node:crypto';
import { seedBytes } from '../../domain/guestIdentity.js';
import seedProgram from '../../domain/guestSeed.sh';
import { setGuestClockStep } from '../run/guestClock.js';
import type { StepContext } from '../run/stepContext.js';

interface GuestHost {
  readonly uri: string;
  /** The one that stays, on which no call waits for QEMU. */
  readonly control: Connection;
  /** The guests' host is this computer. */
  readonly onThisHost: boolean;
  readonly log: Log;
  /** To another host, where one leads there. */
  readonly login: HostLogin | undefined;
  readonly direct: Pick<DirectAccess, 'readText'> | undefined;
}

const memory = '/proc/meminfo';
const mostText = 65_536;

export function libvirtGuests(
  others: OtherConnections,
  { uri, control, onThisHost, log, login, direct }: GuestHost,
): GuestAccess {
  const ask = async <T>(vm: string, doing: string, question: (connection: Connection) => Promise<T>): Promise<T> => {
    try {
      return await others.use(question);
    } catch (error) {
      throw toFailure(error, { connection: uri, vm, doing });
    }
  };
  /** Asks QEMU. If QEMU hangs, the call reports it and does not wait. */
  const look = <T>(uuid: string, doing: string, question: (connection: Connection) => Promise<T>): Promise<T> =>
    ask(uuid, doing, async (connection) => {
      const { dom } = await control.call('domainLookupByUuid', { uuid });
      await requireAnswering(control, dom);
      return whileAnswered(question(connection), { control, dom });
    });
  const line = async (vm: string, wish: Omit<LineWish, 'release'>): Promise<GuestLine> => {
    try {
      const release = (connection: Connection): void => others.close(connection);
      return await openGuestLine(await others.open(), vm, { ...wish, release });
    } catch (error) {
      throw toFailure(error, { connection: uri, vm, doing: wish.doing });
    }
  };
  const readDebugger: GuestAccess['readDebugger'] = (uuid) =>
    look(uuid, 'looking for a debugger', async (connection) =>
      (await import('../run/debugServer.js')).readDebugger(connection, uuid),
    );
  const displayOf: GuestAccess['displayOf'] = (uuid) =>
    line(uuid, {
      doing: 'opening the display',
      open: async (connection, dom, _taking, details) => {
        const { openDisplay } = await import('../guest/displayLine.js');
        return openDisplay(connection, dom, onThisHost ? 'here' : login, details);
      },
    });
  const displayPasswordOf: GuestAccess['displayPasswordOf'] = (uuid) =>
    look(uuid, 'reading the password of a display', async (connection) =>
      (await import('../guest/displayLine.js')).readDisplayPassword(connection, uuid),
    );
  return {
    consoleOf: (uuid) => line(uuid, { doing: 'opening the console', open: openConsole }),
    displayOf,
    debuggerOf: (uuid, socket) =>
      line(uuid, {
        doing: 'attaching a debugger',
        open: async (connection, dom, _taking, details) => {
          // One that hangs answers nothing of what follows.
          await readDebugger(uuid);
          const { openDebugger } = await import('./debuggerLine.js');
          return openDebugger(connection, dom, { to: onThisHost ? 'here' : login, socket, details });
        },
      }),
    closeDebugger: (uuid) =>
      look(uuid, 'detaching a debugger', async (connection) =>
        (await import('../run/debugServer.js')).closeDebugger(connection, uuid),
      ),
    readDebugger,
    displayKindOf: (uuid) =>
      ask(uuid, 'looking for a display', async (connection) => {
        const { dom } = await connection.call('domainLookupByUuid', { uuid });
        return displayKindOf((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml);
      }),
    displayPasswordOf,
    addressesOf: (uuid, seen) =>
      look(uuid, 'looking for the addresses of a guest', (connection) => readAddresses(connection, uuid, seen)),
    networksOf: (uuid) =>
      ask(uuid, 'looking for the networks of a guest', async (connection) => {
        const { dom } = await connection.call('domainLookupByUuid', { uuid });
        return [...cablesOf((await connection.call('domainGetXmlDesc', { dom, flags: 0 })).xml).networks];
      }),
    portOf: async (uuid, port) =>
      onThisHost || login?.sshHost !== undefined
        ? look(uuid, 'looking for a way into a guest', async (connection) =>
            (await import('./guestPort.js')).openPort(connection, uuid, port),
          )
        : undefined,
    runIn: (uuid, command, signal) =>
      ask(uuid, 'running a program in a guest', (connection) => runInGuest(connection, uuid, command, signal)),
    settleFork: (uuid) => settleFork({ useAnother: (act) => others.use(act), onThisHost, log }, uuid),
    freeMemory: async () => {
      try {
        const kib = /^MemAvailable:\s+(\d+) kB/mu.exec((await direct?.readText(memory, mostText)) ?? '')?.[1];
        return kib === undefined ? undefined : Number(kib) * 1024;
      } catch (error) {
        log.info(`the free memory of the host is not known: ${String(error)}`);
        return undefined;
      }
    },
    tuningOf: (uuid) =>
      look(uuid, 'reading the speed of disks and networks', async (connection) =>
        (await import('../run/diskLimits.js')).readTuning(connection, uuid),
      ),
    dirtyRateOf: (uuid) =>
      look(uuid, 'measuring how fast a guest writes to its RAM', async (connection) =>
        (await import('../guest/dirtyRate.js')).readDirtyRate(connection, uuid),
      ),
    pressKeys: (uuid, chords, signal) =>
      look(uuid, 'pressing keys', async (connection) =>
        (await import('../guest/guestInput.js')).pressKeys(connection, uuid, chords, signal),
      ),
    click: async (uuid, where) => {
      const { clickAt } = await import('../guest/guestInput.js');
      const password = await displayPasswordOf(uuid);
      const display = await displayOf(uuid);
      try {
        const stream = await display.open('ifFree');
        if (stream === undefined) {
          throw new Failure('unsupported', { libvirtMessage: 'the VM is off' });
        }
        await clickAt(stream, where, password);
      } catch (error) {
        throw toFailure(error, { connection: uri, vm: uuid, doing: 'clicking on a display' });
      } finally {
        display.dispose();
      }
    },
    screenshotOf: (uuid) => look(uuid, 'looking at a display', (connection) => readScreenshot(connection, uuid)),
    thumbnailOf: (uuid) =>
      look(uuid, 'looking at a display', async (connection) => thumbnailOf(await readScreenshot(connection, uuid))),
  };
}

type SettleContext = Pick<StepContext, 'useAnother' | 'onThisHost' | 'log'>;

const seedMs = 3_000;

/**
 * Two guests of one RAM would make the same random numbers, and both are of the past. Good without: an agent must
 * answer. Never rejects; resolves after some four seconds at the latest.
 */
async function settleFork(context: SettleContext, uuid: string): Promise<void> {
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
