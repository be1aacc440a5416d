import assert from 'node:assert/strict';
import { chooseSocket } from '../../../src/libvirt/unixTransport.js';
import { parseUri } from '../../../src/libvirt/uri.js';

type SocketChoice = ReturnType<typeof chooseSocket>;

interface Given {
  readonly files?: readonly string[];
  readonly userId?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly readOnly?: boolean;
}

function choose(uri: string, { files = [], userId = 0, environment = {}, readOnly = false }: Given): SocketChoice {
  return chooseSocket(parseUri(uri), readOnly, {
    environment,
    userId,
    homeDirectory: '/home/ann',
    exists: (path) => files.includes(path),
  });
}

const run = '/var/run/libvirt';
const own = '/home/ann/.cache/libvirt';
const xdg = { XDG_RUNTIME_DIR: '/run/user/7' };
const libvirtd = '/usr/sbin/libvirtd';
const virtqemud = '/usr/sbin/virtqemud';

describe('the socket of a URI', () => {
  const rows: readonly (readonly [string, string, Given, Partial<SocketChoice> & { path: string }])[] = [
    ['nothing there', 'qemu:///system', {}, { path: `${run}/libvirt-sock` }],
    ['the monolithic daemon', 'qemu:///system', { files: [`${run}/libvirt-sock`] }, { path: `${run}/libvirt-sock` }],
    [
      'the modular daemon first',
      'qemu:///system',
      { files: [`${run}/libvirt-sock`, `${run}/virtqemud-sock`] },
      { path: `${run}/virtqemud-sock` },
    ],
    [
      'mode=legacy',
      'qemu:///system?mode=legacy',
      { files: [`${run}/virtqemud-sock`] },
      { path: `${run}/libvirt-sock` },
    ],
    ['mode=direct', 'qemu:///system?mode=direct', {}, { path: `${run}/virtqemud-sock` }],
    [
      'read-only',
      'qemu:///system',
      { readOnly: true, files: [`${run}/virtqemud-sock-ro`] },
      { path: `${run}/virtqemud-sock-ro`, readOnly: true },
    ],
    [
      'a socket given',
      'qemu:///system?socket=/a/b',
      { files: [`${run}/virtqemud-sock`] },
      { path: '/a/b', readOnly: false },
    ],
    [
      'a read-only socket given',
      'qemu:///system?socket=/a/libvirt-sock-ro',
      {},
      { path: '/a/libvirt-sock-ro', readOnly: true },
    ],
    ['session of root', 'qemu:///session', {}, { path: `${run}/libvirt-sock` }],
    ['test of root', 'test:///default', { files: [`${run}/virtqemud-sock`] }, { path: `${run}/libvirt-sock` }],
    ['session without XDG_RUNTIME_DIR', 'qemu:///session', { userId: 7 }, { path: `${own}/libvirt-sock` }],
    ['session', 'qemu:///session', { userId: 7, environment: xdg }, { path: '/run/user/7/libvirt/libvirt-sock' }],
    [
      'session has no read-only socket',
      'qemu:///session',
      { userId: 7, environment: xdg, readOnly: true },
      { path: '/run/user/7/libvirt/libvirt-sock', readOnly: true },
    ],
    [
      'session, started with the monolithic daemon where there is one',
      'qemu:///session',
      { userId: 7, environment: xdg, files: [libvirtd, virtqemud] },
      { path: '/run/user/7/libvirt/libvirt-sock', daemon: libvirtd },
    ],
    [
      'session, started with the modular daemon otherwise',
      'qemu:///session',
      { userId: 7, environment: xdg, files: [virtqemud] },
      { path: '/run/user/7/libvirt/virtqemud-sock', daemon: virtqemud },
    ],
    [
      'session, a daemon on the PATH',
      'qemu:///session',
      {
        userId: 7,
        environment: { ...xdg, PATH: '/opt/bin:relative' },
        files: ['/opt/bin/libvirtd', 'relative/libvirtd'],
      },
      { path: '/run/user/7/libvirt/libvirt-sock', daemon: '/opt/bin/libvirtd' },
    ],
    [
      'session, VIRTD_PATH',
      'qemu:///session',
      {
        userId: 7,
        environment: { ...xdg, VIRTD_PATH: '/my/virtqemud' },
        files: ['/run/user/7/libvirt/virtqemud-sock'],
      },
      { path: '/run/user/7/libvirt/virtqemud-sock', daemon: '/my/virtqemud' },
    ],
    [
      'session, LIBVIRT_AUTOSTART=0',
      'qemu:///session',
      { userId: 7, environment: { ...xdg, LIBVIRT_AUTOSTART: '0' }, files: [libvirtd] },
      { path: '/run/user/7/libvirt/libvirt-sock' },
    ],
    [
      'test of a user',
      'test:///default',
      { userId: 7, environment: xdg, files: [libvirtd] },
      { path: '/run/user/7/libvirt/libvirt-sock', daemon: libvirtd },
    ],
    [
      'system of a user: nothing is started',
      'qemu:///system',
      { userId: 7, files: [libvirtd] },
      { path: `${run}/libvirt-sock` },
    ],
  ];
  for (const [name, uri, given, expected] of rows) {
    it(name, () => {
      assert.deepEqual(choose(uri, given), { readOnly: false, ...expected });
    });
  }
});
