// A VM of a real host, and what it must hold: a row is done to both by the product's user, and compared.
import { virshOf } from '../../scripts/guest/defineVm.mjs';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { find, findAll, readXml } from '../oracle/xml.js';
import type { Failed } from './hands.js';
import type { HostUser } from './hostUser.js';
import type { Group, Row } from './rows.js';

const virsh = virshOf('qemu:///system');

export class HostVm {
  #vm: OracleVm;
  #model: Model;
  /** Before the last revert. */
  #before: Model | undefined;
  #seed = 0;

  /** Nobody talks to the guest of a copy: its serial port is a console. */
  readonly #isCopy: boolean;

  private constructor(vm: OracleVm, model: Model, isCopy = false) {
    this.#vm = vm;
    this.#model = model;
    this.#isCopy = isCopy;
  }

  static async define(name: string, { folder, disk }: Group): Promise<HostVm> {
    return new HostVm(await OracleVm.define({ virsh, dir: folder }, { name, folder, disks: [disk] }), Model.fresh(1));
  }

  get name(): string {
    return this.#vm.name;
  }

  /** What no snapshot holds, if the guest runs. */
  async write(): Promise<void> {
    if (this.#model.power !== 'running' || this.#isCopy) {
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
   * @returns how it failed, or the VM that was made
   */
  async carryOut(row: Row, user: HostUser, madeAs = ''): Promise<{ failed?: Failed; made?: HostVm }> {
    const { name } = this;
    const model = this.#model;
    const ask = async (order: Parameters<HostUser['ask']>[0], then: () => unknown): Promise<{ failed?: Failed }> => {
      const failed = await user.ask(order);
      if (failed === undefined) {
        await then();
      }
      return failed === undefined ? {} : { failed };
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
      case 'linked clone':
      case 'full clone': {
        const from = await this.#named(row.of);
        const full = row.act === 'full clone' ? ['--full'] : [];
        const failed = await user.ask({ shell: ['clone', name, '--from', from, ...full, '--name', madeAs] });
        const content = Model.fresh(1).definedAnew(model.snapshots.get(from)!);
        return failed === undefined ? { made: await this.#sibling(madeAs, content) } : { failed };
      }
      case 'fork': {
        const failed = await user.ask({ shell: ['fork', name, '--name', madeAs] });
        const content = Model.fresh(1).definedAnew(model).powered('start').setRam(model.ram!);
        return failed === undefined ? { made: await this.#sibling(madeAs, content) } : { failed };
      }
    }
  }

  /** What is not as it must be. Snapshots that the product made by itself may be there. */
  async differences(): Promise<readonly string[]> {
    const { power, snapshots } = this.#model;
    // The RAM of a guest that is paused is not asked for.
    const asked = this.#isCopy && power === 'running' ? this.#model.powered('pause') : this.#model;
    const { differences, seen } = await this.#vm.compare(asked, 'everything');
    const there = new Set(seen.snapshots.map(({ name }) => name));
    const lost = [...snapshots.values()].filter(({ name }) => !there.has(name));
    return [
      ...differences.filter(({ about }) => about !== 'tree' && about !== 'state').map(({ what }) => what),
      ...(seen.power === power ? [] : [`the VM must be ${power}, and is ${seen.power}`]),
      ...lost.map(({ title }) => `snapshot ${title} is gone`),
    ];
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
    const { stdout } = await virsh(['dumpxml', name]);
    const devices = find(readXml(stdout), 'devices')!;
    const file = find(findAll(devices, 'disk')[0]!, 'source')?.attributes['file'];
    if (file === undefined) {
      throw new Error(`${name} has no disk: ${stdout}`);
    }
    const disks = [{ ...this.#vm.guest.disks[0]!, file, format: 'qcow2' as const }];
    return new HostVm(new OracleVm(virsh, { ...this.#vm.guest, name, disks }), model, true);
  }
}
