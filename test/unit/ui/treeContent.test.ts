// Which rows there are and what they say, from an inventory that is only values.
import assert from 'node:assert/strict';
import type { ConnectionView, VmView } from '../../../src/live/views.js';
import type { Bytes, SnapshotSize, VmLayers } from '../../../src/domain/layers.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Vm, VmRef } from '../../../src/domain/vm.js';
import type { Node } from '../../../src/ui/tree/nodes.js';
import type { RowContext, Row } from '../../../src/text/rows/rows.js';
import { TreeContent } from '../../../src/ui/tree/treeContent.js';
import { branched, connectionView, now, ref, snapshot, uri, vm, vmView } from './samples.js';
import { capabilities } from '../domain/someFacts.js';

const reading: RowContext = { now };
const otherRef: VmRef = { connection: uri, uuid: 'other' };

function contentOf(...connections: ConnectionView[]): TreeContent {
  const source = {
    connections,
    findVm: (wanted: VmRef): VmView | undefined =>
      connections.flatMap((one) => one.vms).find((view) => view.ref.uuid === wanted.uuid),
  };
  return new TreeContent(source, { sort: 'time', layout: 'tree', filter: '' });
}

function rowsUnder(content: TreeContent, node?: Node): (Row | undefined)[] {
  return content.children(node).map((child) => content.row(child, reading));
}

const withVms = connectionView({
  vms: [
    vmView({ tree: branched }),
    vmView({ ref: otherRef, vm: vm({ uuid: 'other', name: 'db-test', power: 'off' }), snapshotCount: 1 }),
  ],
  capabilities: {
    driver: 'qemu',
    libvirt: 9_000_000,
    hypervisor: 7_002_022,
    hostname: 'here',
    readOnly: false,
    externalRevert: false,
    externalDelete: true,
  },
});

describe('clones in the tree', () => {
  const MiB = 1024 * 1024;
  const made = (uuid: string, of: string, changes: Partial<VmView> = {}, disposable?: true): VmView =>
    vmView({
      ref: { connection: uri, uuid },
      vm: vm({ uuid, name: uuid, clone: { of, files: [`/${uuid}.vda.qcow2`], ...(disposable && { disposable }) } }),
      snapshotCount: 0,
      ...changes,
    });
  const layer = (file: string, bytes: Bytes) =>
    ({ file, virtualBytes: 64 * MiB, allocatedBytes: bytes, seen: 'there', snapshots: [], sharedWith: [] }) as const;
  const layers: VmLayers = {
    readAt: now,
    from: 'statistics',
    disks: [
      {
        target: 'vda',
        layers: [layer('/up', MiB), layer('/one.vda.qcow2', 4 * MiB), layer('/base', 99 * MiB)],
        whole: true,
      },
    ],
    snapshots: [],
    rooms: [],
  };
  const ids = (nodes: readonly Node[]): readonly string[] => nodes.map(({ id }) => id.slice(id.indexOf('#') + 1));
  const parent = vmView({ tree: branched });

  it('stand under the VM that they were made of, after its snapshots, each in its order', () => {
    const content = contentOf(connectionView({ vms: [made('one', ref.uuid), made('two', 'one'), parent] }));
    const [connection] = content.children();
    const [top, ...others] = content.children(connection);
    assert.deepEqual(others, []);
    const under = content.children(top);
    assert.equal(under.at(-2)?.kind, 'here');
    assert.deepEqual(ids(under.slice(-1)), ['one']);
    assert.deepEqual(ids(content.children(under.at(-1))), ['two']);
    assert.equal(content.parent(under.at(-1)!), top);
    assert.equal(content.parent(top!), connection);
  });

  it('stand at the top where the VM is gone, and where marks lead in a circle', () => {
    const content = contentOf(
      connectionView({
        vms: [made('a', 'b'), made('b', 'a'), made('c', 'a'), made('self', 'self'), made('orphan', 'gone')],
      }),
    );
    const [connection] = content.children();
    assert.deepEqual(ids(content.children(connection)), ['a', 'b', 'c', 'self', 'orphan']);
    assert.equal(content.parent(content.find({ connection: uri, uuid: 'self' })!), connection);
  });

  it('say what they cost, in words, and the VM how many there are', () => {
    const views = [
      parent,
      made('one', ref.uuid, { layers }, true),
      made('two', ref.uuid, { vm: vm({ uuid: 'two', name: 'two', power: 'off', clone: { of: ref.uuid, files: [] } }) }),
    ];
    const content = contentOf(connectionView({ vms: views }));
    const rowOf = (uuid: string): Row => content.row(content.find({ connection: uri, uuid })!, reading) as Row;
    assert.equal(rowOf('one').description, '5.0 MB · RAM 256 MB · deleted when off');
    assert.equal(rowOf('one').spoken, 'one, 5.0 MB, RAM 256 MB, deleted when off, running, clone');
    assert.equal(rowOf('two').words, 'no snapshots · off');
    assert.match(rowOf(ref.uuid).description, /^4 snapshots · 2 clones$/u);
  });

  it('are found by a filter, and keep the VM above them', () => {
    const content = contentOf(connectionView({ vms: [parent, made('one', ref.uuid), made('other', ref.uuid)] }));
    content.arrange({ filter: 'one' });
    const [connection] = content.children();
    const [top] = content.children(connection);
    assert.deepEqual(ids(content.children(top)), ['one']);
    assert.equal((content.row(top!, reading) as Row).opens, 'open');
  });

  it('leave the VM above them folded, where a filter finds it by its name or state and none of them', () => {
    const off = made('copy', ref.uuid, {
      vm: vm({ uuid: 'copy', name: 'copy', power: 'off', clone: { of: ref.uuid, files: [] } }),
    });
    const opens = (filter: string): string | undefined => {
      const content = contentOf(connectionView({ vms: [parent, off] }));
      content.arrange({ filter });
      return (content.row(content.find(ref)!, reading) as Row).opens;
    };
    assert.deepEqual(['web', 'running', 'copy', 'off'].map(opens), ['closed', 'closed', 'open', 'open']);
  });
});

describe('tree content', () => {
  it('marks the favourite with a star, and says so in words, and that it is kept only of others', () => {
    const view = vmView({ tree: branched, favourite: 'base', kept: ['base', 'first'] });
    const content = contentOf(connectionView({ vms: [view] }));
    const rows = ['base', 'first'].map((name) => content.row(content.find(ref, name)!, reading) as Row);
    assert.deepEqual(
      rows.map(({ description, spoken }) => [
        description.startsWith('★'),
        spoken.includes('favourite'),
        spoken.includes('kept'),
      ]),
      [
        [true, true, false],
        [false, false, true],
      ],
    );
    assert.notEqual(content.lookOf(view, reading), content.lookOf({ ...view, favourite: 'first' }, reading));
    const bisect = () => ({ isOver: true, marks: [{ name: 'base', createdAt: 0, mark: 'good' as const }] });
    assert.notEqual(content.lookOf(view, reading), content.lookOf(view, { ...reading, bisect }));
  });

  it('leaves to the icon and the voice that a snapshot is in the trash, so that its age can be read', () => {
    const view = vmView({ tree: branched, trash: [{ name: 'first', until: now + 60_000 }] });
    const content = contentOf(connectionView({ vms: [view] }));
    const row = content.row(content.find(ref, 'first')!, reading) as Row;
    assert.equal(row.icon.name, 'trash');
    assert.doesNotMatch(row.description, /trash/);
    assert.match(row.spoken, /in the trash until/);
    const told = content.facts(content.find(ref, 'first')!, reading)!.lines.map(({ value }) => value);
    assert.ok(
      told.some((value) => value.startsWith('in the trash until')),
      told.join(),
    );
    assert.match(row.context, /trashed;/);
    assert.match(content.row(content.find(ref)!, reading)!.description, /^3 snapshots/u, 'it is not counted');
    const counted = content.facts(content.find(ref)!, reading)!.lines.map(({ value }) => value);
    assert.ok(counted.includes('3 snapshots'), counted.join());
    const over = contentOf(connectionView({ vms: [{ ...view, trash: [{ name: 'first', until: now }] }] }));
    assert.match(over.row(over.find(ref, 'first')!, reading)!.description, /expired/);
  });

  it('says of connections and VMs what PRODUCT promises, in words', () => {
    const content = contentOf(withVms);
    const [connection] = content.children();
    const rows = [content.row(connection!, reading), ...rowsUnder(content, connection)];
    assert.deepEqual(
      rows.map((row) => [row?.label, row?.description]),
      [
        ['This computer (system)', 'libvirt 9.0 · QEMU 7.2.22'],
        ['web-test', '4 snapshots'],
        ['db-test', '1 snapshot'],
      ],
    );
    assert.deepEqual(
      rows.map((row) => row?.spoken),
      [
        'This computer (system), libvirt 9.0, QEMU 7.2.22, connection',
        'web-test, 4 snapshots, running, VM',
        'db-test, 1 snapshot, off, VM',
      ],
    );
  });

  it('says a state in the row where it surprises, and that a VM is protected by a lock', () => {
    const words = (changes: Partial<Vm>): string | undefined => {
      const content = contentOf(connectionView({ vms: [vmView({ vm: vm(changes), tree: branched })] }));
      return content.row(content.find(ref)!, reading)?.description;
    };
    assert.equal(words({ power: 'off' }), '4 snapshots');
    assert.equal(words({ power: 'off', managedSave: true }), 'off, state saved · 4 snapshots');
    assert.equal(words({ power: 'paused', powerReason: 'ioError' }), 'paused by a disk error · 4 snapshots');
    const guarded = contentOf(withVms).row({ kind: 'vm', id: 'x', ref }, { ...reading, isProtected: () => true });
    assert.ok(guarded !== undefined && 'mark' in guarded && guarded.mark === 'protected');
    assert.match(guarded.spoken, /, protected, VM$/u);
  });

  it('says of snapshots their age, and where the VM stands now', () => {
    const content = contentOf(withVms);
    const lines: string[] = [];
    const walk = (node: Node): void => {
      const row = content.row(node, reading);
      lines.push(`${row?.label ?? '?'}: ${row?.description ?? '?'}`);
      content.children(node).forEach(walk);
    };
    content.children(content.find(ref)).forEach(walk);
    assert.deepEqual(lines, ['base: 4 days', 'other: 1 day', 'first: 3 days', 'second: 2 h', 'You are here: ']);
  });

  it('says what snapshots take and what has changed since, as far as it is known', () => {
    const size = (snapshot: string, bytes: Bytes, more: Partial<SnapshotSize> = {}): SnapshotSize => ({
      snapshot,
      bytes,
      how: 'exact',
      ...more,
    });
    const layers: VmLayers = {
      readAt: 0,
      from: 'statistics',
      disks: [],
      snapshots: [
        size('base', 256 * 2 ** 20),
        size('first', 'unknown'),
        size('second', 4 * 2 ** 20, { heldBytes: 4 * 2 ** 20 }),
      ],
      together: { bytes: 1.2 * 2 ** 30, how: 'exact' },
      rooms: [{ folder: '/i', freeBytes: 2 ** 30, totalBytes: 'unknown' }],
    };
    const view = { ...vmView(withVms.vms[0]), layers };
    const content = contentOf({ ...withVms, vms: [view] });
    const words = (node: Node | undefined): string => content.row(node!, reading)!.description;
    assert.equal(words(content.find(ref)), '4 snapshots', 'a size is known of some VMs alone');
    assert.equal(words(content.find(ref, 'base')), '4 days · 256 MB');
    assert.equal(words(content.find(ref, 'first')), '3 days · size unknown');
    assert.equal(words(content.arrangedVm(ref)?.here), 'changed since (4.0 MB)');
    const told = (node: Node | undefined): readonly string[] =>
      content.facts(node!, reading)!.lines.map(({ value }) => value);
    assert.ok(told(content.find(ref, 'first')).includes('unknown'));
    assert.ok(told(content.find(ref)).includes('1.0 GB of unknown'));
    assert.ok(told(content.find(ref)).includes('4 snapshots · 1.2 GB'));
    for (const node of [content.find(ref), content.find(ref, 'base')]) {
      const asOf = content.facts(node!, reading)!.lines.find(({ name }) => name === 'Sizes as of');
      assert.equal(asOf?.value, '1970-01-01');
    }
    const lost = contentOf({ ...withVms, vms: [view], lastSeenAt: now - 20_000 });
    const since = /^4 days · 256 MB as of \d\d:\d\d$/u;
    assert.match(lost.row(lost.find(ref, 'base')!, reading)!.description, since);
    assert.notEqual(
      content.lookOf(view, reading),
      content.lookOf({ ...view, layers: { ...layers, snapshots: [] } }, reading),
    );
  });

  it('says that a size cannot be seen, on each row, and why in the tooltip; and nothing where nobody looked', () => {
    const hidden = {
      file: '/i/hidden.qcow2',
      virtualBytes: 1,
      allocatedBytes: 'unknown',
      seen: 'unknown',
      snapshots: [],
      sharedWith: [],
    } as const;
    const layers: VmLayers = {
      readAt: 0,
      from: 'statistics',
      disks: [{ target: 'vda', whole: true, layers: [hidden, { ...hidden, file: '/i/base' }] }],
      snapshots: [{ snapshot: 'second', bytes: 'unknown', heldBytes: 'unknown', how: 'exact' }],
      together: { bytes: 'unknown', how: 'exact' },
      rooms: [],
    };
    const of = (view: VmView) => {
      const content = contentOf({ ...withVms, vms: [view] });
      return [content.find(ref)!, content.arrangedVm(ref)!.here].map((node) => content.row(node, reading)!.description);
    };
    const view = { ...vmView(withVms.vms[0]), layers };
    const [, hereWords] = of(view);
    assert.equal(hereWords, 'changes unknown');
    const clone = { ...view, vm: { ...view.vm, clone: { of: 'a', files: ['/i/base'] } } };
    // Last of what it costs: a narrow view cuts the end off, and this tells least.
    assert.match(of(clone)[0] ?? '', /^RAM .* · size unknown/u);
    assert.equal(of(clone)[0]?.match(/size unknown/gu)?.length, 1);
    const content = contentOf({ ...withVms, vms: [view] });
    const why = content.facts(content.find(ref)!, reading)!.lines.find(({ name }) => name === 'Size unknown');
    assert.match(why?.value ?? '', /hidden\.qcow2/u);
    for (const words of of(vmView(withVms.vms[0]))) {
      assert.doesNotMatch(words, /not known/u);
    }
  });

  it('calls a snapshot automatic only where our own record vouches for it, and says why it is there', () => {
    const tree = {
      snapshots: [
        snapshot('kept', { trailers: { auto: 'revert' } }),
        snapshot('claimed', { trailers: { auto: 'revert' } }),
        snapshot('leaf', { trailers: { auto: 'layout' } }),
      ],
    };
    const content = contentOf(connectionView({ vms: [vmView({ tree, auto: ['kept', 'leaf'] })] }));
    const seen = ['kept', 'claimed', 'leaf'].map((name) => {
      const node = content.find(ref, name)!;
      const automatic = content.facts(node, reading)?.lines.find((line) => line.name === 'Automatic');
      return [content.row(node, reading)?.description, automatic?.value] as const;
    });
    assert.deepEqual(
      seen.map(([description]) => description),
      ['1 h', '1 h', '1 h'],
    );
    const rows = ['kept', 'claimed', 'leaf'].map((name) => content.row(content.find(ref, name)!, reading)!);
    assert.deepEqual(
      rows.map((row) => [row.spoken.includes('automatic'), 'mark' in row && row.mark === 'dimmed']),
      [
        [true, true],
        [false, false],
        [true, true],
      ],
    );
    assert.match(seen[0]?.[1] ?? '', /Undo restores it/);
    assert.equal(seen[1]?.[1], undefined);
    assert.match(seen[2]?.[1] ?? '', /the files of the VM need it/);
    const [view] = [vmView({ tree })];
    assert.notEqual(content.lookOf(view, reading), content.lookOf({ ...view, auto: ['kept'] }, reading));
  });

  it('is spoken with the words that are seen, in their order, and then what sort of row it is', () => {
    const words = (text: string): string => (text.match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
    const content = contentOf(withVms);
    const endings: string[] = [];
    const walk = (node: Node): void => {
      const row = content.row(node, reading)!;
      const seen = words(`${row.label} ${row.description}`);
      assert.ok(words(row.spoken).startsWith(seen), `"${row.spoken}" for "${row.label} ${row.description}"`);
      endings.push(words(row.spoken).slice(seen.length).trim());
      content.children(node).forEach(walk);
    };
    content.children().forEach(walk);
    assert.deepEqual(
      new Set(endings),
      new Set([
        'connection',
        'running VM',
        'off VM',
        'memory snapshot',
        'offline snapshot',
        'disk only snapshot current',
        'running the current state of web test',
      ]),
    );
    content.arrange({ layout: 'list' });
    content.children(content.find(ref)).forEach(walk);
  });

  it('shows the whole title of each snapshot, and its age: the editor cuts off what it has no room for', () => {
    const titles = ['Before revert, 09:41', 'After switching to main', 'A title that somebody has given to it'];
    const tree = { snapshots: titles.map((title) => snapshot(title, { title, trailers: { auto: 'work' } })) };
    const content = contentOf(connectionView({ vms: [vmView({ tree, auto: titles })] }));
    const rows = titles.map((name) => content.row(content.find(ref, name)!, reading)!);
    assert.deepEqual(
      rows.map(({ label, description }) => [label, description]),
      titles.map((title) => [title, '1 h']),
    );
  });

  it('leads from every row up to the top', () => {
    const content = contentOf(withVms);
    const check = (node: Node): void => {
      for (const child of content.children(node)) {
        assert.equal(content.parent(child), node);
        check(child);
      }
    };
    content.children().forEach(check);
    assert.equal(content.parent(content.children()[0]!), undefined);
  });

  it('gives the same node for the same thing', () => {
    const content = contentOf(withVms);
    assert.equal(content.children()[0], content.children()[0]);
    assert.equal(content.find(ref, 'first'), content.find(ref, 'first'));
  });

  it('names the current snapshot beside "here" in a list', () => {
    const content = contentOf(withVms);
    content.arrange({ layout: 'list' });
    assert.equal(rowsUnder(content, content.find(ref))[0]?.description, 'after second');
  });

  it('shows a running operation on the VM and on "here", with what libvirt tells of it', () => {
    const operation = {
      request: { kind: 'revert', vm: ref, snapshot: 'first', after: 'asSnapshot' },
      startedAt: now - 3_200,
      progress: { step: '', cancellable: false },
    } as const;
    const running = (progress: Partial<VmView['operation']> & object): string | undefined => {
      const content = contentOf(
        connectionView({ vms: [vmView({ tree: branched, operation: { ...operation, ...progress } })] }),
      );
      const row = content.row(content.find(ref)!, reading);
      const here = content.row(content.arrangedVm(ref)!.here, reading);
      assert.equal(here?.description, row?.description);
      return row?.description;
    };
    assert.equal(running({}), 'reverting to first… 3 s');
    assert.equal(
      running({ progress: { step: '', cancellable: false, estimateMs: 8_000 } }),
      'reverting to first… 3 s of about 8 s',
    );
    assert.equal(running({ progress: { step: '', cancellable: false, estimateMs: 3_100 } }), 'reverting to first… 3 s');
    assert.equal(
      running({ startedAt: now, progress: { step: '', cancellable: false, estimateMs: 2_000 } }),
      'reverting to first… 0 s',
    );
    assert.equal(running({ progress: { step: '', cancellable: true, fraction: 0.429 } }), 'reverting to first… 42 %');
  });

  it('offers to cancel only what can be cancelled', () => {
    const request = { kind: 'power', vm: ref, action: 'start' } as const;
    const context = (cancellable: boolean): string =>
      contentOf(
        connectionView({
          vms: [vmView({ operation: { request, startedAt: 0, progress: { step: '', cancellable } } })],
        }),
      ).row({ kind: 'vm', id: 'x', ref }, reading)!.context;
    assert.match(context(true), /\bcancellable;/);
    assert.doesNotMatch(context(false), /\bcancellable;/);
  });

  it('offers nothing that changes anything on a read-only connection', () => {
    const readOnly = connectionView({ ...withVms, capabilities: { ...withVms.capabilities!, readOnly: true } });
    const content = contentOf(readOnly);
    for (const node of [content.find(ref)!, content.find(ref, 'first')!, content.arrangedVm(ref)!.here]) {
      const { context } = content.row(node, reading)!;
      assert.doesNotMatch(context, /\b(checkpointable|revertable|deletable|describable|forceable|startable);/);
    }
  });

  it('says which connection shows the same VMs, where a host has two names', () => {
    const onHost = (at: string, hostUuid: string): ConnectionView => ({
      ...connectionView({ ...withVms, uri: at, capabilities: { ...capabilities(), hostUuid } }),
      vms: [vmView({ ref: { ...ref, connection: at } })],
    });
    const says = (first: ConnectionView, second: ConnectionView): boolean => {
      const content = contentOf(first, second);
      return content.row(content.rows.connection(second.uri), reading)!.description.includes('same VMs as here');
    };
    const first = { ...onHost(uri, 'this'), name: 'here' };
    assert.equal(says(first, onHost('qemu+ssh://10.0.0.7/system', 'this')), true);
    assert.equal(says(first, onHost('qemu+ssh://10.0.0.7/system', 'that')), false);
    assert.equal(says(first, onHost('qemu+ssh://10.0.0.7/session', 'this')), false);
    assert.equal(says(first, { ...onHost('qemu+ssh://10.0.0.7/system', 'this'), vms: [] }), false);
  });

  it('shows the VMs of a libvirt with two names once, under the one that is heard of', () => {
    const named = (at: string, changes: Partial<ConnectionView> = {}): ConnectionView => ({
      ...connectionView({ ...withVms, uri: at, capabilities: { ...capabilities(), hostUuid: 'this' }, ...changes }),
      vms: [vmView({ ref: { ...ref, connection: at } })],
    });
    const far = 'qemu+ssh://10.0.0.7/system';
    const shown = (first: ConnectionView, second: ConnectionView): readonly unknown[] => {
      const content = contentOf(first, second);
      return [first, second].map((view) => {
        const node = content.rows.connection(view.uri);
        const { opens, description } = content.row(node, reading)!;
        return [content.children(node).length, opens, /same|also/u.exec(description)?.[0]];
      });
    };
    const [own, other] = [
      [1, 'open', 'also'],
      [0, 'never', 'same'],
    ];
    assert.deepEqual(shown(named(uri), named(far)), [own, other]);
    assert.deepEqual(shown(named(uri, { state: 'failed' }), named(far)), [other, own]);
    assert.deepEqual(shown(named(uri, { lastSeenAt: 1 }), named(far)), [other, own]);
    assert.deepEqual(shown(named(uri), named(far, { state: 'failed' })), [own, other]);
  });

  it('says why a connection shows nothing', () => {
    const about = (view: ConnectionView): (string | undefined)[] => {
      const content = contentOf(connectionView({ uri: 'qemu+ssh://far/system' }), view);
      return content.children(content.rows.connection(view.uri)).map((n) => (n.kind === 'message' ? n.about : n.kind));
    };
    const failure = new Failure('unreachable', { connection: uri });
    assert.deepEqual(about(connectionView({ state: 'idle', loaded: false })), ['idle']);
    assert.deepEqual(about(connectionView({ state: 'connecting', loaded: false })), ['connecting']);
    assert.deepEqual(about(connectionView({ state: 'connected', loaded: false })), ['connecting']);
    assert.deepEqual(about(connectionView({ state: 'failed', failure, loaded: false })), ['failure']);
    assert.deepEqual(about(connectionView({ state: 'failed', failure, vms: [vmView()] })), ['failure', 'vm']);
    assert.deepEqual(about(connectionView()), ['noVms']);
  });

  it('hides VMs that neither match nor hold a match, and opens those that hold one', () => {
    const content = contentOf(withVms);
    content.arrange({ filter: 'other' });
    const [connection] = content.children();
    const [only, ...rest] = content.children(connection);
    assert.equal(only, content.find(ref));
    assert.deepEqual(rest, []);
    assert.equal(content.row(only!, reading)?.opens, 'open');
    content.arrange({ filter: 'nothing like it' });
    assert.deepEqual(
      content.children(connection).map((node) => node.kind === 'message' && node.about),
      ['noMatch'],
    );
  });

  it('finds what its question says, and nothing else', () => {
    const tree = {
      snapshots: [snapshot('a-name', { title: 'A title', description: 'Some words' }), snapshot('b', { kind: 'disk' })],
    };
    const view = vmView({ vm: vm({ name: 'machine', title: 'Its title' }), tree });
    const found = (filter: string): readonly (string | undefined)[] => {
      const content = contentOf(connectionView({ vms: [view] }));
      content.arrange({ filter });
      const [connection] = content.children();
      return content
        .children(connection)
        .flatMap((node) => content.children(node).map(({ id }) => id.split('/').at(-1)));
    };
    const all = ['a-name', 'b', 'here'];
    assert.deepEqual([found('machine'), found('its title').toSorted()], [found('its title'), all]);
    for (const filter of ['a-name', 'a title', 'some words']) assert.deepEqual(found(filter), ['a-name'], filter);
    for (const filter of ['run', 'running']) assert.deepEqual(found(filter).toSorted(), all, filter);
    for (const filter of ['disk', 'ru', 'off', uri]) assert.deepEqual(found(filter), [], filter);
  });

  it('unfolds what holds a find, and leaves a VM that is found itself as it stood', () => {
    const row: Node = { kind: 'snapshot', id: 'x', ref, snapshot: 'base' };
    const opens = (filter: string, isRowOpen: (node: Node) => boolean | undefined): (string | undefined)[] => {
      const source = { connections: [withVms], findVm: () => withVms.vms[0] };
      const content = new TreeContent(source, { sort: 'time', layout: 'tree', filter }, { isRowOpen });
      return [content.find(ref)!, row].map((node) => content.row(node, reading)?.opens);
    };
    const nobody = (): undefined => undefined;
    assert.deepEqual(opens('other', nobody), ['open', 'open']);
    assert.deepEqual(opens('web', nobody), ['closed', 'open']);
    assert.deepEqual(
      opens('web', ({ kind }) => kind === 'vm'),
      ['open', 'closed'],
    );
    assert.deepEqual(
      opens('', ({ kind }) => kind === 'vm'),
      ['open', 'closed'],
    );
  });

  it('is other rows to the editor with each filter, because it remembers of a row whether it is open', () => {
    const content = contentOf(withVms);
    const vmRow = content.find(ref)!;
    const ids = ['', 'a', 'ab', ''].map((filter) => {
      content.arrange({ filter });
      return content.rowId(vmRow);
    });
    assert.equal(new Set(ids).size, 3);
    assert.equal(ids[0], ids[3]);
  });

  it('shows VMs of which nothing is heard as they were, pale, since when, and with nothing that could be done', () => {
    const content = contentOf({ ...withVms, lastSeenAt: now - 20_000 });
    const [connection] = content.children();
    const nodes = [content.find(ref)!, content.find(ref, 'base')!, content.arrangedVm(ref)!.here];
    const rows = nodes.map((node) => content.row(node, reading)!);
    assert.deepEqual(
      rows.map((row) => 'mark' in row && row.mark),
      ['lost', 'lost', 'lost'],
    );
    const guarded = content.row(nodes[0]!, { ...reading, isProtected: () => true });
    assert.equal(guarded && 'mark' in guarded && guarded.mark, 'lostProtected');
    assert.equal(rows[0]!.description, 'last seen 20 s ago · 4 snapshots');
    assert.match(rows[0]!.spoken, /running, VM$/u);
    assert.match(rows.map(({ context }) => context).join(''), /^vm;named;/u);
    assert.doesNotMatch(rows.map(({ context }) => context).join(''), /revertable|checkpointable|pausable|deletable/u);
    assert.equal(content.row(connection!, reading)?.description, 'does not respond');
  });

  it('shows what tells names apart that begin alike, and says the whole name', () => {
    const names = ['01', '02'].map((number) => `webserver-production-eu-west-${number}`);
    const vms = names.map((name) => vmView({ ref: { connection: uri, uuid: name }, vm: vm({ uuid: name, name }) }));
    const content = contentOf(connectionView({ vms }));
    const rows = vms.map((view) => content.row(content.find(view.ref)!, reading)!);
    assert.equal(new Set(rows.map(({ label }) => label.slice(-3))).size, 2);
    rows.forEach(({ label, spoken }, index) => {
      assert.ok(label.length < names[index]!.length);
      assert.ok(spoken.startsWith(label) && spoken.includes(names[index]!));
    });
  });

  it('shows names from outside on one line that nothing turns around', () => {
    const hostile = 'a\u202Etxt.exe\nb';
    const view = vmView({ vm: vm({ name: hostile }), tree: { snapshots: [snapshot('s', { title: hostile })] } });
    const content = contentOf(connectionView({ vms: [view] }));
    for (const node of [content.find(ref)!, content.find(ref, 's')!]) {
      const row = content.row(node, reading)!;
      assert.equal(row.label, 'atxt.exe b');
      assert.doesNotMatch(row.spoken, /[\n\u202E]/);
    }
  });

  it('reads as another row only when something in it differs', () => {
    const look = (view: VmView): string => contentOf(connectionView({ vms: [view] })).lookOf(view, reading);
    assert.equal(look(vmView()), look(vmView({ vm: vm({ memoryBytes: 1 }) })));
    assert.notEqual(look(vmView()), look(vmView({ vm: vm({ power: 'paused' }) })));
    assert.notEqual(look(vmView()), look(vmView({ failure: new Failure('busy') })));
  });
});

describe('the row of what a wing knows of a VM', () => {
  const row = { label: 'Last backup: just now', description: '', words: '', context: 'message;', opens: 'never' };
  const made = {
    ...row,
    icon: { name: 'archive' },
    spoken: '',
    click: { title: '', command: 'virtRewind.showBackups' },
  };

  it('stands below its snapshots, belongs to it, and goes with it', () => {
    const content = contentOf(withVms);
    const node = content.rows.vm(ref);
    const before = content.children(node);
    content.rows.notes.set(node.id, () => made as never);
    const [note, ...others] = content.children(node).slice(before.length);
    assert.deepEqual([content.children(node).slice(0, before.length), others], [before, []]);
    assert.ok(note !== undefined);
    assert.equal(content.row(note, reading)?.label, row.label);
    assert.equal(content.facts(note, reading), undefined);
    assert.equal(content.parent(note), node);
    assert.deepEqual(content.children(note), []);
    content.rows.forgetAllBut([]);
    assert.equal(content.rows.notes.size, 0);
  });

  it('is hidden by a filter that finds something else', () => {
    const content = contentOf(withVms);
    const node = content.rows.vm(ref);
    content.rows.notes.set(node.id, () => made as never);
    const isShown = (filter: string): boolean => {
      content.arrange({ filter });
      return content.children(node).some((one) => one.kind === 'message' && one.about === 'note');
    };
    assert.deepEqual(['', 'web', 'no such thing'].map(isShown), [true, true, false]);
  });
});
