// The VM of the lesson as the lesson uses it: its guest writes and counts, its files are looked at. Changes no VM.
import { readdir, rename, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { undefinedIfAbsent } from '../base/errno.js';
import { type DemoVm, demoVmFiles } from '../domain/demoVm.js';
import { type Vm, xmlChain } from '../domain/vm.js';
import type { LessonFile } from './lessonFacts.js';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

// What is said to the guest of the lesson over its serial port: a line there, a line back. Its orders are told in
// scripts/guest/oracle.asm.

/** A guest that says nothing for so long stands still; its answers take milliseconds. */
const patienceMs = 30_000;
/** Longer lines are no answers of this guest. */
const longestAnswer = 200;

/**
 * The guest's answer. Before the order it is asked whether it is there, which skips whatever an earlier one left.
 * @param socket the path that QEMU listens on
 * @throws {Error} when nobody listens, QEMU ends, or the guest is silent
 */
async function askGuest(socket: string, order: string): Promise<string> {
  const line = connect(socket);
  const reader = createInterface({ input: line });
  try {
    return await new Promise<string>((resolve, reject) => {
      const greeting = `P ${String(Math.floor(Math.random() * 2 ** 31))}`;
      let greeted = false;
      // Readline hands an error of its input on to itself.
      reader.on('error', reject);
      line.on('error', reject);
      line.on('close', () => reject(new Error('the serial port was closed')));
      line.setTimeout(patienceMs, () => reject(new Error(`the guest said nothing for ${String(patienceMs)} ms`)));
      reader.on('line', (text) => {
        if (greeted) {
          resolve(text.slice(0, longestAnswer));
        } else if (text === greeting) {
          greeted = true;
          line.write(`${order}\n`);
        }
      });
      line.write(`\n${greeting}\n`);
    });
  } finally {
    reader.close();
    line.destroy();
  }
}

/** More files than a lesson makes. */
const mostFiles = 200;

/** One order at a time: the serial port takes one caller. */
export class LessonGuest {
  readonly #vm: DemoVm;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(vm: DemoVm) {
    this.#vm = vm;
  }

  /** Blocks of one number, one in each cluster. */
  write({ at, blocks, seed }: { readonly at: number; readonly blocks: number; readonly seed: number }): Promise<void> {
    const order = `B 0 ${String(at)} ${String(blocks)} ${String(seed)}`;
    return this.#inTurn(async () => {
      await this.#ask(order, order);
    });
  }

  setCounter(to: number): Promise<void> {
    const order = `C ${String(to)}`;
    return this.#inTurn(async () => {
      await this.#ask(order, order);
    });
  }

  counter(): Promise<number> {
    return this.#inTurn(async () => Number(/^\? (\d+)/u.exec(await this.#ask('?'))?.[1]));
  }

  /** The number that was written to a block; 0: none. */
  block(at: number): Promise<number> {
    return this.#inTurn(async () => {
      const [, seed, state] = /^R 0 \d+ (\d+) (\w+)/u.exec(await this.#ask(`R 0 ${String(at)}`)) ?? [];
      return state === 'whole' ? Number(seed) : state === 'empty' ? 0 : NaN;
    });
  }

  /** Ticks of the guest's clock since its boot. */
  ticks(): Promise<number> {
    return this.#inTurn(async () => Number(/^T (\d+)$/u.exec(await this.#ask('T'))?.[1]));
  }

  /**
   * What the disk and the snapshots consist of, the base first.
   * @param rows the files of the disk as the picture orders them
   */
  async files(vm: Vm | undefined, rows: readonly string[]): Promise<readonly LessonFile[]> {
    const { disk, kernel, serial } = demoVmFiles(this.#vm);
    const aside = new Set([kernel, serial].map((path) => basename(path)));
    const names = (await readdir(this.#vm.folder)).filter((name) => !aside.has(name)).slice(0, mostFiles);
    const chain = chainOf(vm);
    const found = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#vm.folder, name);
        // A merge or a revert may have removed it since.
        const facts = await undefinedIfAbsent(stat(path));
        return facts?.isFile() === true ? [{ path, name, facts }] : [];
      }),
    );
    return found
      .flat()
      .sort((a, b) => a.facts.birthtimeMs - b.facts.birthtimeMs)
      .map(({ path, name, facts }): LessonFile => {
        const kind = path === disk ? 'base' : name.endsWith('.mem') ? 'memory' : 'delta';
        const layer = rows.indexOf(path);
        return {
          name,
          bytes: facts.blocks * 512,
          kind,
          ...(layer >= 0 && { layer }),
          ...(chain !== undefined && kind !== 'memory' && { inUse: chain.includes(path) }),
        };
      });
  }

  /** While the VM is off, as if it were lost; or back again. */
  async setLost(isLost: boolean): Promise<void> {
    const { disk } = demoVmFiles(this.#vm);
    const away = `${disk}.lost`;
    await rename(isLost ? disk : away, isLost ? away : disk);
    if (!isLost) {
      // A change of its name looks like a write that somebody hides: this says that it is what it was.
      const { atime, mtime } = await stat(disk);
      await utimes(disk, atime, mtime);
    }
  }

  async #ask(order: string, wanted?: string): Promise<string> {
    const answer = await askGuest(demoVmFiles(this.#vm).serial, order);
    if (answer.startsWith('E ') || (wanted !== undefined && answer !== wanted)) {
      throw new Error(`the guest answers "${answer}" to "${order}"`);
    }
    return answer;
  }

  #inTurn<T>(what: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(what);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }
}

/** The files that the VM reads, top first; undefined where libvirt does not tell. */
export function chainOf(vm: Vm | undefined): readonly string[] | undefined {
  const [disk] = vm?.disks ?? [];
  return disk?.source === undefined || disk.backing === undefined ? undefined : xmlChain(disk);
}
