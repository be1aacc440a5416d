// Forks of a guest that runs: several go on beside it from one moment, each by itself, and it does not notice. For each
// hazard that docs/clones.md names, the remedy is seen in the guests, where a VM without it would show that.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { counters, runInGuest, waitForAgent } from '../../scripts/guest/inGuest.mjs';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { cloneRequest, makeClone, throwAway } from '../../src/engine/clones.js';
import { forkVm } from '../../src/engine/forks.js';
import { watchSpentClones } from '../../src/engine/spentClones.js';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import { Failure } from '../../src/domain/failure.js';
import type { VmRef } from '../../src/domain/vm.js';
import { itRarely } from '../allRows.js';
import { generationId } from './generationId.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const begin = 1_000;
const address = '52:54:00:12:34:56';
/** Seconds since 1970, of a clock that nobody has set since. */
const longAgo = 1_000_000_000;
const token = 'a ticket that is good for a day';
/** The length of our seed, for the guest to draw from. */
const seedBytes = 256;

describe('forks', () => {
  let rig: LiveRig;
  let guest: Guest;
  let web: VmRef;
  let children: readonly VmRef[] = [];
  let moment: string;
  const vmOf = (ref: VmRef) => rig.engine.findVm(ref)!.vm;
  const nameOf = (ref: VmRef): string => vmOf(ref).name;
  const inside = async (name: string, ...words: readonly [string, ...string[]]): Promise<string> => {
    const [program, ...args] = words;
    return (await runInGuest(rig.daemon.virsh, name, program, args)).stdout;
  };
  const secondsOf = async (name: string): Promise<number> => Number(await inside(name, 'date', '+%s'));

  before(async () => {
    rig = await startLiveRig();
    guest = await rig.guest({ name: 'web', disks: ['qcow2'], tick: 1 });
    await giveIdentity(rig, 'web');
    await rig.engine.connect(rig.uri);
    web = await rig.ref('web');
    rig.show(web);
    await guest.start();
    await guest.setCounters(begin);
    await inside('web', 'date', '-s', `@${longAgo}`);
    await inside('web', 'sh', '-c', `echo '${token}' > /run/token`);
    // What is written to it is kept, to be looked at.
    await inside('web', 'sh', '-c', 'rm /dev/urandom && : > /dev/urandom');
  });
  after(() => rig.stop());

  it('are made, four of one moment', async () => {
    ({ children, snapshot: moment } = await forkVm(rig.engine, web, { count: 4, network: 'unplugged' }));
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

  it('have the clock of the present, and the VM keeps its own', async () => {
    // A guest that is slow sets it meanwhile.
    for (const child of children) {
      while (Math.abs((await secondsOf(nameOf(child))) - Date.now() / 1000) >= 60);
    }
    assert.ok((await secondsOf('web')) < longAgo + 3_600);
  });

  it('are handed random numbers, each others', async () => {
    const handed = await Promise.all(
      children.map((child) => inside(nameOf(child), 'sh', '-c', 'wc -c < /dev/urandom; md5sum < /dev/urandom')),
    );
    assert.equal(new Set(handed).size, children.length);
    assert.ok(
      handed.every((said) => said.startsWith(`${seedBytes}\n`)),
      handed.join(),
    );
    assert.equal((await inside('web', 'wc', '-c', '/dev/urandom')).split(' ')[0], '0');
  });

  it('have generation IDs of their own, as QEMU tells their guests', async () => {
    const ids = await Promise.all(['web', ...children.map(nameOf)].map((name) => generationId(rig, name)));
    assert.equal(new Set(ids).size, ids.length, ids.join());
  });

  it('have the address of the VM, and their cables out in their configuration', async () => {
    for (const child of children) {
      const xml = await rig.virsh('dumpxml', nameOf(child));
      const nics = [...xml.matchAll(/<interface .*?<\/interface>/gsu)].map(([nic]) => nic);
      assert.equal(nics.length, 1);
      assert.ok(nics.every((nic) => nic.includes("<link state='down'/>") && nic.includes(address)));
    }
  });

  it('have their cables out while they go on, and the VM keeps its own in', async () => {
    const cables = await Promise.all(['web', ...children.map(nameOf)].map((name) => cable(rig, name)));
    assert.deepEqual(cables, ['in', ...children.map(() => 'out')]);
  });

  it('hold what the VM held in its RAM, tickets too, and this is said before', async () => {
    for (const child of children) {
      assert.equal((await inside(nameOf(child), 'cat', '/run/token')).trim(), token);
    }
    const request = { ...cloneRequest(rig.engine, web, { snapshot: moment, name: 'never' }), ram: 'kept' } as const;
    const plan = await rig.engine.plan({ ...request, network: 'unplugged' });
    assert.ok(plan.kind === 'plan');
    assert.ok(plan.warnings.some(({ kind }) => kind === 'cloneKeepsIdentity'));
  });

  it('keep the snapshot that they began with', async () => {
    const request = { kind: 'delete', vm: web, snapshot: moment, scope: 'one' } as const;
    await assert.rejects(rig.engine.runOperation(request), (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.details.refusal?.reason, 'usedByOtherVm');
      assert.ok(children.map(nameOf).includes(error.details.refusal.facts['other'] ?? ''));
      return true;
    });
  });

  it('are not made where there is no room for them', async () => {
    await assert.rejects(forkVm(rig.engine, web, { count: 1_000, snapshot: moment }), (error: unknown) => {
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
      await throwAway(rig.engine, child);
    }
    const left = (await readdir(rig.daemon.dir)).filter((name) => name.startsWith('web-fork') || name.endsWith('.ram'));
    assert.deepEqual(left, []);
    assert.equal((await guest.counters()).boot, 1);
  });

  itRarely(
    'that are made to be thrown away go when they are off, with their files, and one that was not on yet stays',
    async () => {
      let tell: (name: string) => void = () => undefined;
      const told: string[] = [];
      const bothTold = new Promise<void>((resolve) => {
        tell = (name) => {
          told.push(name);
          if (told.length === 2) {
            resolve();
          }
        };
      });
      const watch = watchSpentClones(rig.engine, (name) => tell(name));
      const wish = { snapshot: moment, network: 'unplugged', disposable: true } as const;
      const [one, other, stays] = await Promise.all(
        ['one', 'other', 'stays'].map((name) =>
          makeClone(rig.engine, cloneRequest(rig.engine, web, { ...wish, name })),
        ),
      );
      const files = (): Promise<readonly string[]> =>
        readdir(rig.daemon.dir).then((all) => all.filter((name) => /^(?:one|other|stays)\b/u.test(name)).toSorted());
      const before = await files();
      await rig.engine.runOperation({ kind: 'power', vm: one!, action: 'start' });
      await rig.engine.runOperation({ kind: 'power', vm: one!, action: 'forceOff' });
      await rig.engine.idle();
      assert.equal(rig.engine.findVm(one!), undefined);

      await rig.virsh('start', 'other');
      await rig.virsh('destroy', 'other');
      await rig.until(() => rig.engine.findVm(other!) === undefined);
      await rig.engine.idle();
      await bothTold;
      assert.deepEqual(told.toSorted(), ['one', 'other']);
      watch.dispose();
      assert.equal(rig.engine.findVm(stays!)?.vm.power, 'off');
      assert.deepEqual(
        await files(),
        before.filter((name) => name.startsWith('stays')),
      );
      await throwAway(rig.engine, stays!);
    },
  );

  itRarely('go on, and stay, where they wait for that alone when their making is undone', async () => {
    let hypervisor: Hypervisor | undefined;
    rig.wrapNext((own) => (hypervisor = own));
    rig.engine.setConnections([]);
    rig.engine.setConnections([rig.uri]);
    await rig.engine.connect(rig.uri);
    const { children: made } = await forkVm(rig.engine, web, { snapshot: moment, network: 'same', name: 'waits' });
    const { uuid, name, clone } = vmOf(made[0]!);
    // As libvirt leaves one whose RAM it has brought over, if it dies before it lets it go.
    await rig.virsh('managedsave', name);
    await rig.virsh('start', name, '--paused');
    assert.match(await rig.virsh('domstate', name, '--reason'), /^paused \(migrating\)/u);
    const step = { kind: 'undoClone', clone: { uuid, name }, files: clone!.files } as const;
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    await hypervisor!.run(vmOf(web), step, options);
    assert.match(await rig.virsh('domstate', name), /^running/u);
    // A person's own pause is left alone.
    await rig.virsh('suspend', name);
    await hypervisor!.run(vmOf(web), step, options);
    assert.match(await rig.virsh('domstate', name), /^paused/u);
    await throwAway(rig.engine, made[0]!);
  });

  it('go again where their RAM does not come over', async () => {
    const request = { ...cloneRequest(rig.engine, web, { snapshot: moment, name: 'broken' }), ram: 'kept' } as const;
    rig.wrapNext((hypervisor) => withoutRestore(hypervisor));
    rig.engine.setConnections([]);
    rig.engine.setConnections([rig.uri]);
    await rig.engine.connect(rig.uri);
    await assert.rejects(rig.engine.runOperation(request));
    assert.doesNotMatch(await rig.virsh('list', '--all', '--name'), /^broken$/mu);
    assert.deepEqual(
      (await readdir(rig.daemon.dir)).filter((name) => name.startsWith('broken')),
      [],
    );
  });
});

/** What another machine would be known by: an address on a network, and a number that says that it is no copy. */
async function giveIdentity(rig: LiveRig, name: string): Promise<void> {
  const nic = `<interface type='user'><mac address='${address}'/><model type='virtio'/></interface>`;
  const xml = (await rig.virsh('dumpxml', name, '--inactive'))
    .replace('</name>', '</name><genid/>')
    .replace('</devices>', `${nic}</devices>`);
  await withXmlFile(xml, (file) => virshOk(rig.daemon.virsh, 'define', file));
}

/**
 * As the network card tells a driver, whatever the definition says: in the word behind its address, which begins 4
 * bytes later where the driver uses MSI-X.
 */
async function cable(rig: LiveRig, name: string): Promise<'in' | 'out'> {
  const ask = (command: string): Promise<string> => rig.virsh('qemu-monitor-command', name, '--hmp', command);
  const port = /Ethernet controller[^]*?I\/O at (0x[0-9a-f]+)/u.exec(await ask('info pci'))?.[1];
  const read = async (at: number): Promise<number> => {
    const said = await ask(`i /h 0x${(Number(port) + at).toString(16)}`);
    const value = Number(/= (0x[0-9a-f]+)/u.exec(said)?.[1]);
    assert.ok(!Number.isNaN(value), 'the network card says nothing');
    return value;
  };
  const begins = Number(`0x${address.slice(3, 5)}${address.slice(0, 2)}`);
  const at = (await read(0x14)) === begins ? 0x14 : 0x18;
  assert.equal(await read(at), begins);
  return ((await read(at + 6)) & 1) === 1 ? 'in' : 'out';
}

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
