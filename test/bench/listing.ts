// How long 10,000 snapshots of a VM take to be listed in a shell, against virsh: both as a person calls them, from the
// start of the program to the last line.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPacked } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { onPrivateDaemon, remark, report, sideBySide } from './measure.js';
import { makeStock, snapshotName, vmName } from './stock.js';

const snapshots = 10_000;

void onPrivateDaemon(async (daemon) => {
  const folder = await mkdtemp(join(tmpdir(), 'vr-listing-'));
  try {
    const dist = join(folder, 'dist');
    await buildPacked(dist);
    await makeStock(daemon, 1, snapshots);
    const env = {
      ...daemon.env,
      VIRT_REWIND_STATE: join(folder, 'state'),
      LIBVIRT_DEFAULT_URI: daemon.uri,
      LC_ALL: 'C',
    };
    const last = snapshotName(snapshots - 1);
    const expectLast = (listed: string): void => {
      if (!listed.includes(`Step ${snapshots - 1}`) && !listed.includes(last)) {
        throw new Error(`${last} was not listed`);
      }
    };
    const { virsh, ours } = await sideBySide(5, {
      virsh: async () => expectLast(await runOk('virsh', ['-c', daemon.uri, 'snapshot-list', vmName(0)], { env })),
      ours: async () =>
        expectLast(await runOk(process.execPath, [join(dist, 'commandLine.js'), 'tree', vmName(0)], { env })),
    });
    report({
      name: '10,000 snapshots of a VM listed in a shell',
      ours,
      baseline: virsh,
      unit: 'ms',
      goal: 2.5,
      against: 'virsh snapshot-list',
    });
    remark('The tree also tells what each snapshot takes, for which its document is read a second time.');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
