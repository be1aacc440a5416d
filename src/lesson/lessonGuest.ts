// The VM of the lesson as the lesson uses it: its guest writes and counts, its files are looked at. Changes no VM.
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { undefinedIfAbsent } from '../base/errno.js';
import { type DemoVm, demoVmFiles } from '../domain/demoVm.js';
import { type Vm, xmlChain } from '../domain/vm.js';
import { askGuest } from './guestLine.js';
import type { LessonFile } from './lessonFacts.js';

/** One block of 4 KiB in each cluster of 64 KiB: 8 MiB of the disk's 32. */
const batch = 128;
/** More files than a lesson makes. */
const mostFiles = 200;

/** One order at a time: the serial port takes one caller. */
export class LessonGuest {
  readonly #vm: DemoVm;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(vm: DemoVm) {
    this.#vm = vm;
  }

  /** The same blocks each time, with other content. */
  write(seed: number): Promise<void> {
    const order = `B 0 0 ${String(batch)} ${String(seed)}`;
    return this.#inTurn(async () => {
      await this.#ask(order, order);
    });
  }

  /** Ticks of the guest's clock since its boot. */
  ticks(): Promise<number> {
    return this.#inTurn(async () => Number(/^T (\d+)$/u.exec(await this.#ask('T'))?.[1]));
  }

  /**
   * What the disk and the snapshots consist of, the base first.
   * @param lying the files that the disk lies on, top first, where libvirt does not tell them
   */
  async files(vm: Vm | undefined, lying?: readonly string[]): Promise<readonly LessonFile[]> {
    const { disk, kernel, serial } = demoVmFiles(this.#vm);
    const aside = new Set([kernel, serial].map((path) => basename(path)));
    const names = (await readdir(this.#vm.folder)).filter((name) => !aside.has(name)).slice(0, mostFiles);
    const chain = chainOf(vm);
    const layers = [...(chain ?? lying ?? [])].reverse();
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
        const layer = layers.indexOf(path);
        return {
          name,
          bytes: facts.blocks * 512,
          kind,
          ...(layer >= 0 && { layer }),
          ...(chain !== undefined && kind !== 'memory' && { inUse: chain.includes(path) }),
        };
      });
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
