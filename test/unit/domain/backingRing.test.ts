// Images that rest on each other are the one reason, whatever was asked for.
import assert from 'node:assert/strict';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { over, seen } from './hostFiles.js';
import { ask, ref } from './someFacts.js';
import { base, old, outside } from '../operations/recoveryShapes.js';

const rings: readonly (readonly [what: string, ring: Readonly<Record<string, string>>, string])[] = [
  ['of one', { [base]: base }, `${base} → ${base}`],
  ['of two', { '/img/web.a': base, [base]: '/img/web.a' }, `${base} → /img/web.a → ${base}`],
  [
    'of three',
    { '/img/web.a': base, [base]: '/img/web.b', '/img/web.b': '/img/web.a' },
    `${base} → /img/web.b → /img/web.a → ${base}`,
  ],
];
const clone = { kind: 'clone', vm: ref, clone: { name: 'x', uuid: '1' }, way: 'full', network: 'same' } as const;
const requests: readonly OperationRequest[] = [
  ask.create(),
  ask.revert('a'),
  ask.remove('a'),
  clone,
  { kind: 'consolidate', vm: ref },
  { kind: 'prune', vm: ref, snapshots: ['a'] },
];

describe('a ring of backing files', () => {
  for (const [what, ring, told] of rings) {
    for (const request of requests) {
      for (const power of ['off', 'running'] as const) {
        it(`${what}: ${request.kind}, ${power}`, () => {
          const images = Object.fromEntries(Object.entries(ring).map(([file, below]) => [file, over(below)]));
          const others = { '/img/web.a': over(base), '/img/web.b': over('/img/web.a') };
          const facts = outside({ power }, { ...old, files: seen({ [base]: over(base), ...others, ...images }) });
          const decision = planOperation(request, facts);
          assert.ok(decision.kind === 'refusal');
          assert.equal(decision.refusal.reason, 'unjudgedImage', JSON.stringify(decision.refusal));
          assert.equal((decision.refusal.facts as { readonly below?: string }).below, told);
        });
      }
    }
  }
});
