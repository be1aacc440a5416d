// UEFI variables with snapshots of every kind: what libvirt keeps of them itself, and the copy beside the original
// where it keeps none. A BIOS in flash in place of a UEFI one: to libvirt and to us it is the same, and the guest
// boots.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

const bytes = 256 * 1_024;

type Format = 'raw' | 'qcow2';

/** A VM with variables that hold the same letter again and again. */
class FlashVm {
  private constructor(
    readonly vm: GuestVm,
    readonly variables: string,
    readonly format: Format,
  ) {}

  static async define(r: LiveRig, name: string, format: Format): Promise<FlashVm> {
    const flash = new FlashVm(await GuestVm.define(r, name), join(r.daemon.dir, `${name}_VARS.fd`), format);
    await flash.write('0');
    const nvram = `<nvram${format === 'raw' ? '' : ` format="${format}"`}>${flash.variables}</nvram>`;
    const xml = (await r.virsh('dumpxml', name, '--inactive')).replace(
      '</os>',
      `<loader readonly="yes" type="pflash">/usr/share/seabios/bios-256k.bin</loader>${nvram}</os>`,
    );
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ vm: flash.vm.ref });
    return flash;
  }

  /** Within the image that is there, so that what is inside of it stays. */
  async write(letter: string): Promise<void> {
    if (this.format === 'raw') {
      return writeFile(this.variables, letter.repeat(bytes));
    }
    if (!existsSync(this.variables)) {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', this.variables, String(bytes)]);
    }
    const pattern = String(letter.charCodeAt(0));
    await runOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -P ${pattern} 0 ${bytes}`, this.variables]);
  }

  async holds(letter: string, file = this.variables): Promise<void> {
    const raw = `${file}.look`;
    await runOk('qemu-img', ['convert', '-U', '-f', this.format, '-O', 'raw', file, raw]);
    const found = await readFile(raw, 'latin1');
    await rm(raw);
    assert.equal(found === letter.repeat(bytes), true, `${file} holds ${found.slice(0, 8)}…, not ${letter}`);
  }
}

describe('UEFI variables', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** What each snapshot holds, in the order in which they are taken. */
  for (const format of ['raw', 'qcow2'] as const) {
    it(`${format}, external snapshots: are copied beside the original, put back by a revert, removed with the snapshot`, async () => {
      if (format === 'qcow2' && r.hypervisor().capabilities.libvirt < versionOf(10, 0)) {
        // It reads every file of variables as raw. Not "skipped": that would be a failure where everything must run.
        return;
      }
      const flash = await FlashVm.define(r, `outside-${format}`, format);
      const { vm, variables } = flash;
      assert.equal(r.vm(vm.vm.name)?.vm.firmware, format === 'raw' ? 'uefiRawNvram' : 'uefiQcow2Nvram');
      await vm.power('start');
      await vm.write();
      await vm.power('forceOff');
      await flash.write('a');
      await vm.create('one');
      await flash.holds('a', `${variables}.one`);
      await flash.write('b');
      await vm.create('two');
      await flash.write('c');

      for (const after of ['off', 'running'] as const) {
        await vm.run({ kind: 'revert', snapshot: 'two', after, checkpointFirst: false });
        vm.model = vm.model.reverted('two', after);
        await flash.holds('b');
        await vm.holdsAll();
      }
      await vm.power('forceOff');
      await flash.write('d');
      const { checkpoint } = await vm.run({ kind: 'revert', snapshot: 'two', after: 'off', checkpointFirst: true });
      await flash.holds('b');
      if (checkpoint !== undefined) {
        await flash.holds('d', `${variables}.${checkpoint}`);
        await vm.run({ kind: 'delete', snapshot: checkpoint, scope: 'one' });
        assert.equal(existsSync(`${variables}.${checkpoint}`), false);
      }
      await vm.holdsAll();
      await vm.power('start');
      await vm.create('three', 'memory');
      await flash.holds('b', `${variables}.three`);
      await vm.run({ kind: 'delete', snapshot: 'one', scope: 'one' });
      vm.model = vm.model.deleted('one', 'one');
      assert.equal(existsSync(`${variables}.one`), false);
      await flash.holds('b', `${variables}.two`);
      await vm.power('forceOff');
      await flash.write('e');
      await vm.run({ kind: 'revert', snapshot: 'three', after: 'running', checkpointFirst: false });
      vm.model = vm.model.reverted('three', 'running');
      await vm.holdsAll();
      await vm.power('forceOff');
      await flash.holds('b');
    });

    it(`${format}, internal snapshots: are inside, copied, or the reason why there is none`, async () => {
      const { capabilities } = r.hypervisor();
      if (format === 'qcow2' && capabilities.libvirt < versionOf(10, 0)) {
        return;
      }
      const flash = await FlashVm.define(r, `inside-${format}`, format);
      const { vm, variables } = flash;
      const inside = (title: string, kind: 'memory' | 'offline') =>
        ({ kind: 'create', title, snapshotKind: kind, style: 'internal' }) as const;
      await vm.power('start');
      await vm.write();
      if (format === 'raw') {
        await vm.isRefused(inside('ram', 'memory'), 'rawNvram');
      } else {
        await vm.run(inside('ram', 'memory'));
        vm.model = vm.model.created({ name: 'ram', title: 'ram', kind: 'memory', style: 'internal' });
        await vm.write();
        await vm.run({ kind: 'revert', snapshot: 'ram', after: 'running', checkpointFirst: false });
        vm.model = vm.model.reverted('ram', 'running');
        await vm.isWhole();
      }
      await vm.power('forceOff');
      if (capabilities.libvirt < versionOf(9, 3)) {
        await vm.isRefused(inside('one', 'offline'), 'rawNvram');
        await vm.isWhole();
        return;
      }
      await flash.write('a');
      await vm.run(inside('one', 'offline'));
      vm.model = vm.model.created({ name: 'one', title: 'one', kind: 'offline', style: 'internal' });
      assert.equal(existsSync(`${variables}.one`), format === 'raw');
      await flash.write('b');
      for (const after of ['off', 'running'] as const) {
        await vm.run({ kind: 'revert', snapshot: 'one', after, checkpointFirst: false });
        vm.model = vm.model.reverted('one', after);
        await flash.holds('a');
        await vm.isWhole();
        await vm.power(after === 'off' ? 'start' : 'forceOff');
        if (after === 'off') {
          await vm.write();
        }
      }
      await vm.run({ kind: 'delete', snapshot: 'one', scope: 'one' });
      vm.model = vm.model.deleted('one', 'one');
      assert.equal(existsSync(`${variables}.one`), false);
      await vm.isWhole();
    });
  }

  it('that are lost come back from the copy of the snapshot', async () => {
    const flash = await FlashVm.define(r, 'lost', 'raw');
    const { vm, variables } = flash;
    await flash.write('a');
    await vm.create('one');
    await rm(variables);
    const back = { kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: true } as const;
    const plan = await r.engine.plan({ ...back, vm: vm.ref });
    assert.ok(plan.kind === 'plan', JSON.stringify(plan));
    // It is true of the checkpoint: nothing had to be copied.
    assert.ok(plan.steps.some((step) => step.kind === 'copyFile' && step.to === variables));
    await vm.run(back);
    await flash.holds('a');
  });

  it('that the VM has in another file since come back in that of the snapshot, and go by an undo', async () => {
    const flash = await FlashVm.define(r, 'elsewhere', 'raw');
    const { vm, variables } = flash;
    const later = `${variables}.later.fd`;
    const named = async (): Promise<string | undefined> =>
      /<nvram[^>]*>([^<]*)</u.exec(await r.virsh('dumpxml', 'elsewhere', '--inactive'))?.[1];
    await flash.write('a');
    await vm.create('one');
    await flash.write('b');
    await writeFile(later, 'x'.repeat(bytes));
    const xml = (await r.virsh('dumpxml', 'elsewhere', '--inactive')).replace(`${variables}<`, `${later}<`);
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ vm: vm.ref });
    const { checkpoint } = await vm.run({ kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: true });
    assert.equal(await named(), variables);
    await flash.holds('a');
    await flash.holds('x', later);
    await flash.holds('x', `${later}.${checkpoint!}`);
    await writeFile(later, 'y'.repeat(bytes));
    await vm.run({ kind: 'revert', snapshot: checkpoint!, after: 'off', checkpointFirst: false });
    assert.equal(await named(), later);
    await flash.holds('x', later);
    await vm.run({ kind: 'delete', snapshot: 'one', scope: 'withDescendants' });
    assert.equal(existsSync(`${variables}.one`), false);
  });

  it('that another VM has too are not replaced below it', async () => {
    const flash = await FlashVm.define(r, 'first', 'raw');
    const { vm, variables } = flash;
    await flash.write('a');
    await vm.create('one');
    await flash.write('b');
    const second = await FlashVm.define(r, 'second', 'raw');
    const xml = (await r.virsh('dumpxml', 'second', '--inactive')).replace(second.variables, variables);
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ vm: second.vm.ref });
    const back = { kind: 'revert', snapshot: 'one', after: 'off', checkpointFirst: false } as const;
    for (const power of ['off', 'running']) {
      await vm.isRefused(back, 'variablesShared');
      await flash.holds('b');
      await (power === 'off' ? second.vm.power('start') : second.vm.power('forceOff'));
    }
    await r.virsh('undefine', 'second', '--keep-nvram');
    await r.engine.refresh({ connection: r.uri });
    await vm.run(back);
    await flash.holds('a');
  });
});
