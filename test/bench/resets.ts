// A hundred resets in a row over the library, in one process, as a loop of tests has them: what fails, and what grows
// by it. The log of operations and the records of checkpoints keep the last 200 of a VM; they are filled up to there
// first, so that a file more is one too many. Needs --expose-gc.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import { SessionVm } from '../../src/api/sessionVm.js';
import { LibrarySession } from '../../src/api/librarySession.js';
import type { VmRef } from '../../src/domain/vm.js';
import { logFolder, OperationLog } from '../../src/journal/operationLog.js';
import { marksIn } from '../../src/journal/marks.js';
import { Session } from '../../src/session/session.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { onPrivateDaemon, remark, report, timed } from './measure.js';
import { readers } from '../readers.js';

const resets = 100;
/** Until what is compiled, and kept ready for the next time, is there; and as many checkpoints as are kept. */
const warmUps = 20;
/** As src/journal has it: of one VM. */
const mostKept = 200;
/** What the collector leaves lying about; a hundred resets that each keep a few KiB are more. */
const heapLimit = 0.5;
const MB = 1_000_000;

interface Grown {
  readonly heap: number;
  readonly files: readonly string[];
  readonly descriptors: number;
  readonly snapshots: number;
}

void onPrivateDaemon(async (daemon) => {
  const state = join(daemon.dir, 'state');
  await mkdir(state);
  const oracle = await OracleVm.define(daemon, { name: 'lab', folder: join(daemon.dir, 'lab') });
  await daemon.virsh(['start', 'lab']);
  const session = await Session.open({
    connections: [daemon.uri],
    environment: { ...daemon.env, VIRT_REWIND_STATE: state },
    log: silentLog,
    shell: 'bench',
  });
  // What the library gives to who finds a VM.
  const over = new AbortController().signal;
  const librarySession = new LibrarySession({ session: () => session, readers, log: silentLog, shell: 'bench', over });
  const vm = new SessionVm(librarySession, await session.vm('lab'));
  const failures: string[] = [];
  let marked = 0;
  /** The guest has gone on since, and must not any more. */
  const reset = async (): Promise<void> => {
    try {
      await oracle.talk((guest) => guest.setCounter((marked += 1)));
      await vm.revert('clean');
      const { counter } = await oracle.talk((guest) => guest.ram());
      if (counter !== 0) {
        throw new Error(`the guest counts ${counter} after a reset`);
      }
    } catch (error) {
      failures.push(String(error));
    }
  };
  await oracle.talk((guest) => guest.setCounter(0));
  await vm.checkpoint('clean');
  for (let count = 0; count < warmUps; count += 1) {
    await reset();
  }
  await fillUp(state, { connection: vm.connection, uuid: vm.uuid });
  const before = await look(session, vm, daemon.dir);
  const ms = await timed(async () => {
    for (let count = 0; count < resets; count += 1) {
      await reset();
    }
  });
  const after = await look(session, vm, daemon.dir);
  await session.close();

  const name = `${resets} resets in a row`;
  const none = { baseline: 1, goal: 0 };
  report({ ...none, name: `${name}: failures`, ours: failures.length, unit: 'failures', against: 'none' });
  const files = after.files.length - before.files.length;
  report({
    ...none,
    name: `${name}: files more, of state and disks`,
    ours: Math.max(0, files),
    unit: 'files',
    against: 'none',
  });
  const begun = after.files.filter((file) => /^state\/(?:groups\/)?[0-9a-f]{32}(?:\/|$)/u.test(file)).length;
  report({ ...none, name: `${name}: entries left in the journal`, ours: begun, unit: 'entries', against: 'none' });
  report({
    name: `${name}: open files more`,
    ours: Math.max(0, after.descriptors - before.descriptors),
    baseline: 1,
    unit: 'files',
    goal: 1,
    against: 'the talk with the guest, which may just be ending',
  });
  const snapshots = Math.max(0, after.snapshots - before.snapshots);
  report({ ...none, name: `${name}: snapshots more`, ours: snapshots, unit: 'snapshots', against: 'none' });
  report({
    name: `${name}: live memory more`,
    ours: Math.max(0, after.heap - before.heap) / MB,
    baseline: heapLimit,
    unit: 'MB',
    goal: 1,
    against: 'the limit',
  });
  remark(
    `Each of the ${resets} resets kept what was first, and took ${(ms / resets).toFixed(0)} ms. ` +
      `The history grows by lines, up to two files of 1 MiB.`,
  );
  for (const failure of failures.slice(0, 3)) {
    remark(`A reset failed: ${failure}`);
  }
});

interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: { readonly node_fields: readonly string[]; readonly node_types: readonly (readonly string[])[] };
  };
  readonly nodes: readonly number[];
}

/**
 * Without code: what the engine compiles of it, and optimizes, grows for hundreds of resets, and it is thrown away
 * where room is short.
 */
async function liveBytes(): Promise<number> {
  const { snapshot, nodes } = JSON.parse(await text(getHeapSnapshot())) as HeapSnapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, size] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const code = types[type]?.indexOf('code');
  let bytes = 0;
  for (let node = 0; node < nodes.length; node += fields.length) {
    bytes += nodes[node + type] === code ? 0 : (nodes[node + size] ?? 0);
  }
  return bytes;
}

/** As after many resets: what is written stands for operations and checkpoints that are long gone. */
async function fillUp(state: string, vm: VmRef): Promise<void> {
  const log = new OperationLog(state, silentLog);
  const logged = await log.of(vm);
  const last = logged.at(-1);
  if (last === undefined) {
    throw new Error('no reset is in the log');
  }
  const { at: _, ...again } = last;
  for (let count = logged.length; count < mostKept; count += 1) {
    await log.add(again);
  }
  const records = marksIn(state, silentLog).auto;
  for (let count = (await records.of(vm)).length; count < mostKept; count += 1) {
    await records.add(vm, { name: `gone-${count}`, createdAt: count * 1_000, why: 'revert' });
  }
  const folder = logFolder(state);
  const [own = ''] = await readdir(folder);
  const entries = await readdir(join(folder, own));
  if (entries.length !== mostKept) {
    throw new Error(`the log keeps ${entries.length} operations, not ${mostKept}`);
  }
}

/** After what follows a reset by itself, and everything that can be collected has been. */
async function look(session: Session, vm: SessionVm, dir: string): Promise<Grown> {
  await session.engine.idle();
  const snapshots = (await vm.snapshots()).length;
  for (let count = 0; count < 8; count += 1) {
    globalThis.gc?.();
    await wait(100);
  }
  const heap = await liveBytes();
  const inState = (await readdir(join(dir, 'state'), { recursive: true })).map((file) => `state/${file}`);
  const disks = (await readdir(join(dir, 'lab'))).map((file) => `lab/${file}`);
  const descriptors = (await readdir('/proc/self/fd')).length;
  return { heap, files: [...inState, ...disks], descriptors, snapshots };
}
