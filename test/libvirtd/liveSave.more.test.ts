// Snapshots of a guest that writes to its RAM faster than it is saved, while it runs on: they end, and so does the
// file.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import type { Hypervisor } from '../../src/driver/hypervisor.js';
import type { Progress } from '../../src/domain/operation.js';
import { failure, type Guest, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

const memoryMiB = 224;
const ramBytes = memoryMiB * 1024 ** 2;
/** In MiB a second: far less than the guest changes, as on a slow disk. */
const slow = '50';

describe('a guest that writes to its RAM faster than it is saved', function () {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let guest: Guest;
  let busy: Subject;

  before(async () => {
    rig = await startHypervisorRig();
    hypervisor = await rig.open();
    guest = await defineTestGuest(rig.daemon, { name: 'busy', memoryMiB });
    busy = await Subject.named(hypervisor, 'busy');
    await guest.start();
    const fill = 'mkdir /full && mount -t tmpfs -o size=110m none /full && yes full | dd of=/full/a bs=1M count=45';
    assert.equal((await guest.run('sh', ['-c', `${fill} iflag=fullblock`])).code, 0);
    // In place: RAM that is freed is emptied, and what is empty takes no time to save.
    const loop = 'cp /full/a /full/b; while :; do dd if=/full/a of=/full/b bs=1M conv=notrunc; done';
    const start = { execute: 'guest-exec', arguments: { path: '/bin/sh', arg: ['-c', loop] } };
    await rig.virsh('qemu-agent-command', 'busy', JSON.stringify(start));
  });
  after(() => rig.stop());

  /** Slows the saving down as soon as it has begun, and cancels what would never end. Ends with the work. */
  async function slowDown(work: Promise<unknown>): Promise<'ends' | 'neverEnds'> {
    const over = (): 'over' => 'over';
    const ended = work.then(over, over);
    let isSlow = false;
    for (;;) {
      const stats = await Promise.race([ended, rig.daemon.virsh(['domjobinfo', 'busy', '--rawstats'])]);
      if (stats === 'over') {
        return 'ends';
      }
      const written = Number(/data_processed: (\d+)/u.exec(stats.stdout)?.[1] ?? 0);
      if (stats.stdout.includes('operation: 6') && !isSlow) {
        isSlow = (await rig.daemon.virsh(['migrate-setspeed', 'busy', slow])).code === 0;
      }
      if (written > 4 * ramBytes) {
        await rig.virsh('domjobabort', 'busy');
        return 'neverEnds';
      }
    }
  }

  const live = (name: string): Parameters<Subject['create']>[1] => ({
    style: 'external',
    snapshotKind: 'memory',
    live: true,
    disks: [{ target: 'vda', file: join(rig.daemon.dir, `busy.${name}`) }],
    memoryFile: join(rig.daemon.dir, `busy.${name}.mem`),
  });

  it('is stopped so that its snapshot ends, and runs on', async () => {
    let told: Pick<Progress, 'fraction' | 'saved'>[] = [];
    let file = '';
    let size = 0;
    // Until the disk was slow from early on.
    for (let count = 0; size < 2 * ramBytes; count++) {
      const name = `a${count}`;
      told = [];
      const work = busy.create(name, live(name), { onProgress: (progress) => told.push(progress) });
      work.catch(() => undefined);
      assert.equal(await slowDown(work), 'ends');
      const { guestPausedMs } = await work;
      assert.ok(guestPausedMs !== undefined && guestPausedMs > 0);
      file = live(name)?.memoryFile ?? '';
      ({ size } = await stat(file));
    }
    assert.ok(size < 3.5 * ramBytes, String(size));
    assert.equal(await guest.state(), 'running');
    const saved = told.flatMap((one) => one.saved ?? []);
    assert.ok(saved.some(({ bytesPerSecond }) => bytesPerSecond > 0));
    assert.ok(saved.at(-1)?.guestStopped === true, JSON.stringify(saved.at(-1)));
    const fractions = told.flatMap(({ fraction }) => fraction ?? []);
    assert.deepEqual(
      fractions,
      fractions.toSorted((one, other) => one - other),
    );
    // What was saved is what libvirt takes for whole.
    await rig.virsh('save-image-dumpxml', file);
  });

  it('is stopped before the file takes more than it may', async () => {
    const mostBytes = Math.round(1.5 * ramBytes);
    const work = busy.create('b', { ...live('b'), mostBytes });
    work.catch(() => undefined);
    assert.equal(await slowDown(work), 'ends');
    await work;
    const { size } = await stat(join(rig.daemon.dir, 'busy.b.mem'));
    assert.ok(size < mostBytes, String(size));
    assert.equal(await guest.state(), 'running');
  });

  it('runs on when the snapshot is cancelled while it stands still for it', async () => {
    let name = '';
    let end: unknown = 'made';
    // Until the disk was slow early enough: a fast one has taken all of it before the guest is seen standing still.
    for (let count = 0; end === 'made' && count < 8; count++) {
      name = `c${count}`;
      const abort = new AbortController();
      const stopsThenCancels = ({ saved }: Pick<Progress, 'saved'>): void => {
        if (saved?.guestStopped === true) {
          abort.abort();
        }
      };
      const more = { signal: abort.signal, onProgress: stopsThenCancels };
      const work = busy.create(name, { ...live(name), mostBytes: 1 }, more);
      const ended = work.then(
        () => 'made',
        (error: unknown) => error,
      );
      await slowDown(work);
      end = await ended;
    }
    assert.ok(failure('cancelled')(end));
    assert.equal(await guest.state(), 'running');
    await assert.rejects(readFile(live(name)?.memoryFile ?? ''), { code: 'ENOENT' });
    assert.deepEqual(
      (await hypervisor.readTree(busy.uuid)).snapshots.filter((snapshot) => snapshot.name === name),
      [],
    );
  });
});
