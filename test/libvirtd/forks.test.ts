// Forks of a guest that runs: several go on beside it from one moment, each by itself, and it does not notice.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { counters, runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { cloneRequest, throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import type { VmRef } from '../../src/domain/vm.js';
import { type Guest, type LiveRig, startLiveRig } from './inventoryRig.js';

const begin = 1_000;

describe('forks', function () {
  this.timeout(300_000);
  let rig: LiveRig;
  let guest: Guest;
  let web: VmRef;
  let children: readonly VmRef[] = [];
  let moment: string;
  const vmOf = (ref: VmRef) => rig.inventory.findVm(ref)!.vm;
  const nameOf = (ref: VmRef): string => vmOf(ref).name;
  const inside = async (name: string, ...words: readonly [string, ...string[]]): Promise<string> => {
    const [program, ...args] = words;
    return (await runInGuest(rig.daemon.virsh, name, program, args)).stdout;
  };
  const secondsOf = async (name: string): Promise<number> => Number(await inside(name, 'date', '+%s'));

  before(async () => {
    rig = await startLiveRig();
    guest = await rig.guest({ name: 'web', disks: ['qcow2'], tick: 1 });
    await rig.inventory.connect(rig.uri);
    web = await rig.ref('web');
    rig.show(web);
    await guest.start();
    await guest.setCounters(begin);
  });
  after(() => rig.stop());

  it('are made, four of one moment', async () => {
    ({ children, snapshot: moment } = await forkVm(rig.inventory, web, { count: 4 }));
    assert.deepEqual(
      children.map((child) => [vmOf(child).power, vmOf(child).clone?.of]),
      children.map(() => ['running', web.uuid]),
    );
    assert.equal(new Set([web, ...children].map(({ uuid }) => uuid)).size, 5);
  });

  it('count on from that moment, none of them booted anew, and the VM counts on too', async () => {
    const first = await guest.counters();
    assert.equal(first.boot, 1);
    assert.ok(first.memory >= begin);
    for (const child of children) {
      await waitForAgent(rig.daemon.virsh, nameOf(child));
      const { memory, boot } = await counters(rig.daemon.virsh, nameOf(child));
      assert.equal(boot, 1);
      assert.ok(memory >= begin, String(memory));
    }
    for (const name of ['web', ...children.map(nameOf)]) {
      const { memory: then } = await counters(rig.daemon.virsh, name);
      for (;;) {
        const { memory } = await counters(rig.daemon.virsh, name);
        if (memory > then) {
          break;
        }
      }
    }
  });

  it('write each to its own disk', async () => {
    const [one, two] = children as readonly [VmRef, VmRef];
    await counters(rig.daemon.virsh, nameOf(one), 50_000);
    assert.ok((await counters(rig.daemon.virsh, nameOf(two))).memory < 50_000);
    assert.ok((await guest.counters()).memory < 50_000);
  });

  it('have the clock of the present', async () => {
    const now = Date.now() / 1000;
    for (const child of children) {
      assert.ok(Math.abs((await secondsOf(nameOf(child))) - now) < 60);
    }
  });

  it('have random numbers of their own', async () => {
    const drawn = await Promise.all(
      ['web', ...children.map(nameOf)].map((name) => inside(name, 'sh', '-c', 'head -c 16 /dev/urandom | md5sum')),
    );
    assert.equal(new Set(drawn).size, drawn.length);
  });

  it('have their cables out, and the addresses of the VM', async () => {
    for (const child of children) {
      const xml = await rig.virsh('dumpxml', nameOf(child));
      const nics = [...xml.matchAll(/<interface .*?<\/interface>/gsu)].map(([nic]) => nic);
      assert.ok(nics.every((nic) => nic.includes("<link state='down'/>")));
    }
  });

  it('keep the snapshot that they began with', async () => {
    const request = { kind: 'delete', vm: web, snapshot: moment, scope: 'one' } as const;
    await assert.rejects(rig.inventory.runOperation(request), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.refusal?.reason, 'usedByOtherVm');
      assert.ok(children.map(nameOf).includes(error.details.refusal.facts['other'] ?? ''));
      return true;
    });
  });

  it('are not made where there is no room for them', async () => {
    await assert.rejects(forkVm(rig.inventory, web, { count: 1_000, snapshot: moment }), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.refusal?.reason, 'forkNeedsMemory');
      return true;
    });
  });

  it('leave clean file systems, and nothing behind when they go', async () => {
    for (const [index, child] of children.entries()) {
      await inside(nameOf(child), 'sync');
      await rig.virsh('destroy', nameOf(child));
      const raw = join(rig.daemon.dir, `check-${String(index)}.raw`);
      await runOk('qemu-img', ['convert', '-O', 'raw', vmOf(child).disks[0]!.source!, raw]);
      // The journal is played back first, as at a boot.
      await run('e2fsck', ['-p', raw]);
      await runOk('e2fsck', ['-f', '-n', raw]);
    }
    for (const child of children) {
      await throwAway(rig.inventory, child);
    }
    const left = (await readdir(rig.daemon.dir)).filter((name) => name.startsWith('web-fork') || name.endsWith('.ram'));
    assert.deepEqual(left, []);
    assert.equal((await guest.counters()).boot, 1);
  });

  it('go again where their RAM does not come over', async () => {
    const request = { ...cloneRequest(rig.inventory, web, { snapshot: moment, name: 'broken' }), ram: 'kept' } as const;
    rig.wrapNext((hypervisor) => withoutRestore(hypervisor));
    rig.inventory.setConnections([]);
    rig.inventory.setConnections([rig.uri]);
    await rig.inventory.connect(rig.uri);
    await assert.rejects(rig.inventory.runOperation(request));
    assert.doesNotMatch(await rig.virsh('list', '--all', '--name'), /^broken$/mu);
    assert.deepEqual(
      (await readdir(rig.daemon.dir)).filter((name) => name.startsWith('broken')),
      [],
    );
  });
});

function withoutRestore(hypervisor: Hypervisor): Hypervisor {
  return new Proxy(hypervisor, {
    get: (target, name) => {
      if (name === 'run') {
        return (...[vm, step, options]: Parameters<Hypervisor['run']>) =>
          step.kind === 'restoreClone' ? Promise.reject(new Failure('failed')) : target.run(vm, step, options);
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(target) : value;
    },
  });
}
