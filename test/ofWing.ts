// What a wing rejects with: which reason, and with which facts.
import assert from 'node:assert/strict';
import { Failure } from '../src/domain/failure.js';

/** For `assert.rejects`. @param facts none given: any */
export function ofWing(reason: string, facts?: Readonly<Record<string, unknown>>): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.reason, reason);
    if (facts !== undefined) {
      const { reason: told, vm, host } = error.details;
      const names = { ...('vm' in facts && { vm }), ...('host' in facts && { host }) };
      assert.deepEqual({ ...told?.facts, ...names }, facts);
    }
    return true;
  };
}
