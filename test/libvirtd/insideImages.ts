// Disks with file systems of a guest that other programs have made, and what they have in them.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, open, readdir, readFile, readlink, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Disk } from '../../src/wings/inside/bytes/disk.js';
import { requireInside } from '../../src/wings/inside/bytes/disk.js';
import type { GuestFileSystem } from '../../src/wings/inside/read/guestFileSystem.js';
import { walkFolder } from '../../src/wings/inside/read/walkFolder.js';

const runFile = promisify(execFile);

export async function runTool(program: string, ...args: readonly string[]): Promise<string> {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;
  const { stdout } = await runFile(program, [...args], { env: { ...process.env, PATH: path, LC_ALL: 'C.UTF-8' } });
  return stdout;
}

/** A folder with what file systems differ in: many names, long ones, holes, links, content of all lengths. */
export async function makeFolder(path: string, { links }: { readonly links: boolean }): Promise<void> {
  await mkdir(join(path, 'etc/deep/er'), { recursive: true });
  await mkdir(join(path, 'usr'));
  await mkdir(join(path, 'many'));
  await writeFile(join(path, 'etc/hosts'), '127.0.0.1 localhost\n');
  await writeFile(join(path, 'empty'), '');
  await writeFile(join(path, 'tiny'), 'tiny');
  await writeFile(join(path, 'A long name with späce and ✓.text'), 'named\n');
  // No two of its blocks are alike.
  await writeFile(
    join(path, 'etc/deep/er/big'),
    Buffer.from(Uint32Array.from({ length: 600_000 }, (_, at) => at).buffer),
  );
  for (let at = 0; at < 700; at++) {
    await writeFile(join(path, `many/file-${at}`), `file ${at}\n`);
  }
  if (links) {
    await symlink('/etc/hosts', join(path, 'link'));
    await symlink('x'.repeat(100), join(path, 'long-link'));
    await writeFile(join(path, 'sparse'), 'head');
    await truncate(join(path, 'sparse'), 40 * 1024 * 1024);
  }
}

/** What makers of file systems add: for fsck, and for folders that are too deep for ISO 9660. */
const ownFolders: ReadonlySet<string> = new Set(['lost+found', 'rr_moved']);

/** What differs between a file system and the folder that it was made of, by path; empty: nothing does. */
export async function differencesFrom(system: GuestFileSystem, folder: string): Promise<readonly string[]> {
  const differences: string[] = [];
  const walk = async (node: number, path: string): Promise<void> => {
    const listed = (await system.list(node)).filter(({ name }) => !ownFolders.has(name));
    const names = await readdir(join(folder, path));
    if (
      listed
        .map(({ name }) => name)
        .sort()
        .join('\n') !== names.sort().join('\n')
    ) {
      differences.push(`${path}: names`);
      return;
    }
    for (const { name, node: own } of listed) {
      const [at, here] = [`${path}/${name}`, join(folder, path, name)];
      const [facts, stats] = [await system.facts(own), await lstat(here)];
      if (stats.isDirectory() && facts.kind === 'folder') {
        await walk(own, at);
      } else if (stats.isSymbolicLink() && facts.kind === 'link') {
        differences.push(...((await system.readLink(own)) === (await readlink(here)) ? [] : [`${at}: link`]));
      } else if (stats.isFile() && facts.kind === 'file') {
        const isSame = (await readFile(here)).equals(await system.read(own, 0, facts.bytes));
        differences.push(...(isSame ? [] : [`${at}: content`]));
      } else {
        differences.push(`${at}: ${facts.kind}`);
      }
    }
  };
  await walk(system.root, '');
  return differences;
}

const writtenBytes = 4096;

/** Writes into the image what differs between two raw disks, as a guest would. */
export async function writeDifferences(before: string, after: string, image: string): Promise<void> {
  const [older, newer] = [await readFile(before), await readFile(after)];
  const writes: string[] = [];
  for (let at = 0; at < newer.length; at += writtenBytes) {
    const block = newer.subarray(at, at + writtenBytes);
    if (!block.equals(older.subarray(at, at + writtenBytes))) {
      const piece = `${after}-${at}`;
      await writeFile(piece, block);
      writes.push('-c', `write -s ${piece} ${at} ${block.length}`);
    }
  }
  await runTool('qemu-io', '-f', 'qcow2', ...writes, image);
}

/** Each path with all that may differ of it. */
export async function wholeOf(system: GuestFileSystem): Promise<ReadonlyMap<string, string>> {
  const root = await system.facts(system.root);
  const all = new Map([['', ['folder', root.mode, root.uid, root.gid, ''].join(' ')]]);
  await walkFolder(system, system.root, new AbortController().signal, async ({ path, node, kind }) => {
    const { mode, uid, gid, bytes } = await system.facts(node);
    const content =
      kind === 'file'
        ? createHash('sha1')
            .update(await system.read(node, 0, bytes))
            .digest('hex')
        : kind === 'link'
          ? await system.readLink(node)
          : '';
    all.set(path, [kind, mode, uid, gid, content].join(' '));
  });
  return all;
}

/** `M path`, by reading everything. */
export function differencesOf(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((path) => {
    const [one, other] = [before.get(path), after.get(path)];
    return one === other
      ? []
      : [`${one === undefined ? 'added' : other === undefined ? 'removed' : 'changed'} ${path}`];
  });
}

/** A file on this computer as a disk. */
export async function openRawDisk(path: string): Promise<Disk & { close(): Promise<void> }> {
  const file = await open(path);
  const { size } = await file.stat();
  return {
    bytes: size,
    read: async (at, length) => {
      requireInside({ bytes: size }, at, length);
      const bytes = Buffer.alloc(length);
      await file.read(bytes, 0, length, at);
      return bytes;
    },
    close: () => file.close(),
  };
}

/** Partitions of a raw disk, from 1 MB on, one behind the other; in bytes. */
export async function writePartitions(path: string, sizes: readonly number[]): Promise<readonly number[]> {
  const mb = 1024 * 1024;
  const table = Buffer.alloc(512);
  table.writeUInt16LE(0xaa55, 510);
  const starts = sizes.map((_, index) => mb + sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  starts.forEach((start, index) => {
    const at = 446 + index * 16;
    table.writeUInt8(0x83, at + 4);
    table.writeUInt32LE(start / 512, at + 8);
    table.writeUInt32LE((sizes[index] ?? 0) / 512, at + 12);
  });
  await writeFile(path, table);
  await truncate(path, (starts.at(-1) ?? 0) + (sizes.at(-1) ?? 0));
  return starts;
}
