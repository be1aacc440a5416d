// The names that images have for what they rest on.
import assert from 'node:assert/strict';
import { fileNamed, type NamedFile } from '../../../src/qemu/backingName.js';

describe('the name of a backing file', () => {
  const json = (options: unknown): string => `json:${JSON.stringify(options)}`;
  const file = { driver: 'file', filename: '/x' };
  const rows: readonly (readonly [string, NamedFile])[] = [
    ['/x', { file: '/x' }],
    ['x', { file: 'x' }],
    ['file:/x', { file: '/x' }],
    ['nbd://h/n', { file: 'nbd://h/n' }],
    [json({ file }), { file: '/x' }],
    [json({ driver: 'qcow2', file }), { file: '/x' }],
    [json({ driver: 'raw', 'file.driver': 'file', 'file.filename': '/x' }), { file: '/x' }],
    [json({ driver: 'raw', file: { ...file, locking: 'off', aio: 'native' }, discard: 'unmap' }), { file: '/x' }],
    [json({ driver: 'raw', file: { driver: 'host_device', filename: '/dev/x' } }), { file: '/dev/x' }],
    // As libvirt writes a slice, and as one can by hand.
    [json({ file: { driver: 'raw', offset: 8, size: 16, file } }), { file: '/x', part: true }],
    [json({ driver: 'raw', offset: 8, file }), { file: '/x', part: true }],
    [json({ driver: 'raw', size: 8, file }), { file: '/x', part: true }],
    [json({ driver: 'raw', offset: '8', 'file.driver': 'file', 'file.filename': '/x' }), { file: '/x', part: true }],
    // What is between the file and its content.
    [json({ driver: 'throttle', file }), { file: '/x', part: true }],
    [json({ driver: 'qcow2', 'encrypt.key-secret': 's', file }), { file: '/x', part: true }],
    [json({ driver: 'qcow2', backing: null, file }), { file: '/x', part: true }],
    // No file of this host, or more than one.
    ...[
      json({ driver: 'quorum', children: [file, file] }),
      json({ file: { driver: 'nbd', filename: '/x' } }),
      json({ filename: '/x' }),
      json({ file: { driver: 'file', filename: 7 } }),
      json([]),
      json(null),
      'json:{',
      `json:${'{"file":'.repeat(50)}1${'}'.repeat(50)}`,
    ].map((name): [string, NamedFile] => [name, { file: name }]),
  ];
  for (const [name, expected] of rows) {
    it(`${name.slice(0, 100)} is ${JSON.stringify(expected).slice(0, 60)}`, () => {
      assert.deepEqual(fileNamed(name), expected);
    });
  }
});
