// The images of the catalogue that are on this computer: in the store of labs, where each content is once, under names
// of their own. A VM rests on an image by its content, so one that is removed here stays as long as a VM needs it.
import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { undefinedIfAbsent } from '../../base/errno.js';
import type { Refusal } from '../../domain/refusal.js';

export interface KeptImage {
  readonly name: string;
  readonly path: string;
  /** The beginning of the digest that the catalogue's server gave. */
  readonly wanted: string;
  /** That of its content in the store. */
  readonly content: string;
  readonly bytes: number;
  readonly fetchedAt: number;
}

const wantedLength = 32;
const keptPattern = /^([a-z0-9][a-z0-9.-]{0,39})@([\da-f]{32})@([\da-f]{64})$/u;

export function keptName({ name, digest, content }: { name: string; digest: string; content: string }): string {
  return `${name}@${digest.slice(0, wantedLength)}@${content}`;
}

/** Undefined where the path is of no such image in this store. */
export function contentOfKept(path: string, store: string): string | undefined {
  return dirname(path) === store ? keptPattern.exec(basename(path))?.[3] : undefined;
}

/** The newest first. @param store its folder */
export async function listKept(store: string): Promise<readonly KeptImage[]> {
  const names = (await undefinedIfAbsent(readdir(store))) ?? [];
  const all = await Promise.all(
    names.map(async (file) => {
      const [, name, wanted, content] = keptPattern.exec(file) ?? [];
      const path = join(store, file);
      const stats = content === undefined ? undefined : await undefinedIfAbsent(stat(path));
      return name === undefined || wanted === undefined || content === undefined || stats?.isFile() !== true
        ? []
        : [{ name, path, wanted, content, bytes: stats.size, fetchedAt: stats.mtimeMs }];
    }),
  );
  return all.flat().toSorted((a, b) => b.fetchedAt - a.fetchedAt);
}

export function isOfDigest({ wanted }: KeptImage, digest: string): boolean {
  return digest.startsWith(wanted);
}

/**
 * The VMs that rest on its content keep that.
 * @param inUse who else uses these files
 * @returns why it stays, where somebody uses it itself
 */
export async function removeKept(
  store: string,
  { path, content }: KeptImage,
  inUse: (files: readonly string[]) => Promise<ReadonlyMap<string, Refusal>>,
): Promise<Refusal | undefined> {
  const own = join(store, content);
  const used = await inUse([path, own]);
  const refusal = used.get(path);
  if (refusal !== undefined) {
    return refusal;
  }
  await undefinedIfAbsent(unlink(path));
  // By its own name alone: no VM has a link to it.
  if (!used.has(own) && (await undefinedIfAbsent(stat(own)))?.nlink === 1) {
    await undefinedIfAbsent(unlink(own));
  }
  return undefined;
}
