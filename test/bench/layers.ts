// What it takes to know the layers of 100 VMs × 20 layers, against the one call that tells of them; and to have the
// blocks of a disk of 20 GB with 10 layers, against qemu-img map.
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { whatIsRead } from '../../src/chains/whatIsRead.js';
import { localContents } from '../../src/host/localContents.js';
import { libvirtHypervisor } from '../../src/hypervisor/openLibvirt.js';
import { Inventory } from '../../src/inventory/liveInventory.js';
import { openConnection } from '../../src/libvirt/connect.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING,
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_DOMAIN_STATS_BLOCK,
} from '../../src/libvirt/flags.js';
import { silentLog } from '../../src/log/log.js';
import { seededRandom } from '../histories/random.js';
import { type Daemon, onPrivateDaemon, remark, report, sideBySide } from './measure.js';

const vms = 100;
const layers = 20;

void onPrivateDaemon(async (daemon) => {
  await defineChains(daemon);
  const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
  const inventory = new Inventory({ open: libvirtHypervisor(silentLog, daemon.env), log: silentLog });
  inventory.setConnections([daemon.uri]);
  await inventory.sweep(daemon.uri);
  const known = inventory.connections[0]?.vms.flatMap(
    (view) => view.layers?.disks.flatMap((disk) => disk.layers) ?? [],
  );
  if (known?.length !== vms * layers || known.some(({ allocatedBytes }) => allocatedBytes === 'unknown')) {
    throw new Error(`${String(known?.length)} layers are known`);
  }
  const flags = VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING + VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
  const { call, sweep } = await sideBySide(9, {
    call: () => connection.call('connectGetAllDomainStats', { doms: [], stats: VIR_DOMAIN_STATS_BLOCK, flags }),
    sweep: () => inventory.sweep(daemon.uri),
  });
  report({
    name: `sizes and chains of ${vms} VMs × ${layers} layers`,
    ours: sweep,
    baseline: call,
    unit: 'ms',
    goal: 1.3,
    against: 'the bulk call alone',
  });
  inventory.dispose();
  connection.close();
  await measureBlocks();
});

/** VMs that are off: libvirt looks at each file of the chains that their XML names. */
async function defineChains(daemon: Daemon): Promise<void> {
  const folder = join(daemon.dir, 'chains');
  await mkdir(folder);
  const file = (vm: number, layer: number): string => join(folder, `vm${vm}.${layer}`);
  await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'cluster_size=512', file(0, 0), '1M']);
  const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
  for (let vm = 0; vm < vms; vm++) {
    for (let layer = 0; layer < layers; layer++) {
      if (vm + layer > 0) {
        await copyFile(file(0, 0), file(vm, layer));
      }
    }
    let backing = '<backingStore/>';
    for (let layer = 0; layer < layers - 1; layer++) {
      backing = `<backingStore type='file'><format type='qcow2'/><source file='${file(vm, layer)}'/>${backing}</backingStore>`;
    }
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${file(vm, layers - 1)}'/>
      ${backing}<target dev='vda' bus='virtio'/></disk>`;
    const xml = `<domain type='qemu'><name>chain-${vm}</name><memory unit='MiB'>64</memory>
      <os><type arch='x86_64'>hvm</type></os><devices>${disk}</devices></domain>`;
    await connection.call('domainDefineXmlFlags', { xml, flags: 0 });
  }
  connection.close();
}

async function measureBlocks(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vr-map-'));
  try {
    const random = seededRandom(1);
    const file = (layer: number): string => join(folder, `layer${layer}`);
    for (let layer = 0; layer < 10; layer++) {
      const below = layer === 0 ? [] : ['-F', 'qcow2', '-b', file(layer - 1)];
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', ...below, file(layer), '20G']);
      const writes = Array.from({ length: 600 }, () => `write -q -P 1 ${random.int(0, 327_679) * 64}k 64k`);
      await runOk('qemu-io', ['-t', 'unsafe', ...writes.flatMap((write) => ['-c', write]), file(layer)]);
    }
    const contents = localContents(process.env);
    const ours = async (): Promise<number> => {
      const rows = await Promise.all(
        Array.from({ length: 10 }, async (_, row) => {
          const image = await contents.extents(file(9 - row), 'qcow2', [{}]);
          return {
            row,
            extents: typeof image === 'string' ? 'unreadable' : (image.states[0] ?? 'unreadable'),
          } as const;
        }),
      );
      return whatIsRead(20 * 1024 ** 3, rows).length;
    };
    remark(`The chain is read in ${await ours()} pieces.`);
    const { map, walk } = await sideBySide(9, {
      map: async () => {
        JSON.parse(await runOk('qemu-img', ['map', '-U', '--output=json', file(9)]));
      },
      walk: ours,
    });
    report({
      name: 'the blocks of a disk of 20 GB with 10 layers',
      ours: walk,
      baseline: map,
      unit: 'ms',
      goal: 1.5,
      against: 'qemu-img map of the same chain',
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
