// The reader of NTFS against the programs of ntfs-3g: each name and each file, byte by byte.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedDisk } from '../../src/wings/inside/bytes/disk.js';
import { FileSystemError, findNode, type GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { openNtfs } from '../../src/wings/inside/read/ntfsFileSystem.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';
import { savedNtfs } from '../guestImages.js';
import { openRawDisk, runTool } from './insideImages.js';

const runFile = promisify(execFile);

/** What ntfs-3g reads of a file. */
async function contentBy(image: string, path: string): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 2 ** 30 } as const;
  return (await runFile('ntfscat', ['-f', image, path], options)).stdout;
}

describe('the NTFS of a guest', () => {
  let folder: string;
  let image: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inside-'));
    image = join(folder, 'image');
    await writeFile(image, savedNtfs());
  });
  after(() => rm(folder, { recursive: true }));

  async function withSystem<T>(path: string, use: (system: GuestFileSystem) => Promise<T>): Promise<T> {
    const disk = await openRawDisk(path);
    const system = await openNtfs(cachedDisk(disk));
    assert.ok(system);
    try {
      return await use(system);
    } finally {
      await disk.close();
    }
  }

  async function namesOf(system: GuestFileSystem, path: string): Promise<readonly string[]> {
    return (await system.list(await findNode(system, path))).map(({ name }) => name).sort();
  }

  it('has the names that ntfsls tells, without those of MS-DOS', () =>
    withSystem(image, async (system) => {
      assert.equal(system.label, 'Système');
      for (const path of ['/', '/etc', '/etc/deep', '/many', '/packed']) {
        const told = (await runTool('ntfsls', '-f', '-p', path, image)).split('\n');
        assert.deepEqual(await namesOf(system, path), told.filter((name) => !['', '.', '..'].includes(name)).sort());
      }
    }));

  it('has the bytes that ntfscat reads: compressed, with holes, in many runs, never written', () =>
    withSystem(image, async (system) => {
      const files: string[] = [];
      await walkFolder(system, system.root, new AbortController().signal, async ({ node, kind, path }) => {
        if (kind === 'file' && path !== 'wof') {
          const { bytes } = await system.facts(node);
          const expected = await contentBy(image, path);
          assert.ok((await system.read(node, 0, bytes)).equals(expected), path);
          const [at, length] = [Math.floor(bytes / 3), 70_001];
          assert.ok((await system.read(node, at, length)).equals(expected.subarray(at, at + length)), path);
          files.push(path);
        }
      });
      assert.ok(files.length > 120, `${files.length} files`);
    }));

  it('follows links of Windows and of Linux', () =>
    withSystem(image, async (system) => {
      const hosts = await findNode(system, '/etc/hosts');
      for (const path of ['/link', '/etc/absolute', '/junction/hosts', '/linux-link']) {
        assert.equal(await findNode(system, path), hosts, path);
      }
      assert.equal(await system.readLink(await findNode(system, '/elsewhere', 'itself')), 'D:/etc');
    }));

  it('refuses a file whose content is in another stream', () =>
    withSystem(image, async (system) => {
      const node = await findNode(system, '/wof');
      await assert.rejects(
        system.read(node, 0, 10),
        (error) =>
          error instanceof FileSystemError && error.fault === 'unsupported' && error.detail.includes('80000017'),
      );
    }));

  it('counts names, and tells the time of the change', () =>
    withSystem(image, async (system) => {
      const { links, modifiedAt } = await system.facts(await findNode(system, '/tiny'));
      assert.equal(links, 2);
      const [, told = ''] = /File Altered Time:\s+(.*)/u.exec(await runTool('ntfsinfo', '-F', 'tiny', image)) ?? [];
      assert.equal(Math.floor(modifiedAt / 1_000), Date.parse(told) / 1_000);
    }));

  it('reads what ntfscp writes, in clusters of each size', async () => {
    // No two of its blocks are alike.
    const content = Buffer.from(Uint32Array.from({ length: 600_000 }, (_, at) => at).buffer);
    const [path, from] = [join(folder, 'other'), join(folder, 'from')];
    await writeFile(from, content);
    for (const clusterBytes of ['4096', '65536']) {
      await rm(path, { force: true });
      await writeFile(path, '');
      await truncate(path, 64 * 1024 * 1024);
      await runTool('mkntfs', '-q', '-F', '-Q', '-c', clusterBytes, path);
      await runTool('ntfscp', '-f', path, from, 'big');
      await withSystem(path, async (system) => {
        assert.deepEqual(await namesOf(system, '/'), ['big']);
        assert.ok((await system.read(await findNode(system, '/big'), 0, 2 ** 24)).equals(content));
      });
    }
  });

  it('says that the log was not carried out, where the volume was not closed', async () => {
    const path = join(folder, 'open');
    const bytes = savedNtfs();
    // The log of ntfs-3g is empty: as one of Windows that is at work.
    const log = bytes.indexOf(Buffer.alloc(1024 * 512, 0xff));
    for (const at of [log, log + 4096]) {
      bytes.write('RSTR', at, 'latin1');
      bytes.writeUInt16LE(48, at + 24);
      bytes.writeBigUInt64LE(BigInt(at), at + 48);
      bytes.writeUInt16LE(at === log ? 0xffff : 0, at + 48 + 12);
      bytes.writeUInt16LE(0, at + 48 + 14);
    }
    await writeFile(path, bytes);
    const stateOf = ({ journal }: GuestFileSystem): Promise<string> => Promise.resolve(journal);
    assert.equal(await withSystem(path, stateOf), 'notReplayed');
    assert.equal(await withSystem(image, stateOf), 'clean');
  });
});
