// A disk that goes onto a block device: what is refused, and that nothing but the confirmed device is written to.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, runOk } from '../../../../scripts/rig/run.mjs';
import { thisComputer } from '../../../../src/base/fileSystem.js';
import type { CopiedFile } from '../../../../src/transfer/manifest.js';
import type { CopySource } from '../../../../src/wings/copies/restore/copySource.js';
import {
  devicesWrittenBy,
  type DeviceTarget,
  recordDevices,
  targetsOf,
  typedOf,
  writeDevices,
} from '../../../../src/wings/copies/restore/ontoDevice.js';
import { LoopDevices } from '../../../libvirtd/loopDevices.js';
import { ofWing } from '../../../ofWing.js';

const mebibyte = 1024 ** 2;
const content = randomBytes(2 * mebibyte);
const file: CopiedFile = {
  ...{ path: '/dev/vg/own', stored: '/dev/dm-1', role: 'disk', content: 'stored', format: 'raw' },
  ...{ bytes: content.length, allocatedBytes: content.length, virtualBytes: content.length },
};
const source = {
  writeInto: async (_file, to) => {
    await to.write(content, 0, content.length, 0);
  },
} as Pick<CopySource, 'writeInto'> as CopySource;

describe('a disk that goes onto a device', () => {
  let dir: string;
  const loops = new LoopDevices();

  beforeEach(() => {
    // By this name, devices of an ended run are known.
    dir = mkdtempSync(join(tmpdir(), 'vr-onto-'));
  });
  afterEach(async () => {
    await loops.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function targets(path: string, disk = 'vda', of = file): Promise<readonly DeviceTarget[]> {
    const ask = (): Promise<never> =>
      Promise.resolve([{ target: 'vda', file: of.path, content: 'external' }] as unknown as never);
    return targetsOf(ask, { definition: '', files: [of] }, new Map([[disk, path]]), true);
  }

  /** Undefined, with the reason, where this machine gives none. */
  async function attach(name: string, bytes: number, ...words: readonly string[]): Promise<string | undefined> {
    writeFileSync(join(dir, name), randomBytes(bytes));
    const found = await loops.attach(join(dir, name), ...words);
    if (typeof found === 'string') {
      return found;
    }
    process.stdout.write(`      skipped: no loop device can be had here: ${found.why}\n`);
    return undefined;
  }

  it('is refused for what is no device, whatever its name', async () => {
    const link = join(dir, 'link');
    symlinkSync('/dev/null', link);
    for (const odd of [
      ...['/dev/null', '/dev/none', '/dev/../dev/sda', '/dev/mapper/../../etc/passwd', '/dev/', '/dev', 'sda', ''],
      ...['/etc/passwd', '/dev/shm/x', '/dev/a\0b', '/dev/a\nb', link, dir],
    ]) {
      await assert.rejects(targets(odd), ofWing('noDevice'), JSON.stringify(odd));
    }
    await assert.rejects(targets('/dev/null', 'vdz'), ofWing('noSuchDisk'));
    await assert.rejects(targets('/dev/null', 'vda', { ...file, format: 'qcow2' }), ofWing('ontoFormat'));
  });

  it('is refused for a device that is too small, read-only, mounted, or named twice', async function () {
    const [small, readOnly, own] = [
      await attach('small', mebibyte),
      await attach('read-only', 2 * mebibyte, '--read-only'),
      await attach('own', 8 * mebibyte),
    ];
    if (small === undefined || readOnly === undefined || own === undefined) {
      return this.skip();
    }
    await assert.rejects(targets(small), ofWing('deviceSmall'));
    await assert.rejects(targets(readOnly), ofWing('deviceReadOnly'));
    const ask = (): Promise<never> =>
      Promise.resolve(['vda', 'vdb'].map((target) => ({ target, file: target })) as unknown as never);
    const both = ['vda', 'vdb'].map((path) => ({ ...file, path }));
    const twice = new Map([
      ['vda', own],
      ['vdb', own],
    ]);
    await assert.rejects(targetsOf(ask, { definition: '', files: both }, twice, true), ofWing('ontoTwice'));
    await assert.rejects(targetsOf(ask, { definition: '', files: both }, twice, false), ofWing('ontoElsewhere'));
    await runOk('mkfs.ext4', ['-q', own]);
    const before = await targets(own);
    assert.deepEqual(before[0]?.holds, ['ext4']);
    const point = join(dir, 'point');
    mkdirSync(point);
    const { code, stderr } = await run('mount', [own, point]);
    if (code !== 0) {
      process.stdout.write(`      not mounted, so that is not tested: ${stderr}\n`);
      return;
    }
    try {
      await assert.rejects(targets(own), ofWing('deviceBusy'));
      await assert.rejects(writeDevices(source, before), ofWing('deviceBusy'));
    } finally {
      await runOk('umount', [point]);
    }
  });

  it('writes to the device that was confirmed alone, and not behind the disk', async function () {
    const own = await attach('own', 3 * mebibyte);
    if (own === undefined) {
      return this.skip();
    }
    const image = join(dir, 'own');
    const before = readFileSync(image);
    const other = join(dir, 'other');
    writeFileSync(other, before);
    const swap = async (to: string): Promise<void> => {
      await runOk('losetup', ['-d', own]);
      await runOk('losetup', [own, to]);
    };
    const confirmed = await targets(own);
    assert.equal(typedOf(confirmed), `${own} ${3 * mebibyte}`);
    await swap(other);
    await assert.rejects(writeDevices(source, confirmed), ofWing('deviceOther'));
    await swap(image);
    const again = await targets(own);
    truncateSync(image, 4 * mebibyte);
    await runOk('losetup', ['-c', own]);
    await assert.rejects(writeDevices(source, again), ofWing('deviceOther'));
    const grown = await targets(own);
    await runOk('blockdev', ['--setro', own]);
    await assert.rejects(writeDevices(source, grown), ofWing('deviceOther'));
    await runOk('blockdev', ['--setrw', own]);
    assert.ok(readFileSync(image).subarray(0, before.length).equals(before));
    const stops = { writeInto: () => Promise.reject(new Error('cut')) } as unknown as CopySource;
    await assert.rejects(writeDevices(stops, grown), ofWing('halfWritten'));
    await writeDevices(source, grown);
    const after = readFileSync(image);
    assert.ok(after.subarray(0, content.length).equals(content));
    assert.ok(after.subarray(content.length, before.length).equals(before.subarray(content.length)));
    await recordDevices(thisComputer, dir, grown);
    assert.deepEqual(await devicesWrittenBy(thisComputer, dir), [own]);
    writeFileSync(join(dir, '.virt-rewind-devices'), '["/etc/passwd", 7]');
    assert.deepEqual(await devicesWrittenBy(thisComputer, dir), []);
  });
});
