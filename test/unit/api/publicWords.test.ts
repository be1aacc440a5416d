// The published types import nothing, so they write the domain's words out: the compiler holds both to each other here.
import assert from 'node:assert/strict';
import type { AfterRevert, DeleteScope } from '../../../src/domain/operation.js';
import type { SnapshotKind, SnapshotStyle } from '../../../src/domain/snapshot.js';
import type { PowerState } from '../../../src/domain/vm.js';
import type { CheckpointOptions, RevertOptions, VirtualMachine } from '../../../src/api/publicApi.js';
import type { VmState } from '../../../src/session/publicTypes.js';

type Scope = NonNullable<Parameters<VirtualMachine['delete']>[1]>['scope'];
type Same<A, B> = [A, B] extends [B, A] ? true : never;

describe('the words of the library', () => {
  it('are those of the domain', () => {
    const same: readonly [
      Same<RevertOptions['after'], AfterRevert | undefined>,
      Same<CheckpointOptions['kind'], SnapshotKind | undefined>,
      Same<CheckpointOptions['style'], SnapshotStyle | undefined>,
      Same<Scope, DeleteScope | undefined>,
      Same<VmState, PowerState>,
    ] = [true, true, true, true, true];
    assert.equal(same.length, 5);
  });
});
