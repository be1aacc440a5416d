// Systems of VMs and their restore points outlive the editor, and a file that somebody else wrote is believed by
// nobody.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemStore } from '../../../src/journal/systemStore.js';
import { silentLog } from '../../silentLog.js';
import { ownFolders } from '../../unit/journal/samples.js';

const id = 'a'.repeat(32);
const member = { connection: 'qemu:///system', uuid: 'u1', name: 'db' };
const system = { id, name: 'shop', members: [member, { ...member, uuid: 'u2', name: 'api', after: ['u1'] }] };
const point = {
  id: 'b'.repeat(32),
  title: 'clean',
  createdAt: 1_800_000_000_123,
  spreadMs: 2.5,
  members: [
    { ...member, snapshot: 'clean', createdAt: 1_800_000_000_000, kind: 'memory', state: 'running' } as const,
    { ...member, uuid: 'u2', snapshot: 'clean', createdAt: 1_800_000_000_000, kind: 'offline', state: 'off' } as const,
  ],
};

describe('systems that are written down', () => {
  const folder = ownFolders();
  const store = (): SystemStore => new SystemStore(folder(), silentLog);
  const file = (name: string): string => join(folder(), 'systems', id, name);

  it('are there for every editor, with their restore points, until they are forgotten', async () => {
    await store().put(system);
    await store().putPoint(id, { ...point, git: 'main@0123456789ab' });
    await store().putPoint(id, { ...point, id: 'c'.repeat(32), createdAt: 1, auto: 'revert' });
    const { systems, unreadable } = await store().list();
    assert.deepEqual(unreadable, []);
    assert.deepEqual(systems, [
      {
        system,
        points: [
          { ...point, id: 'c'.repeat(32), createdAt: 1, auto: 'revert' },
          { ...point, git: 'main@0123456789ab' },
        ],
      },
    ]);
    await store().forgetPoint(id, point.id);
    await store().put({ ...system, name: 'store' });
    const [renamed] = (await store().list()).systems;
    assert.deepEqual([renamed?.system.name, renamed?.points.length], ['store', 1]);
    await store().forget(id);
    assert.deepEqual((await store().list()).systems, []);
    assert.deepEqual(readdirSync(join(folder(), 'systems')), []);
  });

  for (const [what, written] of [
    ['no JSON', '{'],
    ['another shape', '{"version":1}'],
    ['a later version', JSON.stringify({ version: 2, ...system })],
    ['another id', JSON.stringify({ version: 1, ...system, id: 'd'.repeat(32) })],
    ['no members', JSON.stringify({ version: 1, ...system, members: [] })],
    ['too many members', JSON.stringify({ version: 1, ...system, members: Array.from({ length: 65 }, () => member) })],
    [
      'a wait for ever',
      JSON.stringify({ version: 1, ...system, members: [{ ...member, wait: { kind: 'agent', seconds: 1e9 } }] }),
    ],
    ['a key that changes what objects inherit', `{"version":1,"id":"${id}","name":"x","members":[{"__proto__":{}}]}`],
    ['more than is read', ' '.repeat(70_000)],
  ] as const) {
    it(`are not believed and stay, with ${what}`, async () => {
      await store().put(system);
      writeFileSync(file('system.json'), written);
      const { systems, unreadable } = await store().list();
      assert.deepEqual([systems, unreadable], [[], [file('system.json')]]);
      assert.deepEqual(readdirSync(join(folder(), 'systems', id)), ['system.json']);
    });
  }

  it('are told of without the point that cannot be believed, and without following a link', async () => {
    await store().put(system);
    await store().putPoint(id, point);
    writeFileSync(file(`point-${'e'.repeat(32)}.json`), JSON.stringify({ version: 1, ...point }));
    symlinkSync('/etc/passwd', file(`point-${'f'.repeat(32)}.json`));
    const { systems, unreadable } = await store().list();
    assert.deepEqual(
      systems[0]?.points.map(({ title }) => title),
      ['clean'],
    );
    assert.equal(unreadable.length, 2);
  });

  it('are not written where nobody could read them again', async () => {
    await store().put(system);
    for (const wait of [
      { kind: 'port', port: 70_000, seconds: 1 },
      { kind: 'time', seconds: Number.NaN },
    ] as const) {
      await assert.rejects(store().put({ ...system, members: [{ ...member, wait }] }), { kind: 'invalid' });
    }
    assert.deepEqual((await store().list()).systems, [{ system, points: [] }]);
  });

  it('are named by nothing that leads out of their folder', async () => {
    await assert.rejects(store().put({ ...system, id: '../../x' }));
    await assert.rejects(store().forget('..'));
    mkdirSync(join(folder(), 'systems'), { recursive: true });
    await assert.rejects(store().putPoint('0'.repeat(32), point), { name: 'Failure', kind: 'journal' });
    rmSync(join(folder(), 'systems'), { recursive: true });
    writeFileSync(join(folder(), 'systems'), 'a file');
    await assert.rejects(store().put(system), { name: 'Failure', kind: 'journal' });
    assert.equal((await store().list()).unreadable.length, 1);
  });
});
