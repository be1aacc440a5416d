// One conversation with an oracle guest over its serial port: a line there, a line back (scripts/guest/oracle.asm).
// Knows no libvirt; a new QEMU process wants a new conversation.
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';

/** A guest that says nothing for so long stands still for good; its answers take milliseconds. */
const patienceMs = 60_000;

/** The guest has a buffer of 1024 characters, and reads none of them while a disk is at work. */
const mostInFlight = 16;

export interface GuestRam {
  readonly counter: number;
  /** RAM that was filled: KiB and seed, and whether all of it is still so. */
  readonly filled: { readonly kib: number; readonly seed: number; readonly whole: boolean };
}

/** What is said to a guest that runs; each resolves when the guest has done it. Rejects when QEMU ends meanwhile. */
export interface Talk {
  /** The blocks are on the disk when it resolves. */
  write(disk: number, blocks: Iterable<readonly [block: number, seed: number]>): Promise<void>;
  /** What the guest itself finds there: a seed, nothing, or a block that is damaged. */
  read(disk: number, block: number): Promise<number | 'empty' | 'broken'>;
  setCounter(counter: number): Promise<void>;
  fillRam(kib: number, seed: number): Promise<void>;
  ram(): Promise<GuestRam>;
  /**
   * From now on it writes that much of its RAM and the disk in lockstep, and goes over its RAM between; only a guest
   * that was assembled so can do it.
   */
  lockstep(disk: number, ramMiB: number, ticksBetween: number): Promise<void>;
  rounds(): Promise<Rounds>;
}

/** The rounds of lockstep.asm. */
export interface Rounds {
  readonly begun: number;
  readonly done: number;
  /** How often it did not find what it had written. */
  readonly wrong: number;
}

/**
 * @param socket the path that the guest's serial port listens on; there as soon as libvirt says that the VM is started
 * @throws {Error} when nobody listens, QEMU ends, or the guest does not answer as it must
 */
export async function talkTo<T>(socket: string, conversation: (talk: Talk) => Promise<T>): Promise<T> {
  const line = new Line(connect(socket));
  try {
    await line.greet();
    return await conversation({
      write: (disk, blocks) => line.askAll([...blocks].map(([block, seed]) => `W ${disk} ${block} ${seed}`)),
      read: async (disk, block) => {
        const [, , , seed = '', state = ''] = (await line.ask(`R ${disk} ${block}`)).split(' ');
        return state === 'whole' ? Number(seed) : state === 'empty' ? 'empty' : 'broken';
      },
      setCounter: (counter) => line.askAll([`C ${counter}`]),
      fillRam: (kib, seed) => line.askAll([`F ${kib} ${seed}`]),
      ram: async () => {
        const said = await line.ask('?');
        const [, counter, kib, seed, state] = /^\? (\d+) (\d+) (\d+) (whole|broken)$/u.exec(said) ?? [];
        if (state === undefined) {
          throw new Error(`the guest answers "${said}" to ?`);
        }
        const filled = { kib: Number(kib), seed: Number(seed), whole: state === 'whole' };
        return { counter: Number(counter), filled };
      },
      lockstep: async (disk, ramMiB, ticksBetween) => {
        const said = await line.ask(`L ${disk} ${ramMiB} ${ticksBetween}`);
        if (said !== `L ${disk} ${ramMiB}`) {
          throw new Error(`the guest answers "${said}" to L`);
        }
      },
      rounds: async () => {
        const said = await line.ask('K');
        const [, begun, done, wrong] = /^K (\d+) (\d+) (\d+)$/u.exec(said) ?? [];
        if (wrong === undefined) {
          throw new Error(`the guest answers "${said}" to K`);
        }
        return { begun: Number(begun), done: Number(done), wrong: Number(wrong) };
      },
    });
  } finally {
    line.end();
  }
}

class Line {
  readonly #socket: Socket;
  readonly #lines: Interface;
  readonly #heard: string[] = [];
  #waiting: { resolve: (line: string) => void; reject: (error: Error) => void } | undefined;
  #failed: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket });
    this.#lines.on('line', (line) => {
      if (this.#waiting === undefined) {
        this.#heard.push(line);
      } else {
        this.#waiting.resolve(line);
        this.#waiting = undefined;
      }
    });
    const fail = (error: Error): void => {
      this.#failed ??= error;
      this.#waiting?.reject(this.#failed);
      this.#waiting = undefined;
    };
    // Readline hands an error of its input on to itself.
    this.#lines.on('error', fail);
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the serial port was closed: QEMU has ended')));
    socket.setTimeout(patienceMs, () => {
      socket.destroy(new Error(`the guest has said nothing for ${patienceMs} ms`));
    });
  }

  /** Leaves behind whatever an earlier conversation did not wait for, and an order that it did not end. */
  async greet(): Promise<void> {
    const greeting = `P ${Math.floor(Math.random() * 2 ** 31)}`;
    this.#socket.write(`\n${greeting}\n`);
    while ((await this.#next()) !== greeting);
  }

  async ask(order: string): Promise<string> {
    this.#socket.write(`${order}\n`);
    return this.#next();
  }

  /** Orders that the guest repeats when they are done. */
  async askAll(orders: readonly string[]): Promise<void> {
    let answered = 0;
    for (let sent = 0; answered < orders.length; answered++) {
      for (; sent < orders.length && sent - answered < mostInFlight; sent++) {
        this.#socket.write(`${orders[sent]!}\n`);
      }
      const answer = await this.#next();
      if (answer !== orders[answered]) {
        throw new Error(`the guest answers "${answer}" to "${orders[answered]!}"`);
      }
    }
  }

  end(): void {
    this.#lines.close();
    this.#socket.destroy();
  }

  #next(): Promise<string> {
    const line = this.#heard.shift();
    if (line !== undefined) {
      return Promise.resolve(line);
    }
    if (this.#failed !== undefined) {
      return Promise.reject(this.#failed);
    }
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }
}
