// The names that images have for what they rest on.
import assert from 'node:assert/strict';
import { parseBackingName } from '../../../src/qemu/backingOf.js';

type NamedFile = ReturnType<typeof parseBackingName>;

describe('the name of a backing file', () => {
  const json = (options: unknown): string => `json:${JSON.stringify(options)}`;
  const file = { driver: 'file', filename: '/x' };
  const rows: readonly (readonly [string, NamedFile])[] = [
    ['/x', { file: '/x' }],
    ['x', { file: 'x' }],
    ['x/a:b', { file: 'x/a:b' }],
    ...(
      [
        ['file:/x', { file: '/x' }],
        ['nbd://h/n', { file: 'nbd://h/n' }],
        ['fat:/x', { file: 'fat:/x' }],
        [json({ file }), { file: '/x' }],
        [json({ driver: 'qcow2', file }), { file: '/x', driver: 'qcow2' }],
        [json({ driver: 'raw', 'file.driver': 'file', 'file.filename': '/x' }), { file: '/x', driver: 'raw' }],
        [
          json({ driver: 'raw', file: { ...file, locking: 'off', aio: 'native' }, discard: 'unmap' }),
          { file: '/x', driver: 'raw' },
        ],
        [
          json({ driver: 'raw', file: { driver: 'host_device', filename: '/dev/x' } }),
          { file: '/dev/x', driver: 'raw' },
        ],
        [json({ driver: 'qcow2', file: { driver: 'raw', file } }), { file: '/x', driver: 'qcow2' }],
        // As libvirt writes a slice, and as one can by hand.
        [json({ file: { driver: 'raw', offset: 8, size: 16, file } }), { file: '/x', part: true }],
        [json({ driver: 'raw', offset: 8, file }), { file: '/x', part: true, driver: 'raw' }],
        [json({ driver: 'raw', size: 8, file }), { file: '/x', part: true, driver: 'raw' }],
        [
          json({ driver: 'raw', offset: '8', 'file.driver': 'file', 'file.filename': '/x' }),
          { file: '/x', part: true, driver: 'raw' },
        ],
        // What is between the file and its content.
        [json({ driver: 'throttle', file }), { file: '/x', part: true }],
        [json({ driver: 'qcow2', 'encrypt.key-secret': 's', file }), { file: '/x', part: true, driver: 'qcow2' }],
        [json({ driver: 'qcow2', backing: null, file }), { file: '/x', part: true, driver: 'qcow2' }],
        // An image in an image.
        [json({ driver: 'qcow2', file: { driver: 'qcow2', file } }), { file: '/x', part: true, driver: 'qcow2' }],
        [json({ driver: 'raw', file: { file } }), { file: '/x', part: true, driver: 'raw' }],
      ] as const
    ).map(([name, named]): [string, NamedFile] => [name, { ...named, options: true }]),
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
    ].map((name): [string, NamedFile] => [name, { file: name, options: true }]),
  ];
  for (const [name, expected] of rows) {
    it(`${name.slice(0, 100)} is ${JSON.stringify(expected).slice(0, 60)}`, () => {
      assert.deepEqual(parseBackingName(name), expected);
    });
  }
});
