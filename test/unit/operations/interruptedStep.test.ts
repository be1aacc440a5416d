// Which files of an operation that broke off may go, where another VM's chain cannot be read.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { OtherVm, Facts } from '../../../src/domain/facts.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import { removable } from '../../../src/operations/interruptedStep.js';
import { before, ask, disk, image, looked, facts, vm } from '../domain/someFacts.js';

const base = '/img/web.qcow2';
const overlay = '/img/web.gone';
const empty = '/img/web.empty';

describe('removable', () => {
  const inWhat = (otherVms: readonly OtherVm[]): Facts =>
    facts({
      vm: vm({ disks: [disk('vda', base)] }),
      otherVms,
      files: looked({
        images: { [base]: image(), [overlay]: image(base, { empty: false }), [empty]: image(base, { empty: true }) },
      }),
    });
  const plan = (request: OperationRequest): PlannedWork => ({
    kind: 'plan',
    request,
    before,
    steps: [{ kind: 'removeFiles', files: [overlay, empty] }],
    removes: [overlay, empty],
    progress: 'timeOnly',
  });
  const hidden: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far'] };
  const clone: OtherVm = { uuid: 'c', name: 'clone', files: [overlay], unread: [] };
  const agreed = { ...ask.remove('s'), despiteUnread: true } as OperationRequest;

  const rows: readonly (readonly [what: string, OperationRequest, readonly OtherVm[], readonly string[]])[] = [
    ['all are read', ask.remove('s'), [], [overlay, empty]],
    ['one cannot be read: it may be built on what somebody wrote to', ask.remove('s'), [hidden], [empty]],
    ['one cannot be read, and somebody agreed to that', agreed, [hidden], [overlay, empty]],
    ['one uses it, whoever agreed to what', agreed, [clone], [empty]],
  ];
  for (const [what, request, others, expected] of rows) {
    it(what, () => {
      assert.deepEqual(removable([overlay, empty], plan(request), inWhat(others)), expected);
    });
  }
});
