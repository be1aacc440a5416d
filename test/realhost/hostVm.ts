// A VM of a real host, and what it must hold: a row is done to both by the product's user, and compared.
import { statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { dirname } from 'node:path';
import { virshOf, virshOk } from '../../scripts/guest/defineVm.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import type { OracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { Model, type Power } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { Virsh } from '../oracle/seen.js';
import { find, findAll, readXml } from '../oracle/xml.js';
import type { Answer, Order } from './hands.js';
import { type HostUser, hostWord } from './hostUser.js';
import type { Group, Row } from './rows.js';

/** The judge's, who is root: at the daemon of a user, as that user. */
function judgesVirsh({ uri, user = 'root' }: Pick<Group, 'uri' | 'user'>): Virsh {
  if (uri !== 'qemu:///session') {
    return virshOf('qemu:///system');
  }
  const runtime = `XDG_RUNTIME_DIR=/run/user/${String(statSync(`/home/${user}`).uid)}`;
  return async (args) => {
    if (args[0] === 'define') {
      await chmod(dirname(args[1]!), 0o755);
    }
    return run('runuser', ['-u', user, '--', 'env', runtime, `HOME=/home/${user}`, 'virsh', '-q', '-c', uri, ...args]);
  };
}

/** Of a VM on two hosts: QEMU ends by removing its socket, where the other host's listens meanwhile. */
const ofOneHost = '/srv/one-host';

/** More than any VM had written before its host fell. */
const knownSeeds = 50;

export class HostVm {
  #vm: OracleVm;
  #model: Model;
  /** Before the last revert. */
  #before: Model | undefined;
  readonly #marked = new Map<string, Model>();
  #seed = 0;

  /** Nobody talks to the guest of a copy, nor to one that is no oracle: its serial port is a console. */
  readonly #isSilent: boolean;

  private constructor(vm: OracleVm, model: Model, isSilent = false) {
    this.#vm = vm;
    this.#model = model;
    this.#isSilent = isSilent;
  }

  static async define(name: string, { folder, disk, machine, shared, ...who }: Group): Promise<HostVm> {
    const virsh = judgesVirsh(who);
    const dir = shared ? ofOneHost : folder;
    await runOk('mkdir', ['-p', folder, dir]);
    const vm = await OracleVm.define({ virsh, dir }, { name, folder, disks: [disk] });
    if (folder.startsWith('/home/')) {
      await runOk('chown', ['-R', `--reference=/home/${who.user!}`, folder]);
    }
    if (machine !== undefined) {
      await hostDoes(machine, name, folder);
    }
    return new HostVm(vm, Model.fresh(1), machine === 'uefi');
  }

  /** As it was written down before the host fell. */
  static known(guest: OracleGuest, model: Model): HostVm {
    const vm = new HostVm(new OracleVm(virshOf('qemu:///system'), guest), model);
    vm.#seed = knownSeeds;
    return vm;
  }

  get name(): string {
    return this.#vm.name;
  }

  get model(): Model {
    return this.#model;
  }

  get guest(): OracleGuest {
    return this.#vm.guest;
  }

  /** What no snapshot holds, if the guest runs. */
  async write(): Promise<void> {
    if (this.#model.power !== 'running' || this.#isSilent) {
      return;
    }
    const seed = ++this.#seed;
    const blocks = [0, seed, 100 + seed].map((block) => [block, 1000 + seed] as const);
    await this.#vm.talk(async (guest) => {
      await guest.write(0, blocks);
      await guest.setCounter(seed);
    });
    this.#model = this.#model.wrote(0, blocks).setRam({ counter: seed });
  }

  /**
   * @param madeAs the VM that a row makes
   * @returns its answer, or the VM that was made
   */
  async carryOut(row: Row, user: HostUser, folder: string, madeAs = ''): Promise<Answer & { made?: HostVm }> {
    const { name } = this;
    const model = this.#model;
    const ask = async (order: Order, then: () => unknown): Promise<Answer> => {
      const answer = await user.ask(order);
      if (answer.failed === undefined) {
        await then();
      }
      return answer;
    };
    const becomes = (next: Model) => (): void => {
      this.#model = next;
    };
    switch (row.act) {
      case 'start':
        return ask({ vm: name, call: 'start', args: [] }, becomes(model.powered('start')));
      case 'force off':
        return ask({ vm: name, call: 'stop', args: [{ force: true }] }, becomes(model.powered('forceOff')));
      case 'undo':
        return ask({ vm: name, call: 'undo', args: [] }, becomes(this.#before!));
      case 'checkpoint': {
        const { title, kind, style, live = false } = row;
        const seamless: 'auto' | 'never' = row.seamless ?? 'never';
        const ofRam = kind === 'memory' && style === 'external' ? { live, seamless } : {};
        const options = { kind, style, ...ofRam };
        return ask({ vm: name, call: 'checkpoint', args: [title, options] }, async () => {
          this.#model = model.created({ name: await this.#named(title), title, kind, style });
        });
      }
      case 'revert': {
        const snapshot = await this.#named(row.title);
        const after = model.power === 'off' ? 'off' : 'running';
        return ask({ vm: name, call: 'revert', args: [snapshot, { after }] }, () => {
          this.#before = model;
          this.#model = model.reverted(snapshot, after);
        });
      }
      case 'delete': {
        const snapshot = await this.#named(row.title);
        return ask({ vm: name, call: 'delete', args: [snapshot] }, becomes(model.deleted(snapshot, 'one')));
      }
      case 'run': {
        const { exit = 0, becomes: next = (same: Model) => same, marks, backAt } = row;
        if (marks !== undefined) {
          this.#marked.set(marks, model);
        }
        const later = backAt === undefined ? next(model) : this.#marked.get(backAt)!;
        const shell = row.words.map((word) => word.replaceAll('VM', name).replaceAll('FOLDER', folder));
        const { said, failed } = await ask({ shell }, becomes(later));
        return exit !== 0 && failed?.kind === `exit ${String(exit)}`
          ? { said: failed.message }
          : { ...(said !== undefined && { said }), ...(failed !== undefined && { failed }) };
      }
      case 'host': {
        const said = await hostDoes(row.does, name, folder);
        this.#model = row.becomes?.(model) ?? model;
        return { said };
      }
      case 'linked clone':
      case 'full clone': {
        const from = await this.#named(row.of);
        const full = row.act === 'full clone' ? ['--full'] : [];
        const answer = await user.ask({ shell: ['clone', name, '--from', from, ...full, '--name', madeAs] });
        const content = Model.fresh(1).definedAnew(model.snapshots.get(from)!);
        return answer.failed === undefined ? { made: await this.#sibling(madeAs, content) } : answer;
      }
      case 'fork': {
        const answer = await user.ask({ shell: ['fork', name, '--name', madeAs] });
        const content = Model.fresh(1).definedAnew(model).powered('start').setRam(model.ram!);
        return answer.failed === undefined ? { made: await this.#sibling(madeAs, content) } : answer;
      }
    }
  }

  /** What is not as it must be. Snapshots that the product made by itself may be there. */
  async differences(must: Model = this.#model, anyPower = false): Promise<readonly string[]> {
    const { power, snapshots } = must;
    // The RAM of a guest that is paused is not asked for.
    const asked = this.#isSilent && power === 'running' ? must.powered('pause') : must;
    const { differences, seen } = await this.#vm.compare(asked, 'everything');
    const there = new Set(seen.snapshots.map(({ name }) => name));
    const lost = [...snapshots.values()].filter(({ name }) => !there.has(name));
    return [
      ...differences.filter(({ about }) => about !== 'tree' && about !== 'state').map(({ what }) => what),
      ...(seen.power === power || anyPower ? [] : [`the VM must be ${power}, and is ${seen.power}`]),
      ...lost.map(({ title }) => `snapshot ${title} is gone`),
    ];
  }

  /** What it must be once a row is carried out; a snapshot that is made has no name yet. */
  async foresee(row: Row): Promise<Model> {
    if (row.act === 'revert') {
      return this.#model.reverted(await this.#named(row.title));
    }
    return row.act === 'delete' ? this.#model.deleted(await this.#named(row.title), 'one') : this.#model;
  }

  /**
   * The host fell: it is what one of these says, running or not. A snapshot of these titles may be there that none has.
   * @returns how it differs from each
   */
  async settle(candidates: readonly Model[]): Promise<readonly string[]> {
    const { power } = await this.#vm.see();
    if (power !== 'running' && power !== 'paused' && power !== 'off') {
      return [`the VM is ${power}`];
    }
    const all: string[] = [];
    for (const one of candidates) {
      const model = withPower(one, power);
      const differences = await this.differences(power === 'running' ? model.powered('pause') : model, true);
      if (differences.length === 0) {
        // What it has in its RAM, only the guest knows.
        const ram = power === 'running' ? await this.#vm.talk((guest) => guest.ram()) : undefined;
        this.#model = ram === undefined ? model : model.setRam({ counter: ram.counter });
        return [];
      }
      all.push(...differences);
    }
    return all;
  }

  async #named(title: string): Promise<string> {
    const { snapshots } = await this.#vm.see();
    const found = snapshots.filter((one) => one.title === title);
    if (found.length !== 1) {
      throw new Error(`${this.name} has ${String(found.length)} snapshots "${title}"`);
    }
    return found[0]!.name;
  }

  async #sibling(name: string, model: Model): Promise<HostVm> {
    const { virsh } = this.#vm;
    const stdout = await virshOk(virsh, 'dumpxml', name);
    const devices = find(readXml(stdout), 'devices')!;
    const file = find(findAll(devices, 'disk')[0]!, 'source')?.attributes['file'];
    if (file === undefined) {
      throw new Error(`${name} has no disk: ${stdout}`);
    }
    const disks = [{ ...this.#vm.guest.disks[0]!, file, format: 'qcow2' as const }];
    return new HostVm(new OracleVm(virsh, { ...this.#vm.guest, name, disks }), model, true);
  }

  async destroy(): Promise<void> {
    await this.#vm.virsh(['destroy', this.name]);
  }
}

function withPower(model: Model, power: Power): Model {
  const off = model.powered('forceOff');
  return power === 'off' ? off : power === 'running' ? off.powered('start') : off.powered('start').powered('pause');
}

/** @returns what it says */
export async function hostDoes(word: string, vm: string, folder: string): Promise<string> {
  const [program = '', ...words] = hostWord(word, vm, folder);
  const { code, stdout, stderr } = await run(program, words);
  if (code !== 0) {
    throw new Error(`host.sh ${word} ended with ${String(code)}:\n${stdout}${stderr}`);
  }
  return stdout + stderr;
}
