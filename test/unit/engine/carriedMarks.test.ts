// Marks follow the snapshot to the name that a person gives it.
import assert from 'node:assert/strict';
import { carryMarks } from '../../../src/engine/after/carriedMarks.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { vmKey } from '../../../src/live/views.js';
import { silentLog } from '../../silentLog.js';
import { before, external, facts, ref, tree } from '../domain/someFacts.js';
import { FakeKeeping } from './fakePersistence.js';

describe('marks on a snapshot that gets another name', () => {
  const [a, b] = [external('a'), external('b', 'a')];
  const there = facts({ tree: tree([a, b]) });
  const rename: OperationRequest = { kind: 'rename', vm: ref, snapshot: 'a', title: 'c', name: 'c' };

  const carried = async (request: OperationRequest, of = a.createdAt): Promise<readonly unknown[]> => {
    const persistence = new FakeKeeping();
    await persistence.marks.kept.add(ref, { name: 'a', createdAt: of });
    await persistence.marks.kept.add(ref, { name: 'b', createdAt: b.createdAt });
    await persistence.marks.favourite.add(ref, { name: 'a', createdAt: of });
    const step = { kind: 'redefineAs', snapshot: 'a', name: 'c', description: '' } as never;
    await carryMarks({ request, before, steps: [step], progress: 'timeOnly' } as never, there, persistence, silentLog);
    return [
      persistence.marked
        .get(vmKey(ref))
        ?.map(({ name }) => name)
        .sort(),
      persistence.favoured.get(vmKey(ref))?.name,
    ];
  };

  it('go with it', async () => {
    assert.deepEqual(await carried(rename), [['b', 'c'], 'c']);
  });

  it('stay where they were on another one of its name, and where none is renamed', async () => {
    assert.deepEqual(await carried(rename, 1), [['a', 'b'], 'a']);
    const repair: OperationRequest = { kind: 'repair', vm: ref, snapshot: 'a' } as never;
    assert.deepEqual(await carried(repair), [['a', 'b'], 'a']);
  });
});
