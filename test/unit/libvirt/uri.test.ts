import assert from 'node:assert/strict';
import { openConnection } from '../../../src/libvirt/connect.js';
import { UnsupportedUri } from '../../../src/libvirt/libvirtError.js';
import { isSession, parseUri, wrongParameter } from '../../../src/libvirt/uri.js';
import { silentLog } from '../../silentLog.js';

describe('libvirt URIs', () => {
  const rows = [
    ['qemu:///system', { driver: 'qemu', transport: 'unix', path: '/system', name: 'qemu:///system', mode: 'auto' }],
    ['qemu+unix:///session', { transport: 'unix', name: 'qemu:///session' }],
    ['QEMU+UNIX:///system', { driver: 'qemu', transport: 'unix', name: 'qemu:///system' }],
    ['qemu+unix:///system?socket=/run/a%20b', { socket: '/run/a b', name: 'qemu:///system' }],
    ['qemu:///system?mode=legacy', { mode: 'legacy', name: 'qemu:///system' }],
    ['qemu:///system?MODE=direct;x=1&y=%2F', { mode: 'direct', name: 'qemu:///system?x=1&y=%2F' }],
    ['qemu:///system?name=qemu:///session', { name: 'qemu:///session' }],
    ['test:///default', { driver: 'test', transport: 'unix', name: 'test:///default' }],
    ['test+unix:///a/b%20c.xml?socket=/s', { name: 'test:///a/b%20c.xml', socket: '/s' }],
    [
      'qemu+ssh://me@host:22/system?keyfile=/k&no_tty=1',
      { transport: 'ssh', host: 'me@host:22', name: 'qemu:///system' },
    ],
    ['qemu://host/system', { transport: 'tls', host: 'host' }],
    ['qemu:/system', { driver: 'qemu', transport: 'unix', host: '', path: '/system', name: 'qemu:///system' }],
    ['qemu+unix:/session?socket=/s', { path: '/session', socket: '/s', name: 'qemu:///session' }],
    ['qemu:///system#part', { path: '/system', name: 'qemu:///system#part' }],
    ['remote+unix:', { driver: 'remote', transport: 'unix', path: '', name: '' }],
    ['remote+unix:///system', { driver: 'remote', path: '/system', name: '' }],
    ['lxc:///', { driver: 'lxc', path: '/', name: 'lxc:///' }],
  ] as const;
  for (const [text, expected] of rows) {
    it(text, () => {
      const parsed = parseUri(text);
      assert.equal(parsed.text, text);
      assert.deepEqual({ ...parsed, ...expected }, parsed);
    });
  }

  for (const text of [
    '',
    'qemu',
    'qemu:system',
    '/var/run/x',
    'qemu+unix://host/system',
    'qemu:///system?mode=odd',
    'qemu:///system?socket=relative',
    'qemu:///system?socket=%ZZ',
    'qemu+:///system',
  ]) {
    it(`refuses "${text}"`, () => {
      assert.throws(
        () => parseUri(text),
        (error) => error instanceof UnsupportedUri && error.transport === undefined && error.uri === text,
      );
    });
  }

  const wrong: readonly (readonly [parameter: string, ...uris: string[]])[] = [
    ['keyfle', 'qemu+ssh://host/system?keyfle=/k', 'remote+ssh://host?no_tty=1&keyfle=/k', 'test:///default?keyfle'],
    ['mode', 'qemu:///system?mode=odd'],
    ['socket', 'qemu:///system?socket=relative'],
    ['keyfile', 'qemu+ssh://host/system?keyfile='],
    ['no_verify', 'qemu+ssh://host/system?no_verify=yes'],
    ['proxy', 'qemu+ssh://host/system?proxy=odd'],
    ['no_verify', 'qemu://host/system?no_verify=1'],
    ['tls_priority', 'qemu://host/system?tls_priority=NORMAL'],
  ];
  for (const [parameter, ...uris] of wrong) {
    for (const uri of uris) {
      it(`names the parameter ${parameter} when it refuses ${uri}`, async () => {
        await assert.rejects(
          openConnection(uri, { log: silentLog }),
          (error) => error instanceof UnsupportedUri && error.parameter === parameter,
        );
      });
    }
  }

  it('names the parameter that is wrong', () => {
    assert.equal(wrongParameter('qemu+ssh://host/system?keyfle=/k'), 'keyfle');
    assert.equal(wrongParameter('qemu+ssh://host/system?keyfile=/k'), undefined);
    assert.equal(wrongParameter('nonsense'), undefined);
  });

  for (const transport of ['tcp', 'ext', 'pigeon']) {
    it(`names the transport ${transport} when it refuses it`, async () => {
      await assert.rejects(
        openConnection(`qemu+${transport}://host/system`, { log: silentLog }),
        (error) => error instanceof UnsupportedUri && error.transport === transport,
      );
    });
  }

  it('tell whose daemon it is, and of one that could be either the one that can do less', () => {
    const session = [
      'qemu:///session',
      'qemu:/session#x',
      'qemu:///session?a=b',
      'remote:///session',
      'remote:?socket=/s',
    ];
    const system = [
      'qemu:///system',
      'qemu:/system#/session',
      'qemu:///system?a=/session',
      'remote:',
      'remote+unix:///system',
    ];
    assert.deepEqual(
      session.filter((uri) => !isSession(parseUri(uri))),
      [],
    );
    assert.deepEqual(
      system.filter((uri) => isSession(parseUri(uri))),
      [],
    );
  });
});
