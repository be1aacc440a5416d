// What is done on a real host, and what must come of it: each row works, or is refused with its reason. No row fails.
import type { Model, SnapshotKind, SnapshotStyle } from '../oracle/model.js';

/** On a host whose libvirt and QEMU can take seamless snapshots, on one of before, or on both. */
type Says = RegExp | Readonly<Record<'seamless' | 'before', RegExp>>;

interface Common {
  /** The VM; that of the group unless given. */
  readonly on?: string;
  /** The reason of the refusal that must come; nothing is changed then. */
  readonly refused?: string;
  /** Denials of the kernel that are foreseen; any other is a failure. */
  readonly denied?: RegExp;
  /** What its answer must hold. */
  readonly says?: Says;
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
    | {
        /** The command line; `VM` and `FOLDER` stand for those of the group. */
        readonly act: 'run';
        readonly words: readonly string[];
        /** Its exit code, 0 unless given. */
        readonly exit?: number;
        readonly becomes?: (model: Model) => Model;
        /** A name for what the VM is when it begins. */
        readonly marks?: string;
        /** It is what was so named, afterwards. */
        readonly backAt?: string;
      }
    | {
        /** Root does something on the host: a word of host.sh. */
        readonly act: 'host';
        readonly does: string;
        readonly becomes?: (model: Model) => Model;
      }
  );

export interface Group {
  readonly name: string;
  /** Absent: root. */
  readonly user?: string;
  /** Absent: the system's. */
  readonly uri?: string;
  /** Another computer, as far as the product sees: of its own name, and without the folders of the VMs. */
  readonly elsewhere?: true;
  /** A second host, which serves the folder by NFS. It runs where it is named. */
  readonly shared?: true;
  /** Where the disk lies, and what makes a socket beside it. */
  readonly folder: string;
  readonly disk: 'qcow2' | 'raw';
  /** What the VM has beside: a word of host.sh, which defines it anew; its guest says nothing then. */
  readonly machine?: 'tpm' | 'uefi';
  /** Denials of the kernel that are foreseen in all its rows. */
  readonly denied?: RegExp;
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

const run = (
  words: string,
  says?: Says,
  more: { exit?: number; becomes?: (model: Model) => Model; marks?: string; backAt?: string } = {},
) => ({ act: 'run', words: words.split(' '), ...(says !== undefined && { says }), ...more }) as const;
const host = (does: string, says?: Says, becomes?: (model: Model) => Model) =>
  ({ act: 'host', does, ...(says !== undefined && { says }), ...(becomes !== undefined && { becomes }) }) as const;
const without =
  (...titles: readonly string[]) =>
  (model: Model): Model =>
    [...model.snapshots.values()]
      .filter(({ title }) => titles.includes(title))
      .reduce((left, { name }) => left.deleted(name, 'one'), model);
const restarted = (model: Model): Model => model.powered('forceOff').powered('start');

/** Until it is off: AppArmor's rules of the VM deny QEMU what was a backing file when libvirt last wrote them. */
const denied = { refused: 'baseReadOnly' } as const;
const key = '--password-file /root/key';

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
    name: 'consolidate',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('k1')],
      run('consolidate VM --yes', undefined, { becomes: without('k1') }),
      ...[off, start, outside.disk('k2'), outside.disk('k3'), outside.disk('k4')],
      ...[off, run('prune VM --keep-last 2 --yes', undefined, { becomes: without('k2') })],
      run('consolidate VM --yes', undefined, { becomes: without('k3', 'k4') }),
      start,
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
    rows: [
      ...[start, outside.disk('d1')],
      // The kernel permits it to root alone: the guest stands still, as the question says beforehand.
      run('doctor VM', { before: /too old/u, seamless: /unprivileged_userfaultfd=1/u }),
      ...[outside.memory('s1', { seamless: 'auto' }), host('permitFaults')],
      // QEMU lets its RAM be guarded by now, so a way back to an ordinary one has its reason in the answer.
      { ...outside.memory('s2', { seamless: 'auto' }), says: /^(?!.*notSeamless)/u },
      run('doctor VM', { before: /too old/u, seamless: /pause of milliseconds\s+yes/u }),
      ...[revert('s2'), undo, revert('s1'), undo],
      host('forbidFaults'),
    ],
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
  {
    name: 'home',
    user: 'alice',
    folder: '/home/alice/vms',
    disk: 'qcow2',
    rows: [
      // QEMU's user may not go through it, as on Ubuntu and Debian 13.
      ...[host('closeHome'), { ...start, refused: 'failed' }, host('openHome')],
      ...[start, outside.disk('d1'), outside.memory('m1'), revert('m1'), undo, off, start],
    ],
  },
  {
    name: 'homeMerge',
    user: 'alice',
    folder: '/home/alice/vms',
    disk: 'qcow2',
    rows: [
      ...[host('openHome'), start, outside.disk('d1'), off],
      // libvirt has given its layers to root: AppArmor forbids it the merge, and file rights forbid it to us.
      ...[{ ...remove('d1'), ...denied }, start, off, host('giveFiles'), remove('d1'), start],
    ],
  },
  {
    name: 'session',
    user: 'alice',
    uri: 'qemu:///session',
    folder: '/home/alice/own',
    disk: 'qcow2',
    rows: [...[start, inside.memory('s1'), revert('s1'), undo, remove('s1'), off, start]],
  },
  {
    name: 'sessionExternal',
    user: 'alice',
    uri: 'qemu:///session',
    folder: '/home/alice/own',
    disk: 'qcow2',
    rows: [
      // No profile of AppArmor confines it.
      ...[start, outside.disk('d1'), outside.disk('d2'), outside.disk('d3'), remove('d2'), remove('d3')],
      ...[outside.memory('m1'), revert('m1'), undo],
    ],
  },
  {
    name: 'ssh',
    user: 'mallory',
    uri: 'qemu+ssh://alice@localhost/system',
    elsewhere: true,
    folder: own,
    disk: 'qcow2',
    rows: [...[start, outside.disk('d1'), outside.memory('m1'), off, start]],
  },
  {
    name: 'daemon',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('d1'), host('watch')],
      ...[host('restartDaemon'), outside.disk('d2'), revert('d1'), undo],
      // The socket starts it again.
      ...[host('stopDaemon'), outside.disk('d3'), host('stopDaemon'), run('tree VM', /d3/u)],
      // The kernel would leave a core file of what crashes, where QEMU may make none.
      ...[{ ...host('crash', undefined, restarted), denied: /operation="mknod".* name="\/core"/u }, host('unwatch')],
    ],
  },
  {
    name: 'schedule',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('d1'), host('key')],
      run(`backup VM --to FOLDER/repo-VM --create ${key}`),
      run(`schedule VM --to FOLDER/repo-VM --every hour --as VM-s ${key}`),
      host('timerIsThere', /virt-rewind-schedule-s\.timer/u),
      host('timerRuns', /Result=success/u),
      run('schedule', /schedule-s/u),
      host('timerCatchesUp', /Result=success/u),
      run(`backups --from FOLDER/repo-VM --json ${key}`, /(?:"id":.*){3}/su),
      run('schedule --remove VM-s'),
      host('timerIsGone'),
    ],
  },
  {
    name: 'files',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[host('addFiles'), start, outside.disk('a')],
      run('files VM@a cat vdb:/etc/fstab', /^one$/mu),
      ...[off, host('changeFiles'), start],
      run('files VM --now cat vdb:/etc/fstab', /^two$/mu),
      run('files VM --now ls vdb:/etc', /fstab/u),
      outside.disk('b'),
      run('changed VM a b', /fstab/u),
    ],
  },
  {
    name: 'copies',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[host('key'), start, outside.disk('a'), host('watchRestic')],
      run(`backup VM --to FOLDER/repo-VM --create --checkpoint --kind disk ${key}`),
      // Beside the groups of all VMs and users, and after them.
      host('wayOfRestic', /^0::\/virt-rewind-\d+\.scope idle 1$/mu),
      host('restore', /state running/u),
      // Copied, but for the present of a VM that runs.
      run('export VM --to FOLDER/partly-VM', undefined, { exit: 3 }),
      host('folders'),
      off,
      run('export VM --to FOLDER/exported-VM'),
      run('restore FOLDER/exported-VM/VM --folder FOLDER/folder-VM --as VM-again --yes --start'),
      host('again', /running/u),
    ],
  },
  {
    name: 'makes',
    folder: pool,
    disk: 'qcow2',
    rows: [
      host('image'),
      run('new VM-new --from FOLDER/VM-image.qcow2 --network none --memory 64M --seconds 5', undefined, { exit: 124 }),
      host('newRuns', /running/u),
      run('checkpoint VM-new one'),
      run('revert VM-new one --yes'),
      run('new VM-new --remove --yes'),
      host('lab', /reset done[^]*destroyed/u),
    ],
  },
  {
    name: 'together',
    folder: own,
    disk: 'qcow2',
    rows: [
      ...[start, run('clone VM --full --name VM-other', undefined, { exit: 5 })],
      outside.disk('b'),
      ...[run('clone VM --from b --full --name VM-other'), run('start VM-other')],
      run('system create VM-sys VM VM-other'),
      run('checkpoint VM-sys first', undefined, { marks: 'first' }),
      run('revert VM-sys first --yes', undefined, { marks: 'later', backAt: 'first' }),
      run('undo VM-sys --yes', undefined, { backAt: 'later' }),
      run('bisect VM --run -- /bin/true'),
      run('bisect VM --stop'),
    ],
  },
  {
    name: 'looks',
    folder: own,
    disk: 'qcow2',
    rows: [
      start,
      run('list', /looks/u),
      run('speed VM --like hard-disk'),
      run('speed VM --like full'),
      host('debug', /\$[ST][^]*\$OK/u),
      run('health', undefined),
    ],
  },
  {
    name: 'tpm',
    folder: own,
    disk: 'qcow2',
    machine: 'tpm',
    // Debian 12's rules for VMs have forgotten it. The TPM does without.
    denied: /"\/etc\/ssl\/openssl\.cnf".*comm="swtpm"/u,
    rows: [start, outside.memory('m1'), revert('m1'), undo, off, outside.offline('o1'), revert('o1'), start],
  },
  {
    name: 'uefi',
    folder: own,
    disk: 'qcow2',
    machine: 'uefi',
    rows: [start, outside.memory('m1'), revert('m1'), undo, off, outside.offline('o1'), revert('o1'), start],
  },
  {
    name: 'polkit',
    folder: own,
    disk: 'qcow2',
    rows: [
      host('polkitWithout', /sudo usermod -aG libvirt[^]*exit 9/u),
      host('polkitAgent', /^polkit +off\b/mu),
      host('polkitReads', /^polkit +off\b[^]*read-only[^]*exit 5[^]*exit 9/mu),
    ],
  },
  {
    name: 'shared',
    shared: true,
    folder: '/srv/shared',
    disk: 'qcow2',
    rows: [
      ...[start, outside.disk('d1'), outside.memory('m1'), revert('m1'), undo],
      // The server is not there for a minute.
      ...[host('serverLeaves'), outside.memory('m2'), host('serverLeaves'), revert('m2'), undo],
      host('moveAndBack', /next: running; (\d+) snapshots\s+first: running; \1 snapshots/u),
      ...[off, host('moveAndBack', /next: shut off; (\d+) snapshots\s+first: shut off; \1 snapshots/u)],
      // Another host's VM has its disk: QEMU's own lock goes over the network.
      ...[off, host('startThere'), { ...start, refused: 'busy' } as const, host('endThere')],
      ...[start, off, outside.offline('o2'), start, off, remove('o2'), start],
      // QEMU, another user, may not open what root makes.
      host('squashed', /exit 1\s+exit 1(?:[^]*same state as before){2}/u),
    ],
  },
];

/** What the host falls in the middle of: of each, the last row. */
export interface Operation {
  readonly what: string;
  readonly rows: readonly Row[];
}

export const operations: readonly Operation[] = [
  { what: 'revert', rows: [start, outside.disk('k1'), outside.memory('m1'), revert('m1')] },
  { what: 'checkpoint', rows: [start, outside.disk('k1'), outside.memory('m1')] },
  { what: 'delete', rows: [start, outside.disk('k1'), outside.disk('k2'), outside.disk('k3'), remove('k2')] },
  {
    what: 'deleteOff',
    rows: [start, off, outside.offline('o1'), start, off, outside.offline('o2'), start, off, remove('o1')],
  },
  { what: 'internal', rows: [start, inside.memory('s1'), revert('s1')] },
];
