// What lab files say of the health of their VMs, by what was made of them.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabStore } from '../../../src/journal/labStore.js';
import { labThresholds } from '../../../src/lab/labThresholds.js';
import { silentLog } from '../../silentLog.js';

describe('the thresholds of labs', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const made = async (id: string, file: string): Promise<void> => {
    const vm = { connection: 'qemu:///system', name: 'lab-a', folder: '', key: 'a' };
    const vms = [{ ...vm, uuid: `${id}-a` }];
    const record = { id: id.repeat(32), file, name: 'lab', isProtected: false, phase: 'ready', vms } as const;
    const open = await new LabStore(folder, silentLog).begin(record);
    await open.leave();
  };
  const write = (name: string, more: string): string => {
    const file = join(folder, name);
    writeFileSync(file, `version: 1\nname: lab\n${more}vms:\n  a: { existing: lab-a }\n`);
    return file;
  };

  it('are of the VMs that were made, as the file is now', async () => {
    assert.deepEqual(await labThresholds(folder, silentLog), []);
    const file = write('one.yaml', 'thresholds: { layers: 3, deltaGb: 1 }\n');
    await made('a', file);
    assert.deepEqual(await labThresholds(folder, silentLog), [
      { vm: 'a-a', thresholds: { layers: 3, deltaBytes: 1024 ** 3 } },
    ]);
    write('one.yaml', 'thresholds: { layers: 0 }\n');
    assert.deepEqual(await labThresholds(folder, silentLog), [{ vm: 'a-a', thresholds: { layers: 0 } }]);
  });

  it('are none of a file without them, that is wrong, or gone', async () => {
    await made('a', write('one.yaml', ''));
    await made('b', write('two.yaml', 'thresholds: { layers: many }\n'));
    await made('c', join(folder, 'gone.yaml'));
    assert.deepEqual(await labThresholds(folder, silentLog), []);
  });
});
