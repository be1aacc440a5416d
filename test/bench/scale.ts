// What grows how: from one host to a thousand in one process, and from ten snapshots of a VM to as many as libvirt
// lists. The hosts are fakes of the wire, in a thread of their own. Needs --expose-gc. Writes artifacts/scale.svg.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { shellText } from '../../scripts/shellText.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { vmKey } from '../../src/live/views.js';
import { REMOTE_DOMAIN_SNAPSHOT_LIST_MAX } from '../../src/libvirt/protocol.js';
import { silentLog } from '../silentLog.js';
import { remark, report } from './measure.js';
import type { FakeHosts } from './scaleHosts.js';
import { chartOf, type Row } from './scaleChart.js';

const vmsOfHost = 10;
const longestBlockMs = 50;

const folder = mkdtempSync(join(tmpdir(), 'scale-'));
const root = process.env['VIRT_REWIND_ROOT']!;

async function withHosts<T>(
  data: Omit<FakeHosts, 'path'>,
  act: (uriOf: (n: number) => string) => Promise<T>,
): Promise<T> {
  const program = join(folder, 'hosts.mjs');
  await build({
    entryPoints: [join(root, 'test/bench/scaleHosts.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    plugins: [shellText],
  });
  const path = join(folder, `${data.vms}-${data.snapshots}`);
  const worker = new Worker(program, { workerData: { ...data, path } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  try {
    return await act((n) => {
      const own = `${path}-${n}`;
      if (!existsSync(own)) {
        symlinkSync(path, own);
      }
      return `test+unix:///default?socket=${own}`;
    });
  } finally {
    await worker.terminate();
  }
}

async function settledBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await wait(100);
  }
  return process.memoryUsage().heapUsed;
}

/** With everything of them seen, but no VM opened. */
async function measureHosts(count: number, uriOf: (n: number) => string): Promise<Row> {
  const before = await settledBytes();
  const files = readdirSync('/proc/self/fd').length;
  const engine = new Engine({ open: libvirtHypervisor(silentLog, {}), log: silentLog });
  const uris = Array.from({ length: count }, (_, n) => uriOf(n));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  let firstMs = 0;
  engine.setConnections(uris);
  engine.setAttention({ visible: true, connections: new Set(uris), vms: new Set() });
  for (let left = uris; left.length > 0;) {
    await wait(5);
    const failed = engine.connections.find(({ state }) => state === 'failed');
    if (failed !== undefined) {
      throw new Error(`no connection to ${failed.uri}: ${failed.failure?.kind}`);
    }
    const loaded = new Map(engine.connections.map((view) => [view.uri, view.loaded]));
    left = left.filter((uri) => loaded.get(uri) !== true);
    firstMs ||= left.length < count ? performance.now() - began : 0;
  }
  const wholeMs = performance.now() - began;
  delay.disable();
  // The other end of each is in this process, too.
  const openFiles = (readdirSync('/proc/self/fd').length - files) / 2;
  const heap = (await settledBytes()) - before;
  engine.dispose();
  return { count, firstMs, wholeMs, blockMs: delay.max / 1e6, megabytes: heap / 1e6, openFiles };
}

async function measureSnapshots(count: number): Promise<Row> {
  return withHosts({ vms: 1, snapshots: count }, async (uriOf) => {
    const before = await settledBytes();
    const engine = new Engine({ open: libvirtHypervisor(silentLog, {}), log: silentLog });
    const uri = uriOf(0);
    engine.setConnections([uri]);
    const { vms } = await engine.connect(uri);
    const { ref } = vms[0]!;
    engine.setAttention({ visible: true, connections: new Set([uri]), vms: new Set([vmKey(ref)]) });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const began = performance.now();
    const tree = await engine.readTree(ref);
    const wholeMs = performance.now() - began;
    delay.disable();
    if (tree.snapshots.length !== count) {
      throw new Error(`${tree.snapshots.length} snapshots were read`);
    }
    const heap = (await settledBytes()) - before;
    engine.dispose();
    return { count, firstMs: wholeMs, wholeMs, blockMs: delay.max / 1e6, megabytes: heap / 1e6, openFiles: 1 };
  });
}

async function bench(): Promise<void> {
  const hosts = await withHosts({ vms: vmsOfHost, snapshots: 20 }, async (uriOf) => {
    await measureHosts(1, uriOf);
    const rows: Row[] = [];
    for (const count of [1, 10, 100, 1_000]) {
      rows.push(await measureHosts(count, uriOf));
    }
    return rows;
  });
  const snapshots: Row[] = [];
  for (const count of [10, 100, 1_000, REMOTE_DOMAIN_SNAPSHOT_LIST_MAX]) {
    snapshots.push(await measureSnapshots(count));
  }
  const many = hosts.at(-1)!;
  const deep = snapshots.at(-1)!;
  const limit = (name: string, ours: number, baseline: number, unit: string): void =>
    report({ name, ours, baseline, unit, goal: 1, against: 'the limit' });
  limit('first row of 1,000 hosts', many.firstMs, 1_000, 'ms');
  limit('memory for each of 1,000 hosts with 10 VMs', many.megabytes / many.count, 0.2, 'MB');
  limit('longest block of the event loop, 1,000 hosts', many.blockMs, longestBlockMs, 'ms');
  limit('longest block of the event loop, 16,384 snapshots of a VM', deep.blockMs, longestBlockMs, 'ms');
  limit('memory for 16,384 snapshots of a VM', deep.megabytes, 65, 'MB');
  limit('files open for each of 1,000 hosts', many.openFiles / many.count, 1.1, 'files');
  for (const [what, rows] of Object.entries({ hosts, snapshots })) {
    for (const row of rows) {
      remark(
        `${row.count} ${what}: first row ${row.firstMs.toFixed(0)} ms, whole ${row.wholeMs.toFixed(0)} ms, ` +
          `block ${row.blockMs.toFixed(0)} ms, ${row.megabytes.toFixed(1)} MB, ${row.openFiles} files`,
      );
    }
  }
  mkdirSync(join(root, 'artifacts'), { recursive: true });
  writeFileSync(join(root, 'artifacts/scale.svg'), chartOf({ hosts, snapshots }));
}

void bench().finally(() => rmSync(folder, { recursive: true, force: true }));
