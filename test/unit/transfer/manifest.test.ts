// The manifest of a backup: what is written is read again, and what lies is not believed.
import assert from 'node:assert/strict';
import {
  type CopiedFile,
  type Manifest,
  placesIn,
  readManifest,
  storedBytes,
  writeManifest,
} from '../../../src/transfer/manifest.js';

const base = disk('/a/base.qcow2');
const top = disk('/a/top.qcow2', { backing: '/a/base.qcow2' });

function disk(path: string, more: Partial<CopiedFile> = {}): CopiedFile {
  const image = { format: 'qcow2', virtualBytes: 1024 } as const;
  return { path, role: 'disk', content: 'stored', stored: path, bytes: 7, allocatedBytes: 5, ...image, ...more };
}

const sound: Manifest = {
  vm: { name: 'web', uuid: '00000000-0000-4000-8000-000000000001' },
  madeAt: 1,
  libvirt: '9.0.0',
  present: true,
  definition: '<domain/>',
  snapshots: [
    { name: 'first', xml: '<domainsnapshot/>' },
    { name: 'second', parent: 'first', xml: '<domainsnapshot/>' },
  ],
  current: 'second',
  files: [base, top],
  tpm: [{ state: 'AAEC', present: true, snapshots: ['first'] }],
};

describe('the manifest of a backup', () => {
  it('is read as it was written', () => {
    assert.deepEqual(readManifest(writeManifest(sound)), { format: 1, ...sound });
  });

  it('has another number with what an earlier reader would restore wrong', () => {
    for (const more of [{ device: true, tree: 'ab'.repeat(32) }, { encrypted: true }] as const) {
      const special = { ...sound, files: [{ ...base, ...more }, top] };
      assert.deepEqual(readManifest(writeManifest(special)), { format: 2, ...special });
    }
  });

  it('is not believed where it lies', () => {
    const bad: Readonly<Record<string, object>> = {
      'a path that climbs': { files: [disk('/a/../etc/shadow')] },
      'a stored path that climbs': { files: [disk('/a', { stored: '/../etc/shadow' })] },
      'a relative path': { files: [disk('base.qcow2')] },
      'a device that is RAM': { files: [{ ...disk('/a/ram', { device: true }), role: 'memory' }] },
      'a device that is stored nowhere': {
        files: [{ ...top, device: true, content: 'overlay', stored: undefined }, base],
      },
      'a folder as a path': { files: [disk('/')] },
      'one path twice': { files: [base, base] },
      'a file that is stored nowhere': { files: [{ ...base, stored: undefined }] },
      'a base that is not there': { files: [top] },
      'a base that is not stored': { files: [top, { ...base, content: 'none', stored: undefined }] },
      'a base that is RAM': { files: [top, { ...base, role: 'memory' }] },
      'a circle of layers': { files: [top, { ...base, backing: top.path }] },
      'an overlay on nothing': { files: [{ ...base, content: 'overlay', stored: undefined }] },
      'a disk without a format': { files: [{ ...base, format: undefined }] },
      'a raw image on another': { files: [base, { ...top, format: 'raw' }] },
      'another format of images': { files: [{ ...base, format: 'vmdk' }] },
      'one snapshot twice': { snapshots: [sound.snapshots[0], sound.snapshots[0]] },
      'a parent behind its child': { snapshots: [...sound.snapshots].reverse() },
      'a current snapshot that is not there': { current: 'third' },
      'a TPM of a snapshot that is not there': { tpm: [{ state: 'AAEC', snapshots: ['third'] }] },
      'a TPM of a snapshot twice': { tpm: [{ state: 'AAEC', snapshots: ['first', 'first'] }] },
      'a TPM whose file would be elsewhere': {
        snapshots: [{ name: '/../x', xml: '' }],
        current: undefined,
        tpm: [{ state: 'AAEC', snapshots: ['/../x'] }],
      },
      'two TPMs': { tpm: ['AAEC', 'AAED'].map((state) => ({ state, present: true, snapshots: [] })) },
      'a TPM that is no base64': { tpm: [{ state: '../x', snapshots: [] }] },
      'a UUID that is none': { vm: { name: 'web', uuid: '../../etc' } },
      'no version': { format: undefined },
      'too many files': { files: Array.from({ length: 10_001 }, (_, at) => disk(`/a/${at}`)) },
    };
    for (const [why, change] of Object.entries(bad)) {
      assert.equal(readManifest(JSON.stringify({ format: 1, ...sound, ...change })), 'broken', why);
    }
    assert.equal(readManifest('{'), 'broken');
    assert.equal(readManifest(JSON.stringify({ ...sound, format: 3 })), 'newer');
  });

  it('cannot be written so that it could not be read', () => {
    assert.throws(() => writeManifest({ ...sound, files: [top] }));
  });

  it('counts a file once that has two names', () => {
    assert.equal(storedBytes([base, disk('/link/base.qcow2', { stored: base.path })], 'bytes'), 7);
  });

  it('gives files places beside each other, and apart where two names are alike', () => {
    const variables: CopiedFile = { ...base, role: 'uefiVariables', path: '/n/web.fd', stored: '/real/other.fd' };
    const places = (...files: readonly CopiedFile[]): readonly string[] => [...placesIn('/to', files).values()];
    assert.deepEqual(places(base, top, variables), ['/to/base.qcow2', '/to/top.qcow2', '/to/web.fd']);
    assert.deepEqual(places(base, disk('/b/base.qcow2'), top), [
      '/to/1/base.qcow2',
      '/to/2/base.qcow2',
      '/to/1/top.qcow2',
    ]);
    assert.deepEqual(places(base, disk('/link/x', { stored: base.path })), ['/to/base.qcow2', '/to/base.qcow2']);
  });
});
