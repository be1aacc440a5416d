// The VMs of lessons that were left behind are found, whatever else lies beside their records.
import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DemoRecords } from '../../../src/journal/demoRecords.js';
import { thisWriter } from '../../../src/journal/writer.js';
import { silentLog } from '../../silentLog.js';
import { ownFolders } from '../../unit/journal/samples.js';

describe('the records of lessons', () => {
  const folder = ownFolders();

  it('tell those whose editor is gone, past what cannot be read', async () => {
    const records = new DemoRecords(folder(), silentLog);
    const vm = (digit: string) => ({
      connection: 'qemu:///session',
      uuid: `${digit.repeat(8)}-1111-2222-3333-444444444444`,
      name: `lesson ${digit}`,
      folder: '/tmp/lesson',
    });
    const fileOf = (digit: string): string => join(folder(), 'lessons', `${vm(digit).uuid}.json`);
    await records.add(vm('a'));
    assert.deepEqual(await records.readLeftDemoVms(), [], 'we live');
    const writer = { ...(await thisWriter()), boot: 'an earlier one' };
    writeFileSync(fileOf('b'), JSON.stringify({ version: 1, ...vm('b'), writer }));
    symlinkSync(fileOf('b'), fileOf('c'));
    writeFileSync(fileOf('d'), '{');
    writeFileSync(fileOf('e'), 'x'.repeat(20_000));
    assert.deepEqual(await records.readLeftDemoVms(), [vm('b')]);
  });
});
