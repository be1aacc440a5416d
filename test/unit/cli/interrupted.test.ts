// Ctrl+C before a command listens for it, and in the middle of one that answers all the same. No VM is there.
import assert from 'node:assert/strict';
import { showConsole } from '../../../src/cli/commands/console.js';
import { pruneSystem } from '../../../src/cli/commands/systemPrune.js';
import type { Context } from '../../../src/cli/context.js';
import { Interruption } from '../../../src/cli/interruption.js';
import type { Plan } from '../../../src/operations/plan.js';
import { before } from '../domain/someFacts.js';
import { ref, vmView } from '../ui/samples.js';

describe('Ctrl+C at the command line', () => {
  it('opens no console that was asked for before it', async () => {
    const interruption = new Interruption(() => undefined);
    interruption.interrupt();
    const context = { call: { flags: new Set() }, session: {}, terminal: {}, interruption } as unknown as Context;
    assert.equal(await showConsole(context, vmView()), 'cancelled');
  });

  it('leaves a prune of a system with one document, which says what was done', async () => {
    const interruption = new Interruption(() => undefined);
    const point = (title: string, createdAt: number) => ({ id: title, title, createdAt, members: [] });
    const stored = { system: { id: 's', name: 'shop', members: [] }, points: [point('a', 1), point('b', 2)] };
    const plan: Plan = {
      ...{ kind: 'plan', progress: 'timeOnly', before, steps: [], losses: [], warnings: [], deletes: ['a'] },
      request: { kind: 'delete', vm: ref, snapshot: 'a', scope: 'one' },
    };
    const members = [{ member: { ...ref, name: 'web' }, view: vmView(), plan }];
    const systems = {
      find: () => Promise.resolve(stored),
      look: () => Promise.resolve({ ...stored, members: [], seen: new Map() }),
      planDelete: () => Promise.resolve({ kind: 'delete', members }),
      run: () => {
        interruption.interrupt();
        return Promise.resolve({ members: [], durationMs: 1 });
      },
    };
    const context = {
      call: { operands: ['shop'], flags: new Set(['yes']), texts: { 'older-than': '1h' } },
      session: {
        systems: () => Promise.resolve(systems),
        reachMembers: () => undefined,
        needsName: () => false,
        engine: {},
      },
      terminal: { textWidth: 80, tell: () => undefined, progress: () => undefined },
      interruption,
      printer: { canAsk: false },
    } as unknown as Context;
    const { answer, exit } = await pruneSystem(context);
    assert.equal(exit, 'cancelled');
    const { pruned } = answer as {
      readonly pruned: Record<'deleted' | 'stays', readonly { readonly title: string }[]>;
    };
    assert.deepEqual(
      [pruned.deleted, pruned.stays].map((all) => all.map(({ title }) => title)),
      [['a'], ['b']],
    );
  });
});
