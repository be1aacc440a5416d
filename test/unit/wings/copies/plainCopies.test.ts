// Plain copies of VMs: which files are sent under which names, and what stands beside them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type CopiedFile, documentsOf, type Manifest } from '../../../../src/transfer/manifest.js';
import { paperFiles } from '../../../../src/wings/copies/plain/plainPapers.js';
import { doubtfulFiles, isSameTime, placeCopy } from '../../../../src/wings/copies/plain/plainPlaces.js';

const time = '1700000000.000000001';
const other = '1700000001.000000000';
const sha256 = 'a'.repeat(64);

function disk(path: string, more: Partial<CopiedFile> = {}): CopiedFile {
  const image = { format: 'qcow2', virtualBytes: 1024 } as const;
  return { path, role: 'disk', content: 'stored', stored: path, bytes: 7, allocatedBytes: 5, ...image, ...more };
}

function place(
  files: readonly CopiedFile[],
  earlier: readonly CopiedFile[] = [],
  there: Readonly<Record<string, string>> = {},
): { readonly places: readonly unknown[]; readonly sent: readonly string[]; readonly sums: readonly unknown[] } {
  const modified = new Map(files.map(({ stored = '' }) => [stored, time]));
  const found = new Map(Object.entries(there).map(([name, own]) => [name, { bytes: 7, modified: own, identity: '' }]));
  const placed = placeCopy(files, modified, earlier, { there: found, ours: found });
  return {
    places: placed.files.map((file) => file.place),
    sent: placed.sent.map((file) => file.place),
    sums: placed.files.map((file) => file.sha256),
  };
}

describe('the files of a plain copy', () => {
  const before = disk('/a/web.qcow2', { place: 'web.qcow2', modified: time, sha256 });

  it('have names that every shell takes, each its own', () => {
    const files = [disk('/a/web.qcow2'), disk('/b/web.qcow2'), disk("/a/-r f'$\n.qcow2"), disk('/a/.hidden')];
    const { places, sent } = place(files);
    assert.deepEqual(places, ['web.qcow2', '2-web.qcow2', '_-r_f___.qcow2', '_.hidden']);
    assert.deepEqual(sent, places);
  });

  it('are sent once where two paths lead to one', () => {
    const { places, sent } = place([disk('/a/web.qcow2'), disk('/link', { stored: '/a/web.qcow2' })]);
    assert.deepEqual(places, ['web.qcow2', 'web.qcow2']);
    assert.deepEqual(sent, ['web.qcow2']);
  });

  it('are not sent again where the host has them', () => {
    const own = place([disk('/a/web.qcow2')], [before], { 'web.qcow2': time });
    assert.deepEqual(own, { places: ['web.qcow2'], sent: [], sums: [sha256] });
  });

  it('are sent again where the host has lost or changed them, and what it has stays until then', () => {
    for (const there of [{}, { 'web.qcow2': other }]) {
      assert.deepEqual(place([disk('/a/web.qcow2')], [before], there).sent, ['2-web.qcow2']);
    }
    const left = { 'web.qcow2': other, '2-web.qcow2': time };
    const own = place([disk('/a/web.qcow2')], [before], left);
    assert.deepEqual(own, { places: ['2-web.qcow2'], sent: [], sums: [undefined] });
  });

  it('are kept where the host has the time that it had before', () => {
    const noted = { ...before, modifiedThere: other };
    const own = place([disk('/a/web.qcow2')], [noted], { 'web.qcow2': other });
    assert.deepEqual(own, { places: ['web.qcow2'], sent: [], sums: [sha256] });
    assert.deepEqual(place([disk('/a/web.qcow2')], [noted], { 'web.qcow2': time }).sent, ['2-web.qcow2']);
  });

  it('are doubtful where the original is unchanged and only the time there is another one', () => {
    const doubtful = (earlier: CopiedFile, there: string, now = time, bytes = 7): number =>
      doubtfulFiles(
        [earlier],
        new Map([['/a/web.qcow2', now]]),
        new Map([['web.qcow2', { bytes, modified: there, identity: '' }]]),
      ).length;
    assert.equal(doubtful(before, other), 1);
    assert.equal(doubtful({ ...before, modifiedThere: other }, time), 1);
    assert.equal(doubtful(before, time), 0);
    assert.equal(doubtful({ ...before, modifiedThere: other }, other), 0);
    assert.equal(doubtful(before, other, other), 0);
    assert.equal(doubtful(before, other, time, 8), 0);
    assert.equal(doubtful({ ...before, sha256: undefined }, other), 0);
  });

  it('are kept where an earlier version noted the time of the original less exactly', () => {
    const rounded = { ...before, modified: '1700000000.000001000' };
    const there = new Map([['web.qcow2', { bytes: 7, modified: rounded.modified, identity: '' }]]);
    const { files, sent } = placeCopy([disk('/a/web.qcow2')], new Map([['/a/web.qcow2', time]]), [rounded], {
      there,
      ours: there,
    });
    assert.deepEqual([files, sent], [[before], []]);
    for (const [noted, now, isSame] of [
      ['1700000000.000001000', '1700000000.000002000', true],
      ['1700000001.000000000', '1700000000.999999001', true],
      ['1700000001.000000000', '1700000000.999998999', false],
      ['1700000000.000001000', '1700000000.000002001', false],
      ['1700000000.000001001', '1700000000.000001000', false],
      ['1700000000.000001000', 'nonsense', false],
      ['1700000000.000001000', undefined, false],
      [undefined, undefined, true],
    ] as const) {
      assert.equal(isSameTime(noted, now), isSame, `${noted} ${now}`);
    }
  });

  it('get another name where they changed, and leave the earlier ones alone', () => {
    const old = { ...before, modified: '1600000000.000000000' };
    const { places, sent } = place([disk('/a/web.qcow2')], [old], { 'web.qcow2': old.modified });
    assert.deepEqual([places, sent], [['2-web.qcow2'], ['2-web.qcow2']]);
  });

  it('have no checksum yet where an interrupted copy left them', () => {
    for (const there of [time, '1700000000.000000000']) {
      const own = place([disk('/a/web.qcow2')], [], { 'web.qcow2': there });
      assert.deepEqual(own, { places: ['web.qcow2'], sent: [], sums: [undefined] });
    }
    assert.deepEqual(place([disk('/a/web.qcow2')], [], { 'web.qcow2': other }).sent, ['2-web.qcow2']);
  });
});

describe('what stands beside a plain copy', () => {
  const manifest: Manifest = {
    vm: { name: "it's", uuid: '00000000-0000-4000-8000-000000000001' },
    madeAt: 0,
    libvirt: '9.0.0',
    present: false,
    definition: '<domain/>',
    snapshots: [{ name: 'first', xml: '<domainsnapshot><revertDisks/></domainsnapshot>' }],
    current: 'first',
    files: [
      disk('/a/base', { place: 'base', sha256 }),
      disk('/a/top', { place: 'top', sha256, backing: '/a/base' }),
      disk('/a/now', { place: 'now', content: 'overlay', stored: undefined, backing: '/a/top' }),
    ],
  };
  const papers = paperFiles(manifest, documentsOf(manifest), {
    text: 'the manifest',
    home: '/home/vm',
    kind: 'export',
  });

  it('has sums that sha256sum reads', () => {
    const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
    assert.equal(
      papers.get('SHA256SUMS'),
      [
        `${sha256}  disks/base`,
        `${sha256}  disks/top`,
        `${sum('the manifest')}  virt-rewind-backup.json`,
        `${sum('<domain/>')}  xml/vm.xml`,
        `${sum(manifest.snapshots[0]!.xml)}  xml/snapshot-1.xml\n`,
      ].join('\n'),
    );
  });

  it('says how the VM comes back by hand', () => {
    const commands = papers
      .get('README.txt')!
      .split('\n')
      .filter((line) => /^ {2}(qemu-img|virsh) /u.test(line));
    assert.deepEqual(commands, [
      '  qemu-img rebase -u -f qcow2 -F qcow2 -b base disks/top',
      '  qemu-img create -u -f qcow2 -F qcow2 -b top disks/now 1024',
      '  virsh define xml/vm.xml',
      "  virsh snapshot-create 'it'\\''s' xml/snapshot-1.xml --redefine --current",
      "  virsh snapshot-create 'it'\\''s' xml/snapshot-1.xml --redefine",
    ]);
    assert.match(papers.get('README.txt')!, /Passwords that libvirt keeps, .* are not included/u);
  });
});
