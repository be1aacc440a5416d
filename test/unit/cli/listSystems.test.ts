// The list of systems fits its terminal. No VM is there.
import assert from 'node:assert/strict';
import { columnsOf } from '../../../src/cli/table.js';
import { listSystems } from '../../../src/cli/commands/systems.js';
import type { Context } from '../../../src/cli/context.js';
import type { SystemPoint } from '../../../src/domain/system.js';
import { vmView } from '../ui/samples.js';

describe('the list of systems', () => {
  const { vm } = vmView();
  const member = { connection: 'test:///default', uuid: 'u', name: 'a database with a long name' };
  const system = { id: 'a', name: 'shop', members: [member] };
  const point: SystemPoint = { id: 'p', title: 'before the upgrade of everything', createdAt: 0, members: [] };
  const stored = { system, points: [point] };
  const seen = { ...stored, members: [{ ...member, vm }], seen: new Map([['p', ['snapshotGone']]]), standsAt: 'apart' };
  const said = async (width: number): Promise<readonly string[]> => {
    const systems = {
      list: () => Promise.resolve({ systems: [stored], unreadable: [] }),
      look: () => Promise.resolve(seen),
    };
    const printed = await listSystems({
      call: { operands: [] },
      session: { systems: () => Promise.resolve(systems), reachMembers: () => undefined },
      terminal: { width },
    } as unknown as Context);
    return printed.text as readonly string[];
  };

  it('is broken between words where the terminal is narrow, and says the same', async () => {
    const [narrow, whole] = [await said(40), await said(Infinity)];
    assert.ok(narrow.length > whole.length);
    assert.ok(
      narrow.every((line) => columnsOf(line) <= 40),
      narrow.join('\n'),
    );
    const words = (lines: readonly string[]): readonly string[] => lines.join(' ').split(/\s+/u).filter(Boolean);
    assert.deepEqual(words(narrow), words(whole));
    assert.equal(whole.filter((line) => line.includes('○')).length, 1);
    // What goes on is farther in than what it belongs to.
    assert.ok(narrow.slice(1).every((line) => line.startsWith('  ')));
  });
});
