// Backups of a VM with a disk of 2 GB and a snapshot: against restic alone on the same files, against the first one
// after 50 MB changed, and what a guest that writes feels of one.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runOk } from '../../scripts/rig/run.mjs';
import type { BackupMade } from '../../src/wings/copies/repository/backUp.js';
import { backUpVms } from '../../src/wings/copies/repository/backUpVms.js';
import { bringBack } from '../../src/wings/copies/restore/bringBack.js';
import { resticSource } from '../../src/wings/copies/restore/copySource.js';
import { lookAtVm, type VmLook } from '../../src/transfer/lookAtVm.js';
import { hostHere } from '../../src/transfer/vmHost.js';
import { Restic } from '../../src/wings/copies/repository/restic.js';
import { startLiveRig } from '../libvirtd/engineRig.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { median, quantile, remark, report, timed } from './measure.js';

const throwing = {
  onProgress: () => undefined,
  onMade: () => undefined,
  onFailure: (_: string, error: unknown) => {
    throw error;
  },
};
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 2);
const megabyte = 1024 ** 2;
const diskMiB = 2_048;
const changedMiB = 50;
/** In one go, for the time of one write. */
const blocks = 64;

void measure();

async function measure(): Promise<void> {
  const rig = await startLiveRig();
  const { dir, env: daemonEnv } = rig.daemon;
  try {
    const vm = await OracleVm.define(rig.daemon, { name: 'b', disks: ['qcow2'], diskMiB });
    const image = vm.guest.disks[0]!.file;
    const random = join(dir, 'random');
    await runOk('dd', ['if=/dev/urandom', `of=${random}`, 'bs=1M', `count=${diskMiB}`, 'status=none']);
    await runOk('qemu-img', ['convert', '-O', 'qcow2', random, `${image}.new`]);
    await rename(`${image}.new`, image);
    await rig.engine.connect(rig.uri);
    const ref = await rig.ref('b');
    const make = (title: string): Promise<unknown> =>
      rig.engine.runOperation({ kind: 'create', vm: ref, title, snapshotKind: 'offline', style: 'external' });
    await make('first');
    const key = join(dir, 'key');
    await writeFile(key, 'the key of a bench', { mode: 0o600 });
    const environment = { PATH: process.env['PATH'], ...daemonEnv, RESTIC_CACHE_DIR: join(dir, 'cache') };
    const { signal } = new AbortController();
    const open = (name: string): Promise<Restic> =>
      Restic.open(join(dir, name), { environment, signal, passwordFile: key });
    const view = rig.vm('b')!;
    const look = (): Promise<VmLook> => lookAtVm(rig.engine, view, hostHere(daemonEnv));
    const ours = async (restic: Restic, engine: Parameters<typeof backUpVms>[0] = rig.engine): Promise<BackupMade> => {
      const wish = { create: false, signal };
      const [made] = await backUpVms(engine, restic, [{ view, look }], wish, throwing);
      return made!;
    };
    const [first, alone, second, added]: [number[], number[], number[], number[]] = [[], [], [], []];
    let restic!: Restic;
    let made!: BackupMade;
    for (let round = 0; round < rounds; round++) {
      await Promise.all(['ours', 'alone'].map((name) => rm(join(dir, name), { recursive: true, force: true })));
      const other = await open('alone');
      restic = await open('ours');
      await Promise.all([other, restic].map((one) => one.run(['init'])));
      const { files } = await lookAtVm(rig.engine, rig.vm('b')!, hostHere(daemonEnv));
      const stored = files.flatMap((file) => file.stored ?? []);
      // What one has written must not be the other's to wait for.
      await runOk('sync', []);
      alone.push(await timed(() => other.run(['backup', ...stored])));
      await runOk('sync', []);
      first.push(await timed(() => ours(restic)));
      const piece = join(dir, 'piece');
      await runOk('dd', ['if=/dev/urandom', `of=${piece}`, 'bs=1M', `count=${changedMiB}`, 'status=none']);
      const [, top = ''] = /<source file='([^']+)'/u.exec(await rig.virsh('dumpxml', 'b')) ?? [];
      await runOk('qemu-io', ['-f', 'qcow2', '-c', `write -q -s ${piece} 1G ${changedMiB}M`, top]);
      second.push(await timed(async () => added.push((made = await ours(restic)).addedBytes / megabyte)));
    }
    const name = `backup of ${diskMiB / 1024} GB`;
    report({
      ...{ name: `first ${name}`, ours: median(first), baseline: median(alone), unit: 'ms', goal: 1.1 },
      against: 'restic of the same files alone',
    });
    report({
      ...{ name: `second ${name}, ${changedMiB} MB changed`, ours: median(second), baseline: median(first) },
      ...{ unit: 'ms', goal: 0.1, against: 'the first' },
    });
    report({
      ...{ name: `second ${name}, ${changedMiB} MB changed: moved`, ours: median(added), baseline: 70, unit: 'MB' },
      ...{ goal: 1, against: 'a limit' },
    });
    await measureRestore(restic, made.id);
    await measureWrites();

    async function measureRestore(from: Restic, id: string): Promise<void> {
      const [back, bare]: [number[], number[]] = [[], []];
      const snapshot = (await from.snapshots([`backup:${id}`]))[0]!.id;
      for (let round = 0; round < rounds; round++) {
        const to = join(dir, 'restored');
        await mkdir(to);
        const source = await resticSource(from, id);
        const all = { connection: rig.uri, folder: to, isolated: false, host: hostHere(daemonEnv), signal } as const;
        const words = [`--target=${join(to, 'bare')}`, ...(source.keepsHoles ? ['--sparse'] : [])];
        bare.push(await timed(() => from.run(['restore', snapshot, ...words])));
        back.push(await timed(() => bringBack(rig.engine, source, { ...all, name: 'again', snapshot: 'first' })));
        await rig.virsh('undefine', 'again');
        await rm(to, { recursive: true });
      }
      report({
        ...{ name: `restore of one snapshot of ${diskMiB / 1024} GB`, ours: median(back), baseline: median(bare) },
        ...{ unit: 'ms', goal: 1.2, against: 'restic restore of the backup' },
      });
    }

    /**
     * Backups that read everything, as into a new repository: one that feels for the guest, and one that cannot ask
     * about it.
     */
    async function measureWrites(): Promise<void> {
      await rig.virsh('start', 'b');
      await rig.engine.refresh({ vm: ref });
      let seed = 0;
      const write = (): Promise<number> =>
        vm.talk((guest) =>
          timed(() =>
            guest.write(
              0,
              Array.from({ length: blocks }, (_, block) => [block, ++seed] as const),
            ),
          ),
        );
      const times: Record<'idle' | 'careful' | 'careless', number[]> = { idle: [], careful: [], careless: [] };
      const took: Record<'careful' | 'careless', number[]> = { careful: [], careless: [] };
      const felt: string[] = [];
      const noWatch = {
        connections: rig.engine.connections,
        withCopies: () => Promise.reject(new Error('nobody can be asked')),
      };
      for (let round = 0; round < rounds; round++) {
        for (const how of ['careful', 'careless'] as const) {
          const folder = `writes-${round}-${how}`;
          const fresh = await open(folder);
          await fresh.run(['init']);
          await run('sync', []);
          for (let one = 0; one < 50; one++) {
            times.idle.push(await write());
          }
          const over = new AbortController();
          const ended = timed(async () => {
            const made = await ours(fresh, how === 'careful' ? rig.engine : noWatch);
            felt.push(...(how === 'careful' ? [JSON.stringify(made.felt)] : []));
          }).finally(() => over.abort());
          while (!over.signal.aborted) {
            times[how].push(await write());
          }
          took[how].push(await ended);
          await rm(join(dir, folder), { recursive: true });
        }
      }
      const told = Object.entries(times).map(([how, all]) => {
        const [middle, tail] = [quantile(all, 0.5), quantile(all, 0.99)].map((ms) => ms.toFixed(0));
        return `${how} ${mean(all).toFixed(0)} / ${middle} / ${tail} (${all.length} writes)`;
      });
      const lasted = (['careful', 'careless'] as const).map(
        (how) => `${how} ${(median(took[how]) / 1_000).toFixed(0)} s`,
      );
      remark(
        `A write of ${blocks} blocks in ms, mean / 50 % / 99 %, beside no backup (idle), one that watched the guest ` +
          `(careful), one that did not: ${told.join('; ')}. They took: ${lasted.join(', ')}. Told: ${felt.join(', ')}.`,
      );
      // The median would be a write in a pause of the backup.
      const during = mean(times.careful);
      report({
        ...{ name: 'a write of the guest during a backup', ours: during, baseline: mean(times.idle), unit: 'ms' },
        ...{ goal: 1.1, against: 'the same without one' },
      });
      for (const [part, goal] of [
        [0.5, 1.1],
        [0.99, 1.3],
      ] as const) {
        report({
          ...{ name: `${part * 100} % of the guest's writes during a backup`, unit: 'ms', goal },
          ...{ ours: quantile(times.careful, part), baseline: quantile(times.idle, part) },
          against: 'the same without one',
        });
      }
      report({
        ...{ name: 'a backup that watches the guests', ours: median(took.careful), baseline: median(took.careless) },
        ...{ unit: 'ms', goal: 2, against: 'one that does not' },
      });
      await rig.virsh('destroy', 'b');
    }
  } finally {
    await rig.stop();
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
