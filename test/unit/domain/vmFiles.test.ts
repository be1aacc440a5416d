// The files of a VM and its snapshots: each once, with all that are made of it, and nothing that is not known.
import assert from 'node:assert/strict';
import { filesOfLayers, layersFromFiles } from '../../../src/domain/chains/layersFromFiles.js';
import { filesBeside, vmFiles } from '../../../src/domain/chains/vmFiles.js';
import { metadataFolders } from '../../../src/driver/connection/metadataFolders.js';
import type { FileFacts, Observation } from '../../../src/domain/hostFiles.js';
import type { Facts } from '../../../src/domain/facts.js';
import type { VmFile } from '../../../src/domain/vmFiles.js';
import { vmFileText } from '../../../src/text/rows/vmFileText.js';
import { disk, external, frozen, image, looked, now, facts, tree, vm } from './someFacts.js';

const file: FileFacts = { bytes: 10, allocatedBytes: 4096 };
const folders = { vms: '/etc/vms', snapshots: '/var/snapshots', saves: '/var/saves', tpms: '/var/tpms' };

/** The current state stands on b, which stands on a; c is the overlay of a branch beside b. */
const web = (more: Partial<Facts> = {}): Facts =>
  facts({
    vm: vm({
      disks: [disk('vda', '/img/web.b'), disk('sda', '/iso/cd.iso', { device: 'cdrom', format: 'raw' })],
      nvram: '/img/vars',
    }),
    tree: tree(
      [
        external('a', undefined, { memory: 'external', memoryFile: '/img/web.a.mem' }),
        external('b', 'a'),
        external('c', 'a'),
      ],
      'b',
    ),
    frozenDisks: frozen({ a: '/img/web.qcow2', b: '/img/web.a', c: '/img/web.a' }),
    files: looked({
      images: {
        '/img/web.qcow2': image(),
        '/img/web.a': image('/img/web.qcow2'),
        '/img/web.b': image('/img/web.a'),
        '/img/web.c': 'missing',
      },
      files: { '/img/web.a.mem': file, '/img/vars': file, '/img/vars.a': file, '/img/vars.b': 'missing' },
    }),
    ...more,
  });

function filesOf(of: Facts, beside: Readonly<Record<string, Observation<FileFacts>>> = {}): readonly VmFile[] {
  const layers = layersFromFiles({ facts: of, inside: new Map(), now });
  return vmFiles({ facts: of, layers, beside: new Map(Object.entries(beside)), folders });
}

const one = (files: readonly VmFile[], path: string): VmFile | undefined => files.find((found) => found.path === path);

describe('the files of a VM', () => {
  it('are each listed once, the present first, with the snapshots that are made of it', () => {
    const files = filesOf(web());
    const paths = files.map(({ path }) => path);
    assert.equal(new Set(paths).size, paths.length);
    assert.deepEqual(paths.slice(0, 3), ['/img/web.b', '/img/web.a', '/img/web.qcow2']);
    assert.deepEqual(
      files
        .filter(({ role }) => role === 'disk')
        .map(({ path, present, snapshots, after }) => [path, present, snapshots, after]),
      [
        ['/img/web.b', true, [], 'b'],
        ['/img/web.a', true, ['b', 'c'], 'a'],
        ['/img/web.qcow2', true, ['a', 'b', 'c'], undefined],
        ['/img/web.c', false, [], 'c'],
      ],
    );
    assert.deepEqual(one(files, '/img/web.a.mem')?.snapshots, ['a']);
  });

  it('tell format and size where they were seen, and that one is missing', () => {
    const files = filesOf(web());
    const { format, allocatedBytes, virtualBytes, seen } = one(files, '/img/web.a')!;
    assert.deepEqual([format, allocatedBytes, virtualBytes, seen], ['qcow2', 2 ** 20, 2 ** 30, 'there']);
    assert.equal(one(files, '/img/web.c')?.seen, 'missing');
    assert.equal(one(files, '/iso/cd.iso')?.seen, 'unknown');
    assert.equal(one(files, '/iso/cd.iso')?.role, 'medium');
  });

  it('hold the UEFI variables, and those copies that are there', () => {
    const variables = filesOf(web()).filter(({ role }) => role === 'uefiVariables');
    assert.deepEqual(
      variables.map(({ path, present, snapshots }) => [path, present, snapshots]),
      [
        ['/img/vars', true, []],
        ['/img/vars.a', false, ['a']],
      ],
    );
  });

  it('hold what libvirt writes down, but where it certainly does not', () => {
    const beside = {
      '/etc/vms/web.xml': file,
      '/var/snapshots/web/a.xml': file,
      '/var/snapshots/web/b.xml': 'missing',
    } as const;
    const files = filesOf(web(), beside).filter(({ role }) => role === 'metadata');
    assert.deepEqual(
      files.map(({ path, seen, snapshots }) => [path, seen, snapshots]),
      [
        ['/etc/vms/web.xml', 'there', []],
        ['/var/snapshots/web/a.xml', 'there', ['a']],
        ['/var/snapshots/web/c.xml', 'unknown', ['c']],
      ],
    );
    assert.ok(filesBeside(web(), folders).includes('/var/snapshots/web/b.xml'));
    assert.deepEqual(filesBeside(web(), undefined), ['/iso/cd.iso']);
    const odd = web({ vm: vm({ name: '../x' }) });
    assert.deepEqual(filesBeside(odd, folders), []);
  });

  it('are said in words', () => {
    const files = filesOf(web());
    const view = { tree: web().tree };
    const words = (path: string): string => vmFileText(one(files, path)!, view).facts;
    assert.match(
      words('/img/web.qcow2'),
      /disk vda · qcow2 · 1\.0 MB of at most 1\.0 GB · .*current · of “a”, “b”, “c”/,
    );
    assert.match(words('/img/web.c'), /missing .*after “c”/);
    assert.match(words('/iso/cd.iso'), /drive sda .*size unknown/);
    assert.equal(vmFileText(one(files, '/img/web.a')!, view).name, 'web.a');
  });

  it('are asked for where the layers are looked at', () => {
    const { images, files } = filesOfLayers(web());
    assert.ok(images.includes('/img/web.c') && files.includes('/img/vars.b'));
  });
});

describe('the folders of libvirt itself', () => {
  const home = { HOME: '/home/me' };
  it('are known of the usual daemons', () => {
    assert.equal(metadataFolders('qemu:///system', home)?.vms, '/etc/libvirt/qemu');
    assert.equal(metadataFolders('qemu:///session', home)?.snapshots, '/home/me/.config/libvirt/qemu/snapshot');
    assert.equal(metadataFolders('qemu:///session', { ...home, XDG_CONFIG_HOME: '/c' })?.vms, '/c/libvirt/qemu');
    assert.equal(metadataFolders('qemu:///system', home)?.tpms, '/var/lib/libvirt/swtpm');
    assert.equal(metadataFolders('qemu:///session', home)?.tpms, '/home/me/.config/libvirt/qemu/swtpm');
  });
  it('are not known of others', () => {
    for (const uri of ['test:///default', 'qemu+unix:///system?socket=/run/other']) {
      assert.equal(metadataFolders(uri, home), undefined);
    }
    assert.equal(metadataFolders('qemu:///session', {}), undefined);
  });
});
