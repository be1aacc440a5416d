// A VM that writes RAM and disk in lockstep, and what its RAM and its disk tell of the moment at which they were kept:
// from a dump of the one and the bytes of the other. Must say the same as scripts/guest/lockstep.asm; knows no
// extension.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { type Content, blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { Daemon } from './hypervisorRig.js';

const mebibyte = 1024 ** 2;
const pageBytes = 4096;
const memoryMiB = 64;
/** Pages that are written in each round begin here; at both ends is what the BIOS needs. */
const base = 2 * mebibyte;
const writtenMiB = 56;
const pages = writtenMiB * 256;
const blocks = 64;
const mark = Buffer.from('LockStep');

export class LockstepVm {
  readonly #daemon: Daemon;
  readonly #vm: OracleVm;

  private constructor(daemon: Daemon, vm: OracleVm) {
    this.#daemon = daemon;
    this.#vm = vm;
  }

  /** It runs, and writes. */
  static async start(daemon: Daemon, name: string): Promise<LockstepVm> {
    const vm = await OracleVm.define(daemon, { name, disks: ['qcow2'], diskMiB: 1, memoryMiB, lockstep: true });
    await virshOk(daemon.virsh, 'start', name);
    await vm.talk((guest) => guest.lockstep(0, writtenMiB, 0));
    return new LockstepVm(daemon, vm);
  }

  /** From now on its disk is written once in so many ticks of 55 ms, and its RAM goes on being. */
  async write(ticksBetween: number): Promise<void> {
    await this.#vm.talk((guest) => guest.lockstep(0, writtenMiB, ticksBetween));
  }

  /**
   * Resolves when the guest has done so many rounds more; in all of them, and those before, it found what it had
   * written.
   */
  async goOn(rounds: number): Promise<void> {
    await this.#vm.talk(async (guest) => {
      const { done } = await guest.rounds();
      for (let now = done; now < done + rounds;) {
        await wait(5);
        const told = await guest.rounds();
        assert.equal(told.wrong, 0, 'the guest did not find what it had written');
        now = told.done;
      }
    });
  }

  /** All of its RAM, of a guest that stands still. */
  async dump(name: string): Promise<Buffer> {
    const file = join(this.#daemon.dir, `${name}.ram`);
    const { name: vm } = this.#vm;
    const command = { execute: 'pmemsave', arguments: { val: 0, size: memoryMiB * mebibyte, filename: file } };
    const said = await virshOk(this.#daemon.virsh, 'qemu-monitor-command', vm, JSON.stringify(command));
    assert.ok(!said.includes('error'), said);
    return readFile(file);
  }
}

/** The numbers of the pages in which they differ. */
export function differentPages(one: Buffer, other: Buffer): readonly number[] {
  assert.equal(one.length, other.length);
  const pages = Array.from({ length: one.length / pageBytes }, (_, page) => page);
  return pages.filter((page) => {
    const [from, to] = [page * pageBytes, (page + 1) * pageBytes];
    return !one.subarray(from, to).equals(other.subarray(from, to));
  });
}

/**
 * What is not of one moment, as sentences. The RAM says which rounds were begun and done; a write that was under way
 * may have come to its end without the guest's having heard of it.
 */
export async function momentDifferences(ram: Buffer, frozen: string): Promise<readonly string[]> {
  const at = ram.indexOf(mark, 0);
  assert.ok(at >= 0, 'the dump has no mark of the guest in it');
  const [begun, done, wrong, pass] = [8, 12, 16, 20].map((offset) => ram.readUInt32LE(at + offset)) as [
    number,
    number,
    number,
    number,
  ];
  assert.ok(done > blocks, `the guest has done only ${done} rounds`);
  const rounds = stampsOf(ram, 0, begun);
  const passes = stampsOf(ram, 4, pass);
  const image = await readImage({ file: frozen, format: 'qcow2' });
  const contentAfter = (last: number): Content =>
    new Map(Array.from({ length: blocks }, (_, back) => [(last - back) % blocks, last - back] as const));
  const [without, within] = [done, done + 1].map((last) => blockDifferences(0, image, contentAfter(last)));
  const mayBeWithin = begun === done + 1 && rounds.fresh === pages;
  return [
    ...(wrong === 0 ? [] : [`the guest found ${wrong} things that were not as it had written them`]),
    ...(begun === done || begun === done + 1 ? [] : [`round ${begun} was begun, and ${done} done`]),
    ...(begun === done && rounds.fresh < pages
      ? [`round ${done} is done, and page ${rounds.fresh} has none of it`]
      : []),
    ...(rounds.stale < 0 ? [] : [`in round ${begun} page ${rounds.stale} is neither of that nor of the one before`]),
    ...(passes.stale < 0 ? [] : [`in pass ${pass} page ${passes.stale} is neither of that nor of the one before`]),
    ...(without!.length === 0 || (mayBeWithin && within!.length === 0)
      ? []
      : [`the RAM is of round ${done}: ${without!.join('; ')}`]),
  ];
}

/**
 * `fresh`: how many pages from the first on have that number; `stale`: the first behind them that has not the one
 * before.
 */
function stampsOf(ram: Buffer, offset: number, now: number): { readonly fresh: number; readonly stale: number } {
  const stamps = Array.from({ length: pages }, (_, page) => ram.readUInt32LE(base + page * pageBytes + offset));
  const other = stamps.findIndex((stamp) => stamp !== now);
  const fresh = other < 0 ? pages : other;
  return { fresh, stale: stamps.findIndex((stamp, page) => page >= fresh && stamp !== now - 1) };
}
