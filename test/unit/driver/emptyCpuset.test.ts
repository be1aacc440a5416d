// A VM that starts while libvirt makes the group of the first one.
import assert from 'node:assert/strict';
import { restoreVm, revertVm, startVm } from '../../../src/driver/run/openImages.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';
import { errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';
import { ref } from '../domain/someFacts.js';

const xml = '<domain><name>web</name><devices/></domain>';
const group = '/sys/fs/cgroup/cpuset/machine/qemu-2-web.libvirt-qemu/emulator/tasks';

const refusal = (message: string, errno: number): LibvirtError =>
  new LibvirtError('domainCreateWithFlags', {
    code: errorCodes.VIR_ERR_SYSTEM_ERROR,
    domain: 10,
    message,
    level: 2,
    dom: undefined,
    str1: undefined,
    str2: undefined,
    str3: undefined,
    int1: errno,
    int2: 0,
    net: undefined,
  });

const wish = { from: '/ram', dxml: xml, flags: 0 };
const starts = {
  domainCreateWithFlags: (context: StepContext) => startVm(context, 'running'),
  domainRestoreFlags: (context: StepContext) => restoreVm(context, wish),
  domainRevertToSnapshot: (context: StepContext) => revertVm(context, 'clean', 0),
};

describe('a start beside the first one of a host', () => {
  /** @returns how often it was tried */
  async function tried(call: keyof typeof starts, errors: readonly Error[], start = starts[call]): Promise<number> {
    let times = 0;
    const connection = {
      call: (name: string) => {
        if (name !== call) {
          return Promise.resolve({ xml: name === 'domainSnapshotGetXmlDesc' ? Buffer.from(xml) : xml, result: 0 });
        }
        const error = errors[times++];
        return error === undefined ? Promise.resolve({}) : Promise.reject(error);
      },
    };
    const context = { connection, dom: { name: 'web', uuid: ref.uuid, id: 1 } } as unknown as StepContext;
    await start(context).catch((error: unknown) => assert.ok(errors.some((one) => one === error)));
    return times;
  }

  const empty = refusal(`Unable to write to '${group}': No space left on device`, 28);

  for (const call of Object.keys(starts) as (keyof typeof starts)[]) {
    it(`is tried once more, and no third time: ${call}`, async () => {
      assert.equal(await tried(call, [empty]), 2);
      assert.equal(await tried(call, [empty, empty, empty]), 2);
    });
  }

  it('is not tried again with RAM that comes through a pipe', async () => {
    const restoreInside = (context: StepContext): Promise<void> => restoreVm(context, { ...wish, isInside: true });
    assert.equal(await tried('domainRestoreFlags', [empty], restoreInside), 1);
  });

  it('is not tried again for another reason', async () => {
    const others = [refusal("Unable to write to '/vms/web.qcow2': No space left on device", 28), refusal(group, 13)];
    for (const other of others) {
      assert.equal(await tried('domainCreateWithFlags', [other]), 1);
    }
  });
});
