// What the library says of a guest that cannot answer, before anybody waits for it.
import assert from 'node:assert/strict';
import { LibrarySession } from '../../../src/api/librarySession.js';
import { SessionVm } from '../../../src/api/sessionVm.js';
import { VirtRewindError } from '../../../src/api/virtRewindError.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Vm } from '../../../src/domain/vm.js';
import type { Session } from '../../../src/session/session.js';
import { silentLog } from '../../silentLog.js';
import { vm, vmView } from '../ui/samples.js';
import { readers } from '../../readers.js';

function vmWith(changes: Partial<Vm>, hindrance?: () => string): SessionVm {
  const view = vmView({ vm: vm(changes) });
  const engine = {
    refresh: () => Promise.resolve(),
    connections: [{ uri: view.ref.connection }],
    connect: () => Promise.resolve(),
    findVms: () => [view],
    guests: {
      addressesOf: () => Promise.resolve([]),
      networksOf: () => Promise.resolve([]),
      runIn: () => Promise.reject(new Failure('unsupported', { vm: view.ref.uuid, noAgent: true })),
    },
  };
  const session = { engine, view: () => view } as unknown as Session;
  const over = new AbortController().signal;
  return new SessionVm(
    new LibrarySession({
      session: () => session,
      readers,
      log: silentLog,
      shell: 'test',
      over,
      ...(hindrance && { hindrance }),
    }),
    view,
  );
}

describe('the library at a guest that does not answer', () => {
  for (const power of ['off', 'crashed', 'paused'] as const) {
    it(`says at once that the VM is ${power}`, async () => {
      const one = vmWith({ power });
      for (const call of [() => one.wait(), () => one.wait({ port: 22 }), () => one.run('true')]) {
        await assert.rejects(call, (error: unknown) => {
          assert.ok(error instanceof VirtRewindError);
          assert.deepEqual([error.kind, error.reason], ['refused', 'notRunning']);
          assert.match(error.message, power === 'paused' ? /Resume/u : /Start/u);
          return true;
        });
      }
    });
  }

  it('opens no port where nothing may be changed', async () => {
    const one = vmWith({ power: 'running' }, () => 'Not here.');
    await assert.rejects(one.wait({ port: 22 }), { kind: 'refused', message: 'Not here.' });
  });

  it('names the VM whose agent does not answer', async () => {
    const one = vmWith({ power: 'running' });
    await assert.rejects(one.run('true'), (error: unknown) => {
      assert.ok(error instanceof VirtRewindError && error.kind === 'unsupported');
      assert.match(error.message, new RegExp(`guest agent of ${one.name}`, 'u'));
      return true;
    });
  });
});
