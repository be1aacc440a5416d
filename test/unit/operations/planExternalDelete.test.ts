// Deletes that libvirt alone would do badly: leaves of other branches on old ones, what it leaves behind, linked
// clones, a layout that only a leaf of ours notes, metadata that does not fit the VM's chain any more.
import type { CannotAct, ImageFacts, Observation } from '../../../src/domain/hostFiles.js';
import type { AutoSnapshot, OtherVm, Facts } from '../../../src/domain/facts.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import type { VmDisk } from '../../../src/domain/vm.js';
import {
  ask,
  capabilities,
  disk,
  external,
  frozen,
  image,
  looked,
  facts,
  snapshot,
  tree,
  vm,
  ours,
} from '../domain/someFacts.js';
import { asked, Golden } from './golden.js';

const base = '/img/web.qcow2';
const golden = new Golden('delete');
const memory = (name: string, parent: string): Snapshot =>
  external(name, parent, { state: 'running', memory: 'external', memoryFile: `/img/${name}.mem` });
const marked = external('a', undefined, {
  disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
});
const odd = vm({ power: 'off', disks: [disk('vda', '/img/web.b', { foreign: ['new'] })] });

/** r ─ a (current), and r ─ x, which froze what r's first overlay was. */
function branched(more: Partial<Facts> = {}, x: Snapshot = external('x', 'r')): Facts {
  return facts({
    tree: tree([external('r'), external('a', 'r'), x], 'a'),
    vm: vm({ disks: [disk('vda', '/img/web.a', { backing: ['/img/web.1', base] })] }),
    capabilities: capabilities(9, 0),
    frozenDisks: frozen({ r: base, a: '/img/web.1', x: '/img/web.r' }),
    files: looked({
      images: {
        '/img/web.a': image('/img/web.1'),
        '/img/web.1': image(base),
        [base]: image(),
        '/img/web.r': image(base),
        '/img/web.x': 'missing',
      },
    }),
    ...more,
  });
}
const seen = (r: Parameters<typeof looked>[0]['images'], canAct?: Parameters<typeof looked>[0]['canAct']) => ({
  files: looked({ images: { '/img/web.x': 'missing', ...r }, ...(canAct === undefined ? {} : { canAct }) }),
});

const lastOverlay = (more: Partial<ImageFacts>) =>
  seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r', more) });

describe('planDelete: leaves of other branches before libvirt 9.9', () => {
  const rows = [
    ['an overlay', {}],
    ['an overlay, 8.0', { capabilities: capabilities(8, 0) }],
    ['an overlay, 9.8', { capabilities: capabilities(9, 8) }],
    ['an overlay, 9.9', { capabilities: capabilities(9, 9) }],
    ['a file that is gone', seen({ '/img/web.r': 'missing' })],
    ['an image that stands alone', seen({ '/img/web.r': image() })],
    ['a file that cannot be seen', seen({ '/img/web.r': 'unknown' })],
    ['a file that was not looked at', seen({})],
    ['a folder that is not ours', seen({ '/img/web.r': image(base) }, { '/img': { why: 'denied' } })],
    ['a folder that was not looked at', seen({ '/img/web.r': image(base) }, {})],
    ['a file that another snapshot froze too', { frozenDisks: frozen({ r: base, a: '/img/web.r', x: '/img/web.r' }) }],
    [
      'a file that, as the images tell, the VM is built on',
      {
        vm: vm({ power: 'off', disks: [disk('vda', '/img/web.a')] }),
        ...seen({ '/img/web.a': image('/img/web.r'), '/img/web.r': image(base) }),
      },
    ],
    [
      'a file that another VM is built on',
      { otherVms: [{ uuid: 'c', name: 'clone', files: ['/img/web.r'], unread: [] }] },
    ],
    ['its own last overlay, still there', seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r') })],
    ['its own last overlay, with a tag', lastOverlay({ tags: ['mine'] })],
    ['its own last overlay, with a tag, 9.9', { ...lastOverlay({ tags: ['mine'] }), capabilities: capabilities(9, 9) }],
    [
      'its own last overlay, in a folder that is not ours',
      {
        ...seen(
          { '/img/web.r': image(base), '/there/web.x': image('/img/web.r') },
          { '/img': 'yes', '/there': { why: 'denied' } },
        ),
        tree: tree(
          [
            external('r'),
            external('a', 'r'),
            external('x', 'r', { disks: [{ target: 'vda', location: 'external', file: '/there/web.x' }] }),
          ],
          'a',
        ),
      },
    ],
    ['its own last overlay, which cannot be seen', seen({ '/img/web.r': image(base), '/img/web.x': 'unknown' })],
    [
      'an overlay that a revert gave it, with a tag, 11.3',
      {
        ...seen({ '/img/web.r': image(base), '/img/web.2': image('/img/web.r', { tags: ['mine'] }) }),
        tree: tree(
          [external('r'), external('a', 'r'), { ...external('x', 'r'), revertDisks: external('2').disks }],
          'a',
        ),
        capabilities: capabilities(11, 3),
      },
    ],
  ] as const;

  const onLeftOut = (version: [number, number], named: string): Facts => {
    const two = (x: string): readonly VmDisk[] => [disk('vda', '/img/web.1'), disk('vdb', x)];
    const x = external('x', 'r', {
      disks: ['vda', 'vdb'].map((target) => ({ target, location: 'external' as const, file: `/img/${target}.x` })),
    });
    return branched(
      {
        capabilities: capabilities(...version),
        frozenDisks: new Map([
          ['r', [disk('vda', base)]],
          ['a', two(named)],
          ['x', [disk('vda', '/img/web.r'), disk('vdb', '/img/d.r')]],
        ]),
        ...seen({ '/img/web.r': image(base), '/img/d.r': image('/img/d'), '/img/vda.x': 'missing' }),
      },
      x,
    );
  };
  const newer = { capabilities: capabilities(12, 8) };
  const above = (x: Observation<ImageFacts>): Facts =>
    branched({ ...newer, ...seen({ '/img/web.r': image(base), '/img/web.x': x }) });
  golden.section(
    'leaves of other branches',
    asked([
      ...rows.map(([what, more]) => [what, ask.remove('x'), branched(more)] as const),
      ['an overlay of its own that holds something, 12.8', ask.remove('x'), above(image('/img/web.r'))],
      ['an overlay of its own that is empty, 12.8', ask.remove('x'), above(image('/img/web.r', { empty: true }))],
      ['an overlay of its own that is gone, 12.8', ask.remove('x'), above('missing')],
      ['a file that another one names for a disk which it left out', ask.remove('x'), onLeftOut([9, 0], '/img/d.r')],
      ['the same, 12.8', ask.remove('x'), onLeftOut([12, 8], '/img/d.r')],
      ['another file is named', ask.remove('x'), onLeftOut([9, 0], '/img/other')],
      ['another file is named, 12.8', ask.remove('x'), onLeftOut([12, 8], '/img/other')],
    ]),
  );

  const inWhat = branched({
    tree: tree([external('r'), external('a', 'r'), external('x', 'r'), external('y', 'x')], 'a'),
    frozenDisks: frozen({ r: base, a: '/img/web.1', x: '/img/web.r', y: '/img/web.x' }),
    ...seen({ '/img/web.r': image(base), '/img/web.x': image('/img/web.r') }),
  });
  const old = branched({ capabilities: capabilities(8, 0) });
  golden.section(
    'a whole branch, and what the VM runs on behind it',
    asked([
      ['the other branch', ask.remove('x', 'withDescendants'), inWhat],
      ['all', ask.remove('r', 'withDescendants'), inWhat],
      ['all but the root', ask.remove('r', 'descendants'), inWhat],
      ['nothing below it', ask.remove('y', 'descendants'), inWhat],
      ['the other branch, 12.8', ask.remove('x', 'withDescendants'), { ...inWhat, ...newer }],
      ['what the VM runs on, 8.0', ask.remove('a'), old],
      ['all, 8.0', ask.remove('r', 'withDescendants'), old],
    ]),
  );
});

describe('planDelete: what libvirt leaves behind', () => {
  const withMemory = (name: string, parent?: string): Snapshot =>
    snapshot(name, {
      memory: 'external',
      memoryFile: `/img/${name}.mem`,
      disks: [{ target: 'vda', location: 'external', file: `/img/web.${name}` }],
      ...(parent === undefined ? {} : { parent }),
    });
  const one = (version: [number, number], files: Facts['files'], more: Partial<Facts> = {}): Facts =>
    facts({
      tree: tree([withMemory('m')], 'm'),
      capabilities: capabilities(...version),
      ...(files === undefined ? {} : { files }),
      ...more,
    });
  const there = { bytes: 1, allocatedBytes: 1 };
  const nvram = vm({ nvram: '/vars/web.fd', firmware: 'uefiRawNvram' });
  const own = tree([ours(withMemory('m'))], 'm');
  const bothFolders = { '/img': 'yes', '/vars': 'yes' } as const;
  const rows = [
    ['the memory file, 9.0', one([9, 0], looked({ files: { '/img/m.mem': there } }))],
    ['the memory file, 9.1', one([9, 1], looked({ files: { '/img/m.mem': there } }))],
    ['a memory file that is gone', one([9, 0], looked({ files: { '/img/m.mem': 'missing' } }))],
    ['a memory file that cannot be seen', one([9, 0], looked({ files: { '/img/m.mem': 'unknown' } }))],
    ['where nothing can be removed', one([9, 0], looked({ canAct: {} }))],
    ['nothing known', one([9, 0], undefined)],
    [
      'a memory file that another snapshot names too',
      one([9, 0], looked({}), {
        tree: tree(
          [withMemory('m'), { ...withMemory('n', 'm'), memory: { location: 'external', file: '/img/m.mem' } }],
          'n',
        ),
      }),
    ],
    [
      'the copy of the UEFI variables',
      one([12, 8], looked({ files: { '/vars/web.fd.m': there }, canAct: bothFolders }), { vm: nvram, tree: own }),
    ],
    [
      'a file by the name of the copy, of a snapshot that another tool has taken',
      one([12, 8], looked({ files: { '/vars/web.fd.m': there }, canAct: bothFolders }), { vm: nvram }),
    ],
    [
      'no copy of the UEFI variables',
      one([12, 8], looked({ files: { '/vars/web.fd.m': 'missing' }, canAct: bothFolders }), { vm: nvram }),
    ],
    [
      'a copy that cannot be removed',
      one([12, 8], looked({ files: { '/vars/web.fd.m': there } }), { vm: nvram, tree: own }),
    ],
  ] as const;
  golden.section('what libvirt leaves behind', asked(rows.map(([what, at]) => [what, ask.remove('m'), at])));
});

describe('planDelete: a merge into what is no file', () => {
  const device = '/dev/vg/a';
  const into = (told: Observation<ImageFacts>, more: Partial<VmDisk> = {}): Facts =>
    facts({
      tree: tree([external('a')], 'a'),
      vm: vm({ disks: [disk('vda', '/img/web.a', { backing: [device] })] }),
      frozenDisks: new Map([['a', [disk('vda', device, { sourceType: 'block', ...more })]]]),
      files: looked({ images: { '/img/web.a': image(device), [device]: told } }),
    });
  const size = 2 ** 30;
  const qcow2: ImageFacts = { bytes: 2 * size, allocatedBytes: 0, format: 'qcow2', virtualBytes: size, tags: [] };
  golden.section(
    'a merge into what is no file',
    asked([
      ['there is room', ask.remove('a'), into(qcow2)],
      ['it may be full', ask.remove('a'), into({ ...qcow2, bytes: size })],
      ['a tag may fill it', ask.remove('a'), into({ ...qcow2, tags: ['one'] })],
      ['nobody knows', ask.remove('a'), into('unknown')],
      ['nobody needs to know: raw', ask.remove('a'), into('unknown', { format: 'raw' })],
      ['a volume', ask.remove('a'), into(qcow2, { volume: { pool: 'vg', name: 'a' } })],
    ]),
  );
});

describe('planDelete: other VMs', () => {
  const chain = (otherVms: readonly OtherVm[] | undefined): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a')], 'b'),
      vm: vm({ disks: [disk('vda', '/img/web.b', { backing: ['/img/web.a', base] })] }),
      frozenDisks: frozen({ a: base, b: '/img/web.a' }),
      ...(otherVms === undefined ? {} : { otherVms }),
    });
  const clone = (...files: string[]): OtherVm => ({
    uuid: 'c',
    name: 'clone',
    files: ['/img/c.qcow2', ...files],
    unread: [],
  });
  const unread: OtherVm = { uuid: 'h', name: 'hidden', files: [], unread: ['/far/h'] };
  const rows = [
    ['a clone of the file that takes the merge', 'a', [clone(base)]],
    ['a clone of the overlay that is merged', 'a', [clone('/img/web.a', base)]],
    ['a clone of the layer below', 'b', [clone(base)]],
    ['a clone of what takes the merge higher up', 'b', [clone('/img/web.a', base)]],
    ['a clone of something else', 'a', [clone('/img/other')]],
    ['a chain that cannot be read', 'a', [unread]],
    ['nobody looked', 'a', undefined],
  ] as const;
  const despite = { ...ask.remove('a'), despiteUnread: true } as ReturnType<typeof ask.remove>;
  golden.section(
    'other VMs',
    asked([
      ...rows.map(([what, name, others]) => [what, ask.remove(name), chain(others)] as const),
      ['a chain that cannot be read, and somebody who says so', despite, chain([unread])],
      ['the same, and a clone', despite, chain([unread, clone(base)])],
      ['a clone of something else, nothing above', ask.remove('b'), chain([clone('/img/other')])],
    ]),
  );
});

describe('planDelete: overlays of a VM that is off', () => {
  const [top, middle] = ['/img/web.b', '/img/web.a'];
  const yes = { [base]: 'yes', [middle]: 'yes', [top]: 'yes' } as const;
  const offline = (
    more: Partial<Facts> = {},
    images: Readonly<Record<string, Observation<ImageFacts>>> = {},
    canChange: Readonly<Record<string, 'yes' | CannotAct>> = yes,
  ): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a')], 'b'),
      vm: vm({ power: 'off', disks: [disk('vda', top)] }),
      frozenDisks: frozen({ a: base, b: middle }),
      files: {
        ...looked({ images: { [base]: image(), [middle]: image(base), [top]: image(middle), ...images } }),
        canChange: new Map(Object.entries(canChange)),
      },
      otherVms: [],
      ...more,
    });
  const passed = { vm: vm({ power: 'off', disks: [disk('vda', top)], devices: ['hostDevice'] }) };
  const told = vm({ power: 'off', disks: [disk('vda', top, { backing: [middle, base] })] });
  const branch = offline(
    {
      capabilities: capabilities(9, 0),
      tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'b'),
      frozenDisks: frozen({ a: base, b: middle, c: '/img/web.c' }),
    },
    { '/img/web.c': image(middle) },
    { ...yes, '/img/web.c': 'yes' },
  );
  const rows = [
    ['the current one', 'b', offline()],
    ['the current one, 9.0', 'b', offline({ capabilities: capabilities(9, 0) })],
    ['the current one, with devices of the host', 'b', offline(passed)],
    ['one below it', 'a', offline()],
    ['one below it, with devices of the host', 'a', offline(passed)],
    ['one below it, 9.0', 'a', offline({ capabilities: capabilities(9, 0) })],
    ['one below it, and the VM tells what is below', 'a', offline({ vm: told })],
    [
      'one below it, and a snapshot above tells layers, but no end of them',
      'a',
      offline(
        {
          vm: vm({ power: 'off', disks: [disk('vda', '/img/web.c')] }),
          tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'c'),
          frozenDisks: new Map([
            ...frozen({ a: base, b: middle }),
            ['c', [disk('vda', top, { layers: [middle, base].map((file) => ({ type: 'file', file })) })]],
          ]),
        },
        { '/img/web.c': image(top) },
        { ...yes, '/img/web.c': 'yes' },
      ),
    ],
    [
      'one below it, and one that is above is not ours to change',
      'a',
      offline(passed, {}, { ...yes, [top]: { why: 'denied' } }),
    ],
    ['one below it, and a branch stands on its overlay, 9.0', 'a', branch],
    [
      'one below it, and a branch stands on what it froze, 9.0',
      'a',
      offline(
        {
          capabilities: capabilities(9, 0),
          tree: tree([external('a'), external('b', 'a'), external('c', 'b')], 'b'),
          frozenDisks: frozen({ a: base, b: middle, c: '/img/web.c' }),
        },
        { '/img/web.c': image(base) },
      ),
    ],
    [
      'one below it, and an image above was not seen',
      'a',
      offline({
        otherVms: [],
        tree: tree(
          [
            external('a'),
            external('b', 'a', { disks: [{ target: 'vda', location: 'external', file: '/img/web.old' }] }),
          ],
          'b',
        ),
      }),
    ],
    ['one below it, with devices of the host, and nobody looked', 'a', offline({ ...passed, files: looked({}) })],
    ['its RAM goes too', 'b', offline({ tree: tree([external('a'), memory('b', 'a')], 'b') })],
    ['an image that is not ours to change', 'b', offline({}, {}, { ...yes, [middle]: { why: 'denied' } })],
    ['an image with notes of changed blocks', 'b', offline({}, { [middle]: image(base, { bitmaps: 1 }) })],
    [
      'a format that is neither',
      'b',
      offline({}, { [top]: image(middle, { backing: { file: middle, format: 'vmdk' } }) }),
    ],
    ['one that libvirt has begun to merge', 'b', offline({ tree: tree([marked, external('b', 'a')], 'b') })],
    ['an element of its XML that is not known', 'b', offline({ vm: odd })],
    [
      'a drive',
      'b',
      offline({ vm: vm({ power: 'off', disks: [disk('vda', top, { device: 'cdrom', readonly: true })] }) }),
    ],
  ] as const;
  golden.section(
    'overlays of a VM that is off',
    asked([
      ...rows.map(([what, name, at]) => [what, ask.remove(name), at] as const),
      ['all', ask.remove('a', 'withDescendants'), offline()],
    ]),
  );
});

describe('planDelete: a medium that a revert laid overlays over', () => {
  const iso = '/img/cd.iso';
  const inDrive = (readonly: boolean, more: Partial<Facts>): Facts =>
    facts({
      tree: tree(
        [external('a', undefined, { disks: [{ target: 'vda', location: 'external', file: '/img/cd.2' }] })],
        'a',
      ),
      vm: vm({ disks: [disk('vda', '/img/cd.2', { readonly, backing: [iso] })] }),
      frozenDisks: frozen({ a: iso }),
      otherVms: [],
      ...more,
    });
  const left = { strays: new Map([['/img/cd.1', { restsOn: [iso] }]]) };
  const onOverlay = { strays: new Map([['/img/copy', { restsOn: ['/img/cd.2', iso] }]]) };
  const other: Partial<Facts> = { otherVms: [{ uuid: 'o', name: 'other', files: [iso], unread: [] }] };
  const rows = [
    ['an overlay that libvirt left on it', true, left],
    ['the same on a disk that is written', false, left],
    ['somebody’s image on the overlay that goes', true, onOverlay],
    ['another VM has the medium too', true, other],
  ] as const;
  golden.section(
    'a medium that a revert laid overlays over',
    asked(rows.map(([what, readonly, more]) => [what, ask.remove('a'), inDrive(readonly, more)])),
  );
});

describe('planDelete: the leaf that holds the layout', () => {
  const auto: AutoSnapshot = { name: 'leaf', why: 'layout', createdAt: 7 };
  const leaf = (why?: 'layout' | 'revert', parent = 's'): Snapshot => ({
    ...external('leaf', parent, { createdAt: 7 }),
    trailers: why === undefined ? {} : { auto: why },
  });
  const files = { s: base, c: '/img/web.s', leaf: '/img/web.17' };
  const on = (file: string, ...backing: string[]): Partial<Facts> => ({
    vm: vm({ disks: [disk('vda', file, { backing })] }),
  });
  /** s ─ c, and s ─ leaf, current: the VM was reverted to s. */
  const made = (more: Partial<Facts> = {}, own = leaf('layout')): Facts =>
    facts({
      tree: tree([external('s'), external('c', 's'), own], 'leaf'),
      capabilities: capabilities(9, 0),
      ...on('/img/web.leaf', '/img/web.17', base),
      frozenDisks: frozen(files),
      autoSnapshots: [auto],
      ...more,
    });
  const rows = [
    ['current, a branch on its parent', made()],
    ['the same after an upgrade', made({ capabilities: capabilities(12, 8) })],
    ['files not known', made({ frozenDisks: undefined as never })],
    ['no word of it in our records', made({ autoSnapshots: [] })],
    ['no mark', made({}, leaf())],
    ['no word of it in our records, 12.8', made({ autoSnapshots: [], capabilities: capabilities(12, 8) })],
    [
      'another of its name, 12.8',
      made({ autoSnapshots: [{ ...auto, createdAt: 8 }], capabilities: capabilities(12, 8) }),
    ],
    ['a checkpoint, 12.8', made({ capabilities: capabilities(12, 8) }, leaf('revert'))],
    ['no mark, 12.8', made({ capabilities: capabilities(12, 8) }, leaf())],
    [
      'nobody else on its parent: that names the VM’s overlay then',
      made({ tree: tree([external('s'), leaf('layout')], 'leaf') }),
    ],
    [
      'a snapshot above it',
      made({
        tree: tree([external('s'), external('c', 's'), leaf('layout'), external('d', 'leaf')], 'd'),
        ...on('/img/web.d', '/img/web.leaf', '/img/web.17', base),
        frozenDisks: frozen({ ...files, d: '/img/web.leaf' }),
      }),
    ],
    [
      'on another branch',
      made({
        tree: tree([external('s'), external('c', 's'), leaf('layout')], 'c'),
        capabilities: capabilities(9, 9),
        ...on('/img/web.c', '/img/web.s', base),
      }),
    ],
    ['a root', made({ tree: tree([external('c'), { ...leaf('layout'), parent: 'gone' }], 'leaf') })],
  ] as const;
  const below = made({
    tree: tree([external('s'), external('c', 's'), leaf('layout'), external('d', 'leaf')], 'd'),
    ...on('/img/web.d', '/img/web.leaf', '/img/web.17', base),
    frozenDisks: frozen({ ...files, d: '/img/web.leaf' }),
  });
  const all = made({
    files: looked({
      images: {
        '/img/web.s': image(base),
        '/img/web.c': 'missing',
        '/img/web.leaf': image('/img/web.17'),
        '/img/web.17': image(base),
        [base]: image(),
      },
    }),
  });
  // libvirt 9.9 and newer: s was reverted to, then c went, then b, which was taken after the revert.
  const rest = facts({
    tree: tree([external('s'), external('b', 's')], 'b'),
    ...on('/img/web.b', '/img/web.17', base),
    frozenDisks: frozen({ s: base, b: '/img/web.17' }),
  });
  const reverted = {
    ...rest,
    tree: tree([external('s', undefined, { revertFile: '/img/web.17' }), external('c', 's')], 's'),
    ...on('/img/web.17', base),
    frozenDisks: frozen({ s: base, c: '/img/web.s' }),
  };
  golden.section(
    'the leaf that holds the layout',
    asked([
      ...rows.map(([what, at]) => [what, ask.remove('leaf'), at] as const),
      ['with what is above it', ask.remove('leaf', 'withDescendants'), below],
      ['what is above it alone', ask.remove('leaf', 'descendants'), below],
      ['all that it was made for', ask.remove('s', 'descendants'), all],
      ['all that it was made for, and the root', ask.remove('s', 'withDescendants'), all],
      ['the last branch beside the VM’s overlay, which the parent names then', ask.remove('b'), rest],
      ['that parent', ask.remove('s'), rest],
      ['the parent names it already', ask.remove('c'), reverted],
    ]),
  );
});

describe('planDelete: metadata and the VM’s chain', () => {
  const two = tree([external('a'), external('b', 'a')], 'b');
  const files = frozen({ a: base, b: '/img/web.a' });
  const rows = [
    ['as made', 'a', ['/img/web.b', '/img/web.a', base]],
    ['as made', 'b', ['/img/web.b', '/img/web.a', base]],
    ['all committed by hand', 'b', [base]],
    ['all committed by hand', 'a', [base]],
    ['the middle committed by hand', 'a', ['/img/web.b', base]],
    ['pulled by hand', 'b', ['/img/web.b']],
    ['another overlay', 'b', ['/img/web.99', '/img/web.a', base]],
  ] as const;
  const told = (by: 'XML' | 'images', [top, ...backing]: readonly [string, ...string[]]): Facts =>
    facts({
      tree: two,
      frozenDisks: files,
      vm: vm({ disks: [disk('vda', top, by === 'XML' ? { backing } : {})] }),
      ...(by === 'images' && {
        files: looked({ images: Object.fromEntries([top, ...backing].map((file, at) => [file, image(backing[at])])) }),
      }),
    });
  for (const by of ['XML', 'images'] as const) {
    golden.section(
      `metadata and the VM’s chain as the ${by} tell`,
      asked(rows.map(([what, name, chain]) => [`${name}, ${what}`, ask.remove(name), told(by, chain)])),
    );
  }
});

describe('planDelete: the last child of the snapshot that the VM was reverted to', () => {
  /** s (current) ─ c; c was built on the overlay that s made at first. */
  const on = (top: string): Facts =>
    facts({
      tree: tree([external('s'), external('c', 's')], 's'),
      vm: vm({ disks: [disk('vda', top, top === base ? {} : { backing: [base] })] }),
      frozenDisks: frozen({ s: base, c: '/img/web.s' }),
      files: looked({
        images: {
          [base]: image(),
          '/img/web.s': image(base),
          '/img/web.c': image('/img/web.s'),
          '/img/web.1': image(base),
        },
      }),
    });
  golden.section(
    'the last child of the snapshot that the VM was reverted to',
    asked([
      ['the VM stands on an overlay of its own', ask.remove('c'), on('/img/web.1')],
      ['a merge by hand put the VM on what the snapshot froze', ask.remove('c'), on(base)],
    ]),
  );
});

describe('planDelete: what a merge takes', () => {
  const inWhat = (free: number): Facts =>
    facts({
      tree: tree([external('a'), external('b', 'a')], 'b'),
      vm: vm({ disks: [disk('vda', '/img/web.b')] }),
      frozenDisks: frozen({ a: base, b: '/img/web.a' }),
      files: looked({
        images: {
          '/img/web.b': image('/img/web.a', { allocatedBytes: 5_000 }),
          '/img/web.a': image(base, { allocatedBytes: 300 }),
          [base]: image(),
        },
        free: { '/img': free },
      }),
    });

  const marked = external('a', undefined, {
    disks: [{ target: 'vda', location: 'external', file: '/img/web.a', deleteInProgress: true }],
  });
  const half = { ...inWhat(9_999), tree: tree([marked, external('b', 'a')], 'b') };
  golden.section(
    'what a merge takes',
    asked([
      ['it fits', ask.remove('b'), inWhat(5_000)],
      ['it may not fit', ask.remove('b'), inWhat(4_999)],
      ['two', ask.remove('a', 'withDescendants'), inWhat(9_999)],
      ['one that broke off, into which another goes', ask.remove('a'), half],
      ['one that broke off, again', ask.remove('b'), half],
      ['both', ask.remove('a', 'withDescendants'), half],
    ]),
  );
});

golden.end();
