// The starts of the demo VMs, on a host where no VM has run yet.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoNames, makeDemoVms } from '../../../scripts/guest/demoVms.mjs';

describe('the demo VMs that are off', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-'));
    for (const name of demoNames) {
      await writeFile(join(folder, `${name}.ready`), '');
    }
  });
  after(() => rm(folder, { recursive: true }));

  /** @param failures how many starts fail first */
  async function startAll(failures: number) {
    const log: string[] = [];
    const virsh = async ([command = '', name = '']: readonly string[]) => {
      if (command !== 'start') {
        return { code: 0, stdout: command === 'metadata' ? '<demo/>' : 'shut off', stderr: '' };
      }
      log.push(`start ${name}`);
      await new Promise(setImmediate);
      const code = failures-- > 0 ? 1 : 0;
      log.push(code === 0 ? `${name} runs` : `${name} failed`);
      return { code, stdout: '', stderr: 'No space left on device' };
    };
    const making = makeDemoVms({ virsh, folder });
    await making.catch((error: unknown) => log.push(String(error)));
    return log;
  }

  it('start one after the other', async () => {
    const log = await startAll(0);
    const [first, second] = log.flatMap((line) => (line.startsWith('start ') ? [line.replace('start ', '')] : []));
    assert.deepEqual([first, second].toSorted(), demoNames.toSorted());
    assert.deepEqual(log, [`start ${first}`, `${first} runs`, `start ${second}`, `${second} runs`]);
  });

  it('are started once more where that failed', async () => {
    const log = await startAll(1);
    const first = log[0]?.replace('start ', '');
    assert.deepEqual(log.slice(0, 4), [`start ${first}`, `${first} failed`, `start ${first}`, `${first} runs`]);
    assert.equal(log.length, 6);
  });

  it('are not started a third time', async () => {
    const log = await startAll(2);
    const first = log[0]?.replace('start ', '');
    assert.equal(log.filter((line) => line === `start ${first}`).length, 2);
    assert.match(log.at(-1) ?? '', /No space left on device/u);
  });
});
