import assert from 'node:assert/strict';
import { tlsFiles } from '../../../src/libvirt/tlsTransport.js';

const own = ['cacert.pem', 'clientcert.pem', 'clientkey.pem'].map((name) => `/home/me/.pki/libvirt/${name}`);
const system = ['/etc/pki/CA/cacert.pem', '/etc/pki/libvirt/clientcert.pem', '/etc/pki/libvirt/private/clientkey.pem'];

const rows: Readonly<
  Record<string, { pki?: string; isRoot: boolean; there: readonly string[]; files: readonly (string | undefined)[] }>
> = {
  'a folder that is named': {
    pki: '/p',
    isRoot: false,
    there: own,
    files: ['/p/cacert.pem', '/p/clientcert.pem', '/p/clientkey.pem'],
  },
  root: { isRoot: true, there: own, files: system },
  'a user with files': { isRoot: false, there: own, files: own },
  'a user without': { isRoot: false, there: [], files: system },
  'a user without a key': { isRoot: false, there: own.slice(0, 2), files: [own[0], ...system.slice(1)] },
  'a user without an authority': { isRoot: false, there: own.slice(1), files: [system[0], ...own.slice(1)] },
};

describe('tlsFiles', () => {
  for (const [title, { pki, isRoot, there, files }] of Object.entries(rows)) {
    it(`of ${title}`, () => {
      const found = tlsFiles(pki, {
        isRoot,
        home: '/home/me',
        exists: (path) => there.includes(path),
      });
      assert.deepEqual([found.authority, found.certificate, found.key], files);
    });
  }
});
