// What is done on a real host, and what must come of it: each row works, or is refused with its reason. No row fails.
import type { SnapshotKind, SnapshotStyle } from '../oracle/model.js';

interface Common {
  /** The VM; that of the group unless given. */
  readonly on?: string;
  /** The reason of the refusal that must come; nothing is changed then. */
  readonly refused?: string;
  /** Denials of the kernel that are foreseen; any other is a failure. */
  readonly denied?: RegExp;
}

export type Row = Common &
  (
    | { readonly act: 'start' | 'force off' | 'undo' }
    | {
        readonly act: 'checkpoint';
        readonly title: string;
        readonly kind: SnapshotKind;
        readonly style: SnapshotStyle;
        readonly live?: true;
        readonly seamless?: 'auto';
      }
    | { readonly act: 'revert' | 'delete'; readonly title: string }
    | { readonly act: 'linked clone' | 'full clone'; readonly of: string; readonly name: string }
    | { readonly act: 'fork'; readonly name: string }
  );

export interface Group {
  readonly name: string;
  /** Absent: root. */
  readonly user?: string;
  /** Where the disk lies, and what makes a socket beside it. */
  readonly folder: string;
  readonly disk: 'qcow2' | 'raw';
  /** On one VM, which is off and new. Before each row the guest of a running VM writes to its disk and its RAM. */
  readonly rows: readonly Row[];
}

const pool = '/var/lib/libvirt/images';
const own = '/srv/vms';

const start = { act: 'start' } as const;
const off = { act: 'force off' } as const;
const undo = { act: 'undo' } as const;
const revert = (title: string) => ({ act: 'revert', title }) as const;
const remove = (title: string) => ({ act: 'delete', title }) as const;
const taken =
  (kind: SnapshotKind, style: SnapshotStyle) =>
  (title: string, more: { live?: true; seamless?: 'auto' } = {}) =>
    ({ act: 'checkpoint', title, kind, style, ...more }) as const;
const inside = { memory: taken('memory', 'internal'), offline: taken('offline', 'internal') };
const outside = {
  memory: taken('memory', 'external'),
  disk: taken('disk', 'external'),
  offline: taken('offline', 'external'),
};

/** Until it is off: AppArmor's rules of the VM deny QEMU what was a backing file when libvirt last wrote them. */
const denied = { refused: 'baseReadOnly' } as const;

export const groups: readonly Group[] = [
  {
    name: 'internal',
    folder: pool,
    disk: 'qcow2',
    rows: [
      ...[start, inside.memory('s1'), revert('s1'), undo, remove('s1')],
      ...[off, inside.offline('o1'), start, off, revert('o1'), undo, remove('o1')],
    ],
  },
  {
    name: 'external',
    folder: pool,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('d1'), outside.memory('m1'), outside.memory('l1', { live: true })],
      ...[revert('m1'), undo, revert('d1'), undo],
      // A VM that was reverted, and then got another layer while it ran, starts again.
      ...[revert('d1'), outside.disk('d2'), off, start],
    ],
  },
  {
    name: 'merge',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('k1'), outside.disk('k2'), outside.disk('k3')],
      ...[remove('k2'), { ...remove('k3'), ...denied }, outside.disk('k4')],
      ...[off, remove('k3'), start, { ...remove('k4'), ...denied }],
      ...[off, remove('k4'), remove('k1'), start],
    ],
  },
  {
    name: 'offline',
    folder: own,
    disk: 'qcow2',
    // Each start is for its guest to write.
    rows: [
      ...[start, off, outside.offline('o1'), start, off, outside.offline('o2'), start, off],
      ...[remove('o1'), revert('o2'), undo, start],
    ],
  },
  {
    name: 'raw',
    folder: own,
    disk: 'raw',
    rows: [start, outside.memory('m1'), revert('m1'), undo],
  },
  {
    name: 'seamless',
    folder: pool,
    disk: 'qcow2',
    rows: [start, outside.memory('s1', { seamless: 'auto' }), revert('s1'), undo],
  },
  {
    name: 'clone',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('b')],
      { act: 'linked clone', of: 'b', name: 'linked' },
      ...[start, outside.disk('c1'), off, start].map((row): Row => ({ ...row, on: 'linked' })),
      { act: 'full clone', of: 'b', name: 'full' },
      { ...start, on: 'full' },
      { act: 'fork', name: 'forked' },
      { ...outside.disk('f1'), on: 'forked' },
    ],
  },
  {
    name: 'user',
    user: 'alice',
    folder: pool,
    disk: 'qcow2',
    rows: [start, inside.memory('s1'), revert('s1'), undo, remove('s1'), off, inside.offline('o1'), remove('o1')],
  },
  {
    name: 'userExternal',
    user: 'alice',
    folder: pool,
    disk: 'qcow2',
    rows: [start, outside.disk('d1'), outside.memory('m1'), revert('m1'), undo, { ...remove('d1'), ...denied }],
  },
];
