// What the RAM of ten snapshots takes in a repository of restic's, where a guest changes a twentieth of it between
// them: against that of one.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { silentLog } from '../silentLog.js';
import { onPrivateDaemon, remark, report } from './measure.js';

const memoryMiB = 512;
/** Random bytes, which nothing makes smaller. */
const filledMiB = 400;
const changedMiB = filledMiB / 20;
const count = 10;
const megabyte = 1024 ** 2;

void onPrivateDaemon(async (daemon) => {
  const guest = await defineTestGuest(daemon, { name: 'guest', memoryMiB });
  const inGuest = async (script: string): Promise<void> => {
    const { code, stderr } = await guest.run('sh', ['-c', script]);
    if (code !== 0) {
      throw new Error(stderr);
    }
  };
  const write = (at: number, mebibytes: number): Promise<void> =>
    inGuest(`dd if=/dev/urandom of=/filled/all bs=1M count=${mebibytes} seek=${at} conv=notrunc 2>/dev/null`);
  await guest.start();
  await inGuest(`mkdir /filled && mount -t tmpfs -o size=${filledMiB + 1}m none /filled`);
  await write(0, filledMiB);
  const engine = new Engine({
    open: libvirtHypervisor(silentLog, daemon.env),
    log: silentLog,
    journal: { folder: join(daemon.dir, 'journal') },
  });
  engine.setConnections([daemon.uri]);
  try {
    await engine.connect(daemon.uri);
    await engine.refresh({ connection: daemon.uri });
    const { ref } = engine.findVms('guest', daemon.uri)[0]!;
    const take = async (title: string): Promise<string> => {
      await engine.runOperation({ kind: 'create', vm: ref, title, snapshotKind: 'memory', style: 'external' });
      return (await engine.readTree(ref)).snapshots.find((one) => one.title === title)!.memory.file!;
    };
    const env = { ...process.env, RESTIC_PASSWORD: 'of a bench', RESTIC_REPOSITORY: join(daemon.dir, 'kept') };
    const restic = (...words: readonly string[]): Promise<string> => runOk('restic', words, { env });
    await restic('init');
    const keep = async (file: string): Promise<number> => {
      const told = await restic('backup', '--json', file);
      const { data_added: added } = JSON.parse(told.trim().split('\n').at(-1)!) as { data_added: number };
      return added / megabyte;
    };
    const first = await take('s0');
    const one = await keep(first);
    let all = one;
    for (let at = 1; at < count; at++) {
      await write((at - 1) * changedMiB, changedMiB);
      all += await keep(await take(`s${at}`));
    }
    report({
      name: `RAM of ${count} snapshots in a backup, a twentieth of it changed between them`,
      ...{ ours: all, baseline: one, unit: 'MB', goal: 2, against: 'that of one' },
    });
    remark(`The RAM of one is a file of ${((await stat(first)).size / megabyte).toFixed(0)} MB.`);
  } finally {
    engine.dispose();
    await guest.remove();
  }
});
