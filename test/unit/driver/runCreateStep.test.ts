// The flags that a new snapshot is asked for with, and how one is told that was cancelled.
import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/emitter.js';
import { Failure } from '../../../src/domain/failure.js';
import type { GuestEvent } from '../../../src/driver/guestEvents.js';
import { createFlags, createSnapshot } from '../../../src/driver/run/runCreateStep.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import type { Step } from '../../../src/steps/step.js';
import { silentLog } from '../../silentLog.js';
import { capabilities, vm } from '../domain/someFacts.js';

const step: Extract<Step, { kind: 'createSnapshot' }> = {
  kind: 'createSnapshot',
  name: 's',
  description: '',
  snapshotKind: 'memory',
  style: 'external',
  quiesce: false,
  disks: [],
};
const DISK_ONLY = 16;
const QUIESCE = 64;
const LIVE = 256;

describe('the flags of a new snapshot', () => {
  const rows: readonly (readonly [change: Partial<typeof step>, flags: number])[] = [
    [{}, 0],
    [{ live: true }, LIVE],
    [{ style: 'internal', live: true }, 0],
    [{ style: 'internal', snapshotKind: 'offline' }, 0],
    [{ snapshotKind: 'disk' }, DISK_ONLY],
    [{ snapshotKind: 'disk', quiesce: true }, DISK_ONLY | QUIESCE],
    [{ snapshotKind: 'disk', live: true }, DISK_ONLY],
    [{ snapshotKind: 'offline', quiesce: true }, DISK_ONLY],
    [{ quiesce: true }, 0],
  ];
  for (const [change, flags] of rows) {
    it(`with ${JSON.stringify(change)} are ${String(flags)}`, () => {
      assert.equal(createFlags({ ...step, ...change }), flags);
    });
  }
});

describe('a snapshot with RAM in a file of its own', () => {
  const error = (call: string, code: number): LibvirtError =>
    new LibvirtError(call, { code, message: "job 'snapshot' unexpectedly failed", level: 2, domain: 0 } as never);

  /** libvirt's job fails, once it is cancelled or at once. @returns what the snapshot ends with */
  async function endOf(job: 'cancelled' | 'failing'): Promise<unknown> {
    const wish = new AbortController();
    let failNow: () => void = () => undefined;
    const fails = new Promise<never>((_, reject) => {
      failNow = () => reject(error('domainSnapshotCreateXml', errorCodes.VIR_ERR_OPERATION_FAILED));
    });
    const call = (name: string): Promise<unknown> => {
      switch (name) {
        case 'domainSnapshotCreateXml':
          if (job === 'cancelled') {
            wish.abort();
          } else {
            failNow();
          }
          return fails;
        case 'domainGetJobStats':
          return Promise.resolve({ type: 2, params: [{ field: 'operation', value: { type: 'int', value: 6 } }] });
        case 'domainAbortJob':
          failNow();
          return Promise.resolve({});
        case 'domainGetState':
          return Promise.resolve({ state: 1, reason: 1 });
        case 'domainSnapshotLookupByName':
          return Promise.reject(error(name, errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT));
        default:
          return Promise.reject(new Error(`${name} is not expected`));
      }
    };
    const connection = { call };
    const context = {
      connection,
      openAnother: () => Promise.resolve(connection),
      closeAnother: () => undefined,
      signal: wish.signal,
      onProgress: () => undefined,
      events: { onDidHappen: new Emitter<GuestEvent>().event },
      dom: { name: 'web', uuid: vm().uuid, id: -1 },
      vm: vm({ power: 'running' }),
      capabilities: capabilities(9, 0),
      log: silentLog,
    } as unknown as StepContext;
    return createSnapshot(context, step).catch((caught: unknown) => caught);
  }

  it('was cancelled where libvirt took the wish, and QEMU failed in it', async () => {
    const ended = await endOf('cancelled');
    assert.ok(ended instanceof Failure);
    assert.equal(ended.kind, 'cancelled');
  });

  it('failed where nobody wanted to cancel it', async () => {
    const ended = await endOf('failing');
    assert.ok(ended instanceof Failure);
    assert.equal(ended.kind, 'failed');
  });
});
