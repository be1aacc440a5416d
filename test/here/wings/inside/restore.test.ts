// A file or folder on its way back into a guest: what is packed of a file system that is not honest, and what an agent
// that is not honest can make us believe.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../../../../src/domain/failure.js';
import { copyFailure, leftOf } from '../../../../src/text/guests/copyFailure.js';
import { type GuestDoor, isTargetPath, lookAtTarget } from '../../../../src/wings/inside/back/guestTarget.js';
import { packNode, type Survey, surveyNode } from '../../../../src/wings/inside/back/packNode.js';
import { writeIntoGuest } from '../../../../src/wings/inside/back/writeIntoGuest.js';
import type { GuestFileSystem, NodeFacts } from '../../../../src/wings/inside/read/guestFileSystem.js';

const runFile = promisify(execFile);
const never = new AbortController().signal;

type MadeNode = Partial<NodeFacts> & {
  readonly names?: readonly (readonly [string, number])[];
  readonly text?: string;
  readonly to?: string;
};

function systemOf(nodes: Readonly<Record<number, MadeNode>>): GuestFileSystem {
  const at = (node: number): MadeNode => nodes[node] ?? {};
  return {
    type: 'made',
    label: '',
    journal: 'none',
    root: 1,
    facts: (node) => {
      const { names, text, to, ...facts } = at(node);
      const kind = names ? 'folder' : to === undefined ? 'file' : 'link';
      return Promise.resolve({ kind, bytes: text?.length ?? 0, modifiedAt: 0, uid: 0, gid: 0, ...facts });
    },
    list: (node) => Promise.resolve((at(node).names ?? []).map(([name, own]) => ({ name, node: own }))),
    readLink: (node) => Promise.resolve(at(node).to ?? ''),
    read: (node, from, length) => Promise.resolve(Buffer.from((at(node).text ?? '').slice(from, from + length))),
  };
}

describe('what is packed of a restore point', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'restore-'))));
  after(() => rm(folder, { recursive: true }));

  it('is what GNU tar reads: long names, large owners, links, modes', async () => {
    const long = 'n'.repeat(255);
    const system = systemOf({
      1: {
        names: [
          ['b', 2],
          ['a-b', 3],
          [long, 4],
        ],
        mode: 0o755,
      },
      2: { names: [['c', 5]], mode: 0o700 },
      3: { text: 'content', mode: 0o4755, uid: 4_000_000_000, gid: 7, modifiedAt: 1e12 },
      4: { to: 'x'.repeat(200) },
      5: { text: '', modifiedAt: -5 },
    });
    const survey = await surveyNode(system, 1, never);
    const path = join(folder, 'archive');
    const file = await open(path, 'w');
    const { archiveBytes, sum } = await packNode(system, survey, file, never);
    await file.close();
    const { stdout } = await runFile('tar', ['-tvf', path, '--numeric-owner', '--utc'], {
      env: { ...process.env, LC_ALL: 'C' },
    });
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/gu, ' ')),
      [
        'drwxr-xr-x 0/0 0 1970-01-01 00:00 copy/',
        '-rwsr-xr-x 4000000000/7 7 2001-09-09 01:46 copy/a-b',
        'drwx------ 0/0 0 1970-01-01 00:00 copy/b/',
        '-rw-r--r-- 0/0 0 1970-01-01 00:00 copy/b/c',
        `lrw-r--r-- 0/0 0 1970-01-01 00:00 copy/${long} -> ${'x'.repeat(200)}`,
      ],
    );
    assert.equal(archiveBytes % 512, 0);
    assert.equal(sum, createHash('sha256').update('content').digest('hex'));
  });

  it('leaves out what has no place, no honest name, or its name twice', async () => {
    const system = systemOf({
      1: {
        names: [
          ['dev', 2],
          ['a\\x0ab', 3],
          ['\\x2e\\x2e', 4],
          ['dev-disk\\x2dlabel.swap', 3],
          ['twice', 3],
          ['twice', 4],
        ],
      },
      2: { kind: 'other' },
      3: { text: 'x' },
      4: { names: [['passwd', 3]] },
    });
    const { entries, leftOut, files } = await surveyNode(system, 1, never);
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['copy', 'copy/dev-disk\\x2dlabel.swap', 'copy/twice'],
    );
    assert.deepEqual([leftOut, files], [4 + 1, 2]);
  });

  it('is not more than an agent can take, whatever the sizes say', async () => {
    for (const bytes of [257 * 1024 * 1024, Number.MAX_SAFE_INTEGER]) {
      await rejectsWith('tooMuch', surveyNode(systemOf({ 1: { bytes } }), 1, never));
    }
    const system = systemOf({ 1: { bytes: 10, text: 'short' } });
    const file = await open(join(folder, 'short'), 'w');
    const survey = await surveyNode(system, 1, never);
    await rejectsWith('targetChanged', packNode(system, survey, file, never));
    await file.close();
  });
});

async function rejectsWith(reason: string, work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => assert.fail('it was done'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.reason, reason);
  return error;
}

const mounts = `22 1 8:1 / / rw - ext4 /dev/vda1 rw
23 22 0:5 / /with\\040space rw - ext4 /dev/vdb rw
24 22 0:6 / /share rw shared:1 - virtiofs host rw
`;

/** An agent that has files, and answers as it is told. */
class MadeGuest implements GuestDoor {
  readonly files = new Map<string, Buffer>();
  readonly scripts: string[] = [];
  readonly #open = new Map<number, { readonly path: string; at: number }>();
  runsPrograms = true;
  look = (folder: string): string => `file\n${mounts}\n${folder}\n`;
  /** What it says that it has unpacked. */
  unpacked = '';
  renameEnds: number | undefined = 0;
  dropEnds = 0;
  readsBack = (bytes: Buffer): Buffer => bytes;
  writeFails: Failure | undefined;

  openFile = (path: string, mode: 'r' | 'w'): Promise<number> => {
    if (mode === 'w') {
      this.files.set(path, Buffer.alloc(0));
    }
    const handle = this.#open.size + 1;
    this.#open.set(handle, { path, at: 0 });
    return Promise.resolve(handle);
  };
  write = (handle: number, bytes: Uint8Array): Promise<void> => {
    if (this.writeFails) {
      return Promise.reject(this.writeFails);
    }
    const { path = '' } = this.#open.get(handle) ?? {};
    this.files.set(path, Buffer.concat([this.files.get(path) ?? Buffer.alloc(0), bytes]));
    return Promise.resolve();
  };
  read = (handle: number, count: number): Promise<{ readonly bytes: Uint8Array; readonly atEnd: boolean }> => {
    const file = this.#open.get(handle)!;
    const whole = this.readsBack(this.files.get(file.path) ?? Buffer.alloc(0));
    const bytes = whole.subarray(file.at, (file.at += count));
    return Promise.resolve({ bytes, atEnd: file.at >= whole.length });
  };
  flush = (): Promise<void> => Promise.resolve();
  closeFile = (): Promise<void> => Promise.resolve();
  script = (
    _program: string,
    [name = '', ...args]: readonly string[],
  ): Promise<{ exitCode: number | undefined; stdout: string } | undefined> => {
    if (!this.runsPrograms) {
      return Promise.resolve(undefined);
    }
    this.scripts.push(name);
    const ends: Readonly<Record<string, readonly [number | undefined, string?]>> = {
      look: [0, this.look(args[0] ?? '')],
      unpack: [0, this.unpacked],
      rename: [this.renameEnds, 'mv: no'],
      swap: [this.renameEnds, 'mv: no'],
      drop: [this.dropEnds],
    };
    const [exitCode, stdout = ''] = ends[name] ?? [0];
    return Promise.resolve(exitCode === undefined ? undefined : { exitCode, stdout });
  };
}

describe('a file on its way into a guest', () => {
  const system = systemOf({ 1: { text: 'restored' }, 2: { names: [['a', 1]] } });
  const sum = createHash('sha256').update('restored').digest('hex');
  let folder: string;
  let archive: FileHandle;
  let guest: MadeGuest;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'restore-'));
    archive = await open(join(folder, 'archive'), 'w+');
    guest = new MadeGuest();
    guest.unpacked = `1\n${sum}  -\n`;
  });
  afterEach(async () => {
    await archive.close();
    await rm(folder, { recursive: true });
  });

  async function restore(node = 1): Promise<Survey> {
    const survey = await surveyNode(system, node, never);
    const packed = await packNode(system, survey, archive, never);
    const target = await lookAtTarget(guest, '/etc/hosts', survey);
    await writeIntoGuest(guest, archive, { survey, packed, target }, { signal: never });
    return survey;
  }

  it('gets its name when the guest has what was sent', async () => {
    await restore();
    assert.deepEqual(guest.scripts, ['look', 'make', 'unpack', 'rename', 'label', 'remove']);
    assert.ok([...guest.files.keys()].every((path) => /^\/etc\/\.virt-rewind-[\da-f]{8}\/tar$/u.test(path)));
  });

  for (const [name, unpacked] of [
    ['another sum', `1\n${'0'.repeat(64)}  -\n`],
    ['fewer files', `0\n${sum}  -\n`],
    ['nothing', ''],
    ['much', 'x'.repeat(1_000_000)],
  ] as const) {
    it(`does not get its name where the agent says ${name}`, async () => {
      guest.unpacked = unpacked;
      const left = leftOf(await rejectsWith('differs', restore()));
      assert.equal(left, undefined);
      assert.deepEqual(guest.scripts, ['look', 'make', 'unpack', 'drop']);
    });
  }

  it('says what is left where the guest has no room, and cannot delete its part', async () => {
    guest.writeFails = copyFailure('full', { at: 'guest', path: '/etc', said: '' });
    guest.dropEnds = 1;
    assert.equal(leftOf(await rejectsWith('full', restore()))?.is, 'besides');
  });

  it('deletes nothing where nobody knows whether it got its name', async () => {
    guest.renameEnds = undefined;
    const left = leftOf(await rejectsWith('unknown', restore()));
    assert.equal(left?.is, 'besides');
    assert.deepEqual(guest.scripts.at(-1), 'rename');
  });

  it('keeps the folder that did not come back', async () => {
    guest.look = (at) => `folder\n${mounts}\n${at}\n`;
    guest.unpacked = `2\n${sum}  -\n`;
    guest.renameEnds = 1;
    guest.dropEnds = 1;
    const left = leftOf(await rejectsWith('guestFailed', restore(2)));
    assert.equal(left?.is, 'besides');
    assert.ok(!guest.scripts.includes('remove'));
  });

  it('is read back where the agent runs no programs', async () => {
    guest.runsPrograms = false;
    await restore();
    assert.equal(guest.files.get('/etc/hosts')?.toString(), 'restored');
    for (const lie of [
      (bytes: Buffer): Buffer => bytes.subarray(1),
      (bytes: Buffer): Buffer => Buffer.concat([bytes, bytes]),
      (): Buffer => Buffer.alloc(64 * 1024 * 1024),
    ]) {
      guest.readsBack = lie;
      const left = leftOf(await rejectsWith('differs', restore()));
      assert.deepEqual(left, { path: '/etc/hosts', is: 'inPlace' });
    }
    await rejectsWith('needsPrograms', restore(2));
  });
});

describe('the place of a restored file in a guest', () => {
  const survey = { kind: 'file', entries: [], files: 1, bytes: 1, leftOut: 0 } as const;
  const look = (path: string, answer?: string): Promise<unknown> => {
    const guest = new MadeGuest();
    if (answer !== undefined) {
      guest.look = () => answer;
    }
    return lookAtTarget(guest, path, survey);
  };

  it('is on a disk, with nothing mounted in it', async () => {
    assert.deepEqual(await look('/etc/hosts/'), { path: '/etc/hosts', kind: 'file', way: 'renamed' });
    await rejectsWith('notOnDisk', look('/share/a'));
    await rejectsWith('notOnDisk', look('/share/deep/a'));
    await rejectsWith('mounted', look('/with space'));
    await rejectsWith('mounted', look('/share'));
  });

  it('is not taken from an answer that is none', async () => {
    for (const answer of [
      '',
      'file',
      'file\n\n\n',
      `nothing\n${mounts}`,
      'x'.repeat(1_000_000),
      '\n'.repeat(1_000_000),
    ]) {
      await rejectsWith('guestFailed', look('/etc/hosts', answer));
    }
    await rejectsWith('notOnDisk', look('/etc/hosts', 'file\nno mounts\n\n/etc\n'));
    await rejectsWith('otherKind', look('/etc/hosts', `socket\n${mounts}\n/etc\n`));
  });

  it('is a whole path without steps', () => {
    for (const [path, is] of [
      ['/etc/hosts', true],
      ['C:\\hosts', true],
      ['/', false],
      ['//', false],
      ['C:\\', false],
      ['etc', false],
      ['/a/../b', false],
      ['/a\nb', false],
      ['', false],
    ] as const) {
      assert.equal(isTargetPath(path), is, path);
    }
  });
});
