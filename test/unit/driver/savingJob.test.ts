// How it is told whether somebody saves a VM: by what libvirt answers at once, and by what it does not answer.
import assert from 'node:assert/strict';
import { SavingJobs } from '../../../src/driver/run/savingJob.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';

const dom = { name: 'web', uuid: '00000000-0000-4000-8000-000000000001', id: 1 };

function daemon(control: number, job: () => Promise<unknown>): { readonly connection: Connection; asked: number } {
  const rig = {
    asked: 0,
    connection: {
      call: (name: string) => {
        if (name === 'domainGetControlInfo') {
          return Promise.resolve({ state: control, details: 0, stateTime: 0n });
        }
        rig.asked += 1;
        return job();
      },
    } as unknown as Connection,
  };
  return rig;
}

function refused(code: number, message = 'no'): () => Promise<never> {
  const nothing = { str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0, net: undefined };
  const error = { code, domain: 10, message, level: 2, dom: undefined, ...nothing };
  return () => Promise.reject(new LibvirtError('domainGetJobStats', error));
}

const held = 'cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshotCreateXML)';

describe('whether a VM is being saved', () => {
  const none = (): Promise<unknown> => Promise.resolve({ type: 0, params: [] });
  for (const [what, control, job, expected, asked] of [
    ['a job that libvirt names', 1, none, true, 0],
    ['QEMU being asked something', 2, none, true, 0],
    ['nothing under way', 0, none, false, 1],
    ['a monitor that fails', 3, none, false, 1],
    ['a job that counts', 0, () => Promise.resolve({ type: 2, params: [] }), true, 1],
    ['a job that is waited for too long', 0, refused(errorCodes.VIR_ERR_OPERATION_TIMEOUT, held), true, 1],
    ['a job at which nobody works', 0, refused(errorCodes.VIR_ERR_OPERATION_TIMEOUT), false, 1],
    ['a libvirt that cannot say', 0, refused(errorCodes.VIR_ERR_OPERATION_INVALID), false, 1],
  ] as const) {
    it(`${what}: ${expected ? 'yes' : 'no'}`, async () => {
      const rig = daemon(control, job);
      assert.equal(await new SavingJobs(rig.connection).goesOn(dom), expected);
      assert.equal(rig.asked, asked);
    });
  }

  it('takes no answer for a yes, and asks once however often it is asked meanwhile', async () => {
    let answer: (value: unknown) => void = () => undefined;
    const rig = daemon(0, () => new Promise((resolve) => (answer = resolve)));
    const jobs = new SavingJobs(rig.connection, 1);
    assert.deepEqual(await Promise.all([jobs.goesOn(dom), jobs.goesOn(dom)]), [true, true]);
    assert.equal(await jobs.goesOn(dom), true);
    assert.equal(rig.asked, 1);
    answer({ type: 0, params: [] });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await new SavingJobs(daemon(0, none).connection, 1_000).goesOn(dom), false);
    void jobs.goesOn(dom);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(rig.asked, 2);
  });

  it('goes by the answer before while the next one is waited for, until the VM is paused no more', async () => {
    const answers = [none, (): Promise<unknown> => new Promise(() => undefined)];
    const rig = daemon(0, () => answers[Math.min(rig.asked, answers.length) - 1]!());
    const jobs = new SavingJobs(rig.connection, 1_000);
    assert.equal(await jobs.goesOn(dom), false);
    const later = new SavingJobs(rig.connection, 1);
    assert.equal(await later.goesOn(dom), true);
    assert.equal(await jobs.goesOn(dom), false);
    jobs.forget(dom);
    assert.equal(await jobs.goesOn(dom), true);
  });

  it('hands on the end of the connection', async () => {
    const rig = daemon(0, () => Promise.reject(new Error('gone')));
    await assert.rejects(new SavingJobs(rig.connection).goesOn(dom), /gone/u);
  });
});
