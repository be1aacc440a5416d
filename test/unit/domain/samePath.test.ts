// One file with two names, and what is refused because of it.
import assert from 'node:assert/strict';
import { planOperation } from '../../../src/operations/decide/planOperation.js';
import type { Facts } from '../../../src/domain/facts.js';
import { disk, image, internal, looked, ref, facts, tree, vm } from './someFacts.js';

describe('samePath', () => {
  const inWhat = (present: string, seen: Facts['files']): Facts =>
    facts({
      vm: vm({ power: 'off', disks: [disk('vda', present)] }),
      tree: tree([internal('a')]),
      frozenDisks: new Map([['a', [disk('vda', '/img/web.qcow2')]]]),
      ...(seen === undefined ? {} : { files: seen }),
    });
  const seen = (path: string, real: string): Facts['files'] =>
    looked({ images: { '/img/web.qcow2': image(undefined, { real: '1:2' }), [path]: image(undefined, { real }) } });

  const rows: readonly (readonly [what: string, Facts, 'refused' | 'planned'])[] = [
    ...['/img/../img/web.qcow2', '/img//web.qcow2', '/img/./web.qcow2', '//img/x/../web.qcow2'].map(
      (path) => [`another way to write it, ${path}`, inWhat(path, undefined), 'refused'] as const,
    ),
    ['a link to it', inWhat('/link/web.qcow2', seen('/link/web.qcow2', '1:2')), 'refused'],
    ['the same path', inWhat('/img/web.qcow2', seen('/img/web.qcow2', '1:2')), 'planned'],
    ['another file', inWhat('/img/other.qcow2', seen('/img/other.qcow2', '1:3')), 'planned'],
  ];
  for (const [what, where, expected] of rows) {
    it(`the VM stands on ${what} than its snapshot names → ${expected}`, () => {
      const asked = [
        { kind: 'revert', vm: ref, snapshot: 'a', after: 'asSnapshot' },
        { kind: 'delete', vm: ref, snapshot: 'a', scope: 'one' },
        { kind: 'repair', vm: ref, repair: { kind: 'forgetSnapshot', snapshot: 'a' } },
      ] as const;
      for (const request of asked) {
        const decision = planOperation(request, where);
        const reason = decision.kind === 'refusal' ? decision.refusal.reason : 'planned';
        assert.equal(reason === 'namedTwice', expected === 'refused', `${request.kind}: ${reason}`);
      }
    });
  }
});
