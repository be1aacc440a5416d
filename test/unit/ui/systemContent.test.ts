// Which rows a system of VMs has and what they say: where all is well, and where a member is gone, away, renamed or
// reverted alone.
import assert from 'node:assert/strict';
import type { StoredSystem, SystemPoint } from '../../../src/domain/system.js';
import type { ConnectionView, VmView } from '../../../src/live/views.js';
import type { KnownSystem } from '../../../src/systems/knownSystems.js';
import { filterPrompt } from '../../../src/text/rows/filterText.js';
import { automaticTitles } from '../../../src/domain/automaticTitles.js';
import { clockText } from '../../../src/domain/clockText.js';
import { systemPage } from '../../../src/ui/picture/systemPage.js';
import { OpenRows } from '../../../src/ui/tree/openRows.js';
import { TreeContent } from '../../../src/ui/tree/treeContent.js';
import { connectionView, now, ref, snapshot, uri, vm, vmView } from './samples.js';

const reading = { now };
/** When the automatic restore point was taken, as its row says it. */
const leftAt = clockText(now - 1_800_000);
const other = { connection: uri, uuid: 'other' };

function point(title: string, createdAt: number, changes: Partial<SystemPoint> = {}): SystemPoint {
  return {
    id: title,
    title,
    createdAt,
    spreadMs: 2.5,
    members: [
      { ...ref, name: 'web', snapshot: title, createdAt, kind: 'memory', state: 'running' },
      { ...other, name: 'db', snapshot: title, createdAt, kind: 'offline', state: 'off' },
    ],
    ...changes,
  };
}

const shop: StoredSystem = {
  system: {
    id: 'shop',
    name: 'shop',
    members: [
      { ...ref, name: 'web', after: [other.uuid] },
      { ...other, name: 'db', wait: { kind: 'port', port: 5432, seconds: 60 } },
    ],
  },
  points: [point('clean', now - 3_600_000), point('too', now - 1_800_000, { id: 'left', auto: 'revert' })],
};

const standing = (name: string) => ({ snapshots: [snapshot(name)], current: name });
const web = vmView({ vm: vm({ name: 'web' }), tree: standing('clean') });
const db = vmView({ ref: other, vm: vm({ uuid: other.uuid, name: 'db', power: 'off' }), tree: standing('clean') });

function contentOf(
  connection: ConnectionView,
  known: KnownSystem = shop,
  opened: ConstructorParameters<typeof TreeContent>[2] = { isRowOpen: () => undefined },
): TreeContent {
  const source = {
    connections: [connection],
    findVm: (wanted: { readonly uuid: string }): VmView | undefined =>
      connection.vms.find((view) => view.ref.uuid === wanted.uuid),
  };
  const arrangement = { sort: 'time', layout: 'tree', filter: '' } as const;
  return new TreeContent(
    source,
    arrangement,
    opened,
    () => 0,
    () => [known],
  );
}

function lines(content: TreeContent): readonly string[] {
  const [top] = content.children();
  return [top!, ...content.children(top)].map((node) => {
    const row = content.row(node, reading);
    return `${row?.label ?? '?'}: ${row?.description ?? '?'}`;
  });
}

describe('the picture of a system of VMs', () => {
  it('has no row for what was taken unasked, and whose restore point is gone, unless the VM stands on it', () => {
    const snapshots = ['clean', 'own', 'unasked'].map((name) => snapshot(name));
    const titles = (current: string): readonly (string | undefined)[] => {
      const view = { ...web, tree: { snapshots, current }, auto: ['unasked'] };
      const page = systemPage(contentOf(connectionView({ vms: [view, db] })).systems.findShown('shop')!, now, '');
      return [...page.matchAll(/"there(?: here)?">.*?class="title">(.*?)</gu)].map(([, title]) => title).toSorted();
    };
    assert.deepEqual(titles('clean'), ['clean', 'clean', 'own']);
    assert.deepEqual(titles('unasked'), ['clean', 'clean', 'own', 'unasked']);
  });
});

describe('the rows of a system of VMs', () => {
  it('stand above the connections: its members, which stand nowhere else, then its restore points', () => {
    const content = contentOf(connectionView({ vms: [web, db] }));
    assert.deepEqual(
      content.children().map(({ kind }) => kind),
      ['system', 'connection'],
    );
    assert.deepEqual(lines(content), [
      'shop: 2 VMs · 2 restore points',
      'web: 1 snapshot',
      'db: 1 snapshot',
      'clean: ● 1 h',
      `Before revert, ${leftAt}: 30 min · no way back: the snapshot of web no longer exists, the snapshot of db no longer exists`,
    ]);
    const [top, connection] = content.children();
    assert.deepEqual(content.children(connection), []);
    const [member] = content.children(top);
    assert.equal(content.find(ref), member);
    assert.equal(content.topOf(ref), top);
    assert.deepEqual(
      content.children(member).map(({ kind }) => kind),
      ['snapshot', 'here'],
    );
    assert.deepEqual(
      content.children(top).map((node) => content.parent(node)),
      content.children(top).map(() => top),
    );
    const rows = content.children(top).map((node) => content.row(node, reading)!);
    assert.equal(rows[2]!.spoken, 'clean, 1 h, you are here, restore point');
    assert.match(rows[0]!.context, /^vm;.*pausable;/u);
    assert.equal(rows[0]!.spoken, 'web, 1 snapshot, running, VM of the system shop');
  });

  it('say who is gone, and what that means for a restore point', () => {
    const gone = connectionView({ vms: [web] });
    assert.deepEqual(lines(contentOf(gone)).slice(0, 4), [
      'shop: 2 VMs · 2 restore points · db no longer exists',
      'web: 1 snapshot',
      'db: no longer exists',
      'clean: 1 h · no way back: db no longer exists',
    ]);
  });

  it('say who is on a connection that is away, without claiming that anything is lost', () => {
    const away = connectionView({ state: 'failed', vms: [web, db] });
    assert.deepEqual(lines(contentOf(away)).slice(0, 4), [
      'shop: 2 VMs · 2 restore points · web, db is not reachable',
      'web: not reachable · 1 snapshot',
      'db: not reachable · 1 snapshot',
      'clean: 1 h · web, db is not reachable',
    ]);
    const content = contentOf(away);
    const [member] = content.children(content.children()[0]);
    const row = content.row(member!, reading);
    assert.ok(row && 'mark' in row && row.mark === 'lost');
  });

  it('say who was renamed, and who was reverted alone', () => {
    const apart = vmView({
      ref: other,
      vm: vm({ uuid: other.uuid, name: 'database', power: 'off' }),
      tree: { snapshots: [snapshot('clean'), snapshot('other')], current: 'other' },
    });
    assert.deepEqual(lines(contentOf(connectionView({ vms: [web, apart] }))).slice(0, 4), [
      'shop: 2 VMs · 2 restore points · VMs out of step',
      'web: at “clean” · 1 snapshot',
      'database: was named db · not at a restore point · 2 snapshots',
      'clean: 1 h',
    ]);
  });

  it('do not say that they are apart while one of them was not read', () => {
    const unread = vmView({ ref: other, vm: vm({ uuid: other.uuid, name: 'db', power: 'off' }) });
    assert.deepEqual(lines(contentOf(connectionView({ vms: [web, unread] }))).slice(0, 4), [
      'shop: 2 VMs · 2 restore points',
      'web: 1 snapshot',
      'db: ',
      'clean: 1 h',
    ]);
  });

  it('tell in the tooltip how far the moments are apart, what each VM was, and in which order they start', () => {
    const content = contentOf(connectionView({ vms: [web, db] }));
    const [top] = content.children();
    const told = (at: number): readonly string[] =>
      content.facts(content.children(top)[at]!, reading)!.lines.map(({ name, value }) => `${name}: ${value}`);
    assert.ok(told(2).includes('Consistency: VMs at most 3 ms apart'));
    assert.ok(told(2).some((line) => line.startsWith('web: clean · ')));
    assert.deepEqual(
      content.facts(top!, reading)!.lines.map(({ name, value }) => `${name}: ${value}`),
      ['web: running · starts after db', 'db: off · ready when port 5432 answers', 'Based on: clean'],
    );
  });

  it('have one title each, whole and the same in the tooltip; what a revert left is called by its time', () => {
    const left = (title: string, minutes: number): SystemPoint =>
      point(title, now - minutes * 60_000, { id: `left-${minutes}`, auto: 'revert' });
    const known = {
      ...shop,
      points: [
        point('a clean installation of all', now - 3_600_000),
        left('a clean installation of all', 30),
        left('too', 7),
      ],
    };
    const content = contentOf(connectionView({ vms: [web, db] }), known);
    const [top] = content.children();
    const points = content.children(top).filter(({ kind }) => kind === 'point');
    const titles = [
      'a clean installation of all',
      ...[30, 7].map((minutes) => automaticTitles.beforeRevert(now - minutes * 60_000)),
    ];
    assert.deepEqual(
      points.map((node) => content.row(node, reading)?.label),
      titles,
    );
    assert.match(content.row(points[1]!, reading)!.spoken, /^Before revert, .*automatic/u);
    assert.deepEqual(
      points.map((node) => content.facts(node, reading)?.heading),
      titles,
    );
  });

  it('are found by their own names, and those of their members and restore points, as the filter says', () => {
    const content = contentOf(connectionView({ vms: [web, db] }));
    const shown = (filter: string): boolean => {
      content.arrange({ filter });
      return content.children().some(({ kind }) => kind === 'system');
    };
    for (const filter of ['shop', 'db', 'clean']) {
      assert.ok(shown(filter), filter);
    }
    assert.ok(!shown('nothing like it'));
    assert.match(filterPrompt(), /systems and restore points/u);
  });

  it('are filtered as the rows of VMs are: all of a system that is found itself, else what is found in it', () => {
    const tree = { snapshots: [snapshot('clean'), snapshot('broken')], current: 'clean' };
    const content = contentOf(connectionView({ vms: [web, { ...db, tree }] }));
    const [top, connection] = content.children();
    const found = (filter: string): readonly string[] => {
      content.arrange({ filter });
      const labels = content.children(top).map((node) => content.row(node, reading)?.label ?? '?');
      return [...labels, ...content.children(connection).map(({ kind }) => kind)];
    };
    assert.deepEqual(found('shop'), ['web', 'db', 'clean', `Before revert, ${leftAt}`]);
    assert.equal(content.children(content.find(ref)).length, 2, 'with their snapshots');
    assert.deepEqual(found('broken'), ['db']);
    assert.deepEqual(found('running'), ['web']);
    assert.deepEqual(found('nothing like it'), ['message']);
  });

  it('do not take in a VM that was made of a member, and keep a clone that is one', () => {
    const cloneOf = (uuid: string, name: string): VmView =>
      vmView({ ref: { connection: uri, uuid: name }, vm: vm({ uuid: name, name, clone: { of: uuid } as never }) });
    const one = cloneOf('other', 'one');
    const member = { ...cloneOf('alone', 'db'), ref: other };
    const alone = vmView({ ref: { connection: uri, uuid: 'alone' }, vm: vm({ uuid: 'alone', name: 'alone' }) });
    const content = contentOf(connectionView({ vms: [web, member, one, alone] }));
    const [top, connection] = content.children();
    const uuids = (node = top): readonly string[] =>
      content.children(node).flatMap((row) => (row.kind === 'vm' ? [row.ref.uuid] : []));
    assert.deepEqual(uuids(), [ref.uuid, 'other']);
    assert.deepEqual(uuids(content.find(other)), ['one']);
    assert.deepEqual(uuids(connection), ['alone']);
    assert.deepEqual(uuids(content.find(alone.ref)), []);
    assert.equal(content.topOf(one.ref), top);
  });

  it('stand open where a filter finds what is in them, and as they were left without one', () => {
    const content = contentOf(connectionView({ vms: [web, db] }), shop, { isRowOpen: () => false });
    const opens = ['', 'shop', 'db', 'clean', ''].map((filter) => {
      content.arrange({ filter });
      return content.row(content.children()[0]!, reading)?.opens;
    });
    assert.deepEqual(opens, ['closed', 'closed', 'open', 'open', 'closed']);
  });

  it('are drawn again only where they read differently', () => {
    const views = { connection: connectionView({ vms: [web, db] }) };
    const known: KnownSystem[] = [shop];
    const source = {
      get connections() {
        return [views.connection];
      },
      findVm: (wanted: { readonly uuid: string }) => views.connection.vms.find((one) => one.ref.uuid === wanted.uuid),
    };
    const arrangement = { sort: 'time', layout: 'tree', filter: '' } as const;
    const content = new TreeContent(source, arrangement, undefined, undefined, () => known);
    const { systems } = content;
    assert.equal(systems.changedSince('', reading), 'all');
    assert.deepEqual(systems.changedSince('', reading), []);
    views.connection = connectionView({ vms: [{ ...web, trash: [] }, db] });
    assert.deepEqual(systems.changedSince('', reading), [], 'a VM is drawn by itself');
    views.connection = connectionView({ vms: [web, { ...db, tree: standing('too') }] });
    assert.deepEqual(
      (systems.changedSince('', reading) as readonly { id: string }[]).map(({ id }) => id),
      ['system/shop'],
    );
    views.connection = connectionView({ vms: [web] });
    assert.equal(systems.changedSince('', reading), 'all', 'the VM that stood under it is gone');
    content.arrange({ filter: 'nothing' });
    assert.deepEqual(systems.top('nothing'), []);
    content.arrange({ filter: 'db' });
    assert.equal(systems.top('db').length, 1);
    known.pop();
    assert.equal(systems.changedSince('', reading), 'all');
  });

  it('are looked at with their VMs while they are open, wherever these are', () => {
    const lookedAt = new OpenRows();
    const [top] = contentOf(connectionView({ vms: [web, db] }), shop, lookedAt).children();
    const membersOf = (): readonly (typeof ref)[] => [ref, { connection: 'unknown', uuid: 'x' }];
    lookedAt.close({ kind: 'connection', id: uri, connection: uri });
    const seen = () => lookedAt.attention(true, [uri], membersOf);
    assert.equal(seen().vms.size, 0);
    assert.equal(lookedAt.open(top!), true);
    assert.deepEqual([[...seen().connections], seen().vms.size], [[uri], 1]);
    assert.equal(lookedAt.close(top!), true);
    assert.equal(seen().vms.size, 0);
  });
});
