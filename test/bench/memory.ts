// Resident memory that 10,000 snapshots add to the process that holds them. Needs --expose-gc.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import { onPrivateDaemon, remark, report } from './measure.js';
import { testDriverXml } from './stock.js';

const MB = 1_000_000;

/** After everything that can be collected has been, and the allocator has had time to give pages back. */
async function settled(): Promise<NodeJS.MemoryUsage> {
  for (let i = 0; i < 8; i++) {
    globalThis.gc?.();
    await wait(250);
  }
  return process.memoryUsage();
}

void onPrivateDaemon(async (daemon) => {
  const at = async (file: string, vms: number, snapshots: number): Promise<string> => {
    await writeFile(join(daemon.dir, file), testDriverXml(vms, snapshots));
    return daemon.testUri.replace('///default', `//${join(daemon.dir, file)}`);
  };
  const [small, large] = [await at('small.xml', 10, 20), await at('large.xml', 10, 1000)];
  const engine = new Engine({ open: libvirtHypervisor(silentLog, daemon.env), log: silentLog });
  engine.setConnections([small, large]);
  const read = async (uri: string): Promise<number> => {
    const { vms } = await engine.connect(uri);
    let count = 0;
    for (const { ref } of vms) {
      count += (await engine.readTree(ref)).snapshots.length;
    }
    return count;
  };
  await read(small);
  const before = await settled();
  const count = await read(large);
  if (count !== 10_000) {
    throw new Error(`${count} snapshots were read`);
  }
  const after = await settled();
  report({
    name: 'resident memory added by 10,000 snapshots',
    ours: (after.rss - before.rss) / MB,
    baseline: 40,
    unit: 'MB',
    goal: 1,
    against: 'the limit',
  });
  remark(`Of that memory ${((after.heapUsed - before.heapUsed) / MB).toFixed(1)} MB are live objects.`);
  engine.dispose();
});
