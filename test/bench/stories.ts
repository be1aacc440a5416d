// Three stories as a person sees them, in the rig's VS Code: from opening the page to the rows of the tree, from a key
// to the toast of a checkpoint, and from the answer to a revert to a VM that runs. BENCH_EXTENSION: another checkout's,
// built, for before and after.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildExtension } from '../../scripts/build.mjs';
import { makeDemoVms, removeDemoVms } from '../../scripts/guest/demoVms.mjs';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { hands } from '../../scripts/rig/hands.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { quietSettings, startVsCode } from '../../scripts/rig/vscodeServer.mjs';
import { openWorkbench } from '../../scripts/rig/workbench.mjs';
import { type Daemon, median, onPrivateDaemon, report, timed } from './measure.js';

const vm = 'rewind-internal';
const rounds = 5;

interface Times {
  readonly page: number[];
  readonly checkpoint: number[];
  readonly revert: number[];
}

async function onePage(url: string, times: Times): Promise<void> {
  const began = performance.now();
  const { workbench, close } = await openWorkbench(url);
  try {
    const own = hands('mouse', workbench);
    await own.showView('Virt Rewind', 'VMs');
    await workbench.row(new RegExp(`^${vm}, .*running`)).waitFor();
    times.page.push(performance.now() - began);
    await own.select(vm);
    times.checkpoint.push(
      await timed(async () => {
        await workbench.page.keyboard.press('Control+Alt+k');
        await workbench.toast(vm).waitFor();
      }),
    );
    await own.dismiss(vm);
    await own.expand(vm);
    await own.select('Another way');
    await workbench.page.keyboard.press('Control+Alt+r');
    await workbench.dialog.waitFor();
    times.revert.push(
      await timed(async () => {
        await own.answer('Revert and Run');
        await workbench.toast(/Reverted/).waitFor();
        await workbench.row(new RegExp(`^${vm}, .*running`)).waitFor();
      }),
    );
  } finally {
    await close();
  }
}

/** The same by virsh alone: a snapshot with RAM, and a revert with one before it. */
async function byVirsh({ virsh }: Daemon): Promise<{ readonly checkpoint: number; readonly revert: number }> {
  const target = 'by-virsh';
  const checkpoint = await timed(() => virshOk(virsh, 'snapshot-create-as', vm, target));
  const revert = await timed(async () => {
    await virshOk(virsh, 'snapshot-create-as', vm, 'before');
    await virshOk(virsh, 'snapshot-revert', vm, target, '--running');
  });
  for (const name of ['before', target]) await virshOk(virsh, 'snapshot-delete', vm, name);
  return { checkpoint, revert };
}

void onPrivateDaemon(async (daemon) => {
  const dir = await mkdtemp(join(tmpdir(), 'bench-'));
  const folder = join(daemon.dir, 'demo');
  const extension = process.env['BENCH_EXTENSION'];
  if (extension === undefined) await buildExtension({ minify: true });
  try {
    await makeDemoVms({ virsh: daemon.virsh, folder });
    await mkdir(join(dir, 'project'));
    const server = await startVsCode({
      data: join(dir, 'data'),
      folder: join(dir, 'project'),
      dev: [extension ?? root],
      env: { VIRT_REWIND_STATE: join(dir, 'state') },
      settings: { ...quietSettings, 'git.enabled': false, 'virtRewind.connections': [daemon.uri] },
    });
    const times: Times = { page: [], checkpoint: [], revert: [] };
    const bare: Record<'page' | 'checkpoint' | 'revert', number[]> = { page: [], checkpoint: [], revert: [] };
    try {
      // The first round warms up and does not count.
      for (let round = 0; round <= rounds; round++) {
        bare.page.push(await timed(async () => (await openWorkbench(server.url)).close()));
        await onePage(server.url, times);
        const { checkpoint, revert } = await byVirsh(daemon);
        bare.checkpoint.push(checkpoint);
        bare.revert.push(revert);
      }
    } finally {
      await server.stop();
      await removeDemoVms({ virsh: daemon.virsh, folder });
    }
    // No slower than before the work on the screens, of which the same was measured: 1.71, 0.74, 2.84.
    for (const [story, name, goal, against] of [
      ['page', 'page to tree', 1.8, 'the page, until VS Code is there'],
      ['checkpoint', 'checkpoint to toast', 0.8, 'virsh snapshot-create-as'],
      ['revert', 'revert to running', 2.85, 'the same two commands of virsh'],
    ] as const) {
      const [ours, baseline] = [times, bare].map((one) => median(one[story].slice(1)));
      report({ name, ours: ours!, baseline: baseline!, unit: 'ms', goal, against });
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    if (extension === undefined) await buildExtension();
  }
});
