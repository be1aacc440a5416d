import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { isNameOnly, protectionMatcher } from '../../../src/domain/protection.js';
import { needsName } from '../../../src/operations/needsName.js';

const vm = (name: string) => ({ name, uuid: '6f1c2a54-0000-4000-8000-00000000000a' });

describe('protectionMatcher', () => {
  const rows: readonly (readonly [pattern: string, name: string, protects: boolean])[] = [
    ['prod', 'prod', true],
    ['prod', 'prod-1', false],
    ['prod', 'Prod', false],
    ['prod-*', 'prod-', true],
    ['prod-*', 'prod-db-1', true],
    ['*-db-?', 'prod-db-1', true],
    ['*-db-?', 'prod-db-12', false],
    ['*a*b*c', 'aXbYbZc', true],
    ['*a*b*c', 'aXcYb', false],
    ['*', 'anything', true],
    ['**', '', true],
    ['?', '', false],
    ['web.*', 'webx1', false],
    ['web(1)', 'web(1)', true],
    ['  prod  ', 'prod', true],
    ['', 'prod', false],
    ['6F1C2A54-0000-4000-8000-00000000000A', 'whatever', true],
    ['*'.repeat(301), 'prod', false],
  ];
  for (const [pattern, name, protects] of rows) {
    it(`"${pattern.slice(0, 40)}" ${protects ? 'protects' : 'does not protect'} "${name}"`, () => {
      assert.equal(protectionMatcher([pattern])(vm(name)), protects);
    });
  }

  it('is enough that one pattern fits', () => {
    assert.equal(protectionMatcher(['a', 'b'])(vm('b')), true);
    assert.equal(protectionMatcher([])(vm('b')), false);
  });

  it('does not take for ever over a pattern of stars', () => {
    assert.equal(protectionMatcher([`${'*a'.repeat(140)}b`])(vm('a'.repeat(250))), false);
  });
});

describe('isNameOnly', () => {
  it('tells the name or UUID of one VM from a pattern for several', () => {
    assert.equal(isNameOnly(' prod ', vm('prod')), true);
    assert.equal(isNameOnly(vm('').uuid.toUpperCase(), vm('prod')), true);
    assert.equal(isNameOnly('pro?', vm('pro?')), false);
    assert.equal(isNameOnly('pro*', vm('prod')), false);
  });
});

describe('needsName', () => {
  const ref = { connection: 'test:///default', uuid: vm('').uuid };
  const still = [{ kind: 'guestStandsStill' } as const];
  const rows: readonly (readonly [request: OperationRequest, stands: boolean, needs: boolean])[] = [
    [{ kind: 'revert', vm: ref, snapshot: 'a', after: 'off' }, false, true],
    [{ kind: 'delete', vm: ref, snapshot: 'a', scope: 'one' }, false, true],
    [{ kind: 'repair', vm: ref, repair: { kind: 'thawGuest' } }, false, true],
    [{ kind: 'power', vm: ref, action: 'pause' }, false, true],
    [{ kind: 'power', vm: ref, action: 'forceOff' }, false, true],
    [{ kind: 'power', vm: ref, action: 'shutDown' }, false, true],
    [{ kind: 'power', vm: ref, action: 'restart' }, false, true],
    [{ kind: 'power', vm: ref, action: 'start' }, false, false],
    [{ kind: 'power', vm: ref, action: 'resume' }, false, false],
    [{ kind: 'create', vm: ref, snapshotKind: 'memory', title: 'a' }, true, true],
    [{ kind: 'create', vm: ref, snapshotKind: 'disk', title: 'a' }, false, false],
    [{ kind: 'describe', vm: ref, snapshot: 'a', title: 'b', description: '' }, true, false],
    [{ kind: 'rename', vm: ref, snapshot: 'a', title: 'b' }, true, false],
  ];
  for (const [request, stands, needs] of rows) {
    const what =
      request.kind === 'power' ? request.action : `${request.kind}${stands ? ', the guest stands still' : ''}`;
    it(`${what}: ${needs ? 'yes' : 'no'}`, () => {
      assert.equal(needsName(request, { warnings: stands ? still : [] }), needs);
    });
  }
});
