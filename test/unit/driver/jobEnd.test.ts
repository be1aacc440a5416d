import assert from 'node:assert/strict';
import { untilNoJob } from '../../../src/driver/run/jobEnd.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';

const dom = { name: 'web', uuid: '00000000-0000-4000-8000-000000000001', id: 1 };

type Answer = { readonly type: number; readonly operation?: number } | keyof typeof errorCodes | 'held';

/** Gives these answers in turn, and the last one ever after. Counts the calls. */
function daemon(...answers: readonly Answer[]): { readonly connection: Connection; readonly calls: () => number } {
  let calls = 0;
  const connection = {
    call: () => {
      const answer = answers[Math.min(calls, answers.length - 1)]!;
      calls += 1;
      if (answer === 'held') {
        const words = 'cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotCreateXML)';
        return Promise.reject(error(errorCodes.VIR_ERR_OPERATION_TIMEOUT, words));
      }
      if (typeof answer === 'string') {
        return Promise.reject(error(errorCodes[answer]));
      }
      const { type, operation } = answer;
      const params =
        operation === undefined ? [] : [{ field: 'operation', value: { type: 'int' as const, value: operation } }];
      return Promise.resolve({ type, params });
    },
  } as unknown as Connection;
  return { connection, calls: () => calls };
}

function error(code: number, message = 'no'): LibvirtError {
  return new LibvirtError('domainGetJobStats', {
    code,
    domain: 10,
    message,
    level: 2,
    dom: undefined,
    str1: undefined,
    str2: undefined,
    str3: undefined,
    int1: 0,
    int2: 0,
    net: undefined,
  });
}

const nothing = { type: 0 };
const unbounded = 2;

describe('the wait for the end of what libvirt does to a VM', () => {
  for (const [what, answers, calls] of [
    ['is over at once where it does nothing', [nothing], 1],
    ['is over where the VM is off', ['VIR_ERR_OPERATION_INVALID'], 1],
    ['is over where the VM is gone', ['VIR_ERR_NO_DOMAIN'], 1],
    ['lasts as long as a snapshot', [{ type: unbounded, operation: 6 }, { type: unbounded, operation: 6 }, nothing], 3],
    ['lasts as long as a revert', [{ type: unbounded, operation: 7 }, nothing], 2],
    ['lasts as long as a job that libvirt has no numbers of', ['VIR_ERR_INTERNAL_ERROR', nothing], 2],
    ['goes on when libvirt itself waited too long', ['VIR_ERR_OPERATION_TIMEOUT', nothing], 2],
    ['goes on as long as somebody works at it', ['held', 'held', 'held', 'held', nothing], 5],
    ['leaves a migration alone', [{ type: unbounded, operation: 5 }], 1],
    ['takes no notice of a job that is over', [{ type: 3, operation: 6 }], 1],
  ] as const satisfies readonly (readonly [string, readonly Answer[], number])[]) {
    it(what, async () => {
      const libvirt = daemon(...answers);
      await untilNoJob(libvirt.connection, dom, 0);
      assert.equal(libvirt.calls(), calls);
    });
  }

  for (const code of ['VIR_ERR_INTERNAL_ERROR', 'VIR_ERR_RPC', 'VIR_ERR_OPERATION_TIMEOUT'] as const) {
    it(`ends with the error that stays: ${code}`, async () => {
      const { connection } = daemon(code);
      await assert.rejects(
        untilNoJob(connection, dom, 0),
        (thrown) => thrown instanceof LibvirtError && thrown.code === errorCodes[code],
      );
    });
  }
});
