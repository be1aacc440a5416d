// What an image says of what it rests on, as facts. Looks at folders, never into files.
import { posix } from 'node:path';
import type { FileSystem } from '../base/fileSystem.js';
import type { ImageFacts } from '../domain/hostFiles.js';

export async function backingOf(
  name: string,
  format: string | undefined,
  image: string,
  files: FileSystem,
): Promise<NonNullable<ImageFacts['backing']>> {
  const { file, part, options, driver } = parseBackingName(name);
  // What the image says of the format counts, for QEMU too: in options of another one it would be an image in an image.
  const isOther = driver !== undefined && format !== undefined && driver !== format;
  const known = format ?? driver;
  return {
    file: await backingPath(file, image, files),
    ...(known === undefined ? {} : { format: known }),
    ...(part === true || isOther ? { part: true } : {}),
    ...(options === undefined ? {} : { options }),
  };
}

/**
 * What the name that an image has for its backing file means: a path, or QEMU's own way of naming a file with options.
 * Looks at no file.
 */
interface NamedFile {
  /** A path, or the name as it is where it leads to no file of the host. */
  readonly file: string;
  /** Only a part of the file, or it with options that are not known here. */
  readonly part?: true;
  /** It is not named by its path alone. */
  readonly options?: true;
  /** The format that the options say. */
  readonly driver?: 'raw' | 'qcow2';
}

/** Options that say how the file is opened, and change nothing of what is read. */
const harmless: ReadonlySet<string> = new Set([
  ...['driver', 'filename', 'file', 'node-name', 'read-only', 'auto-read-only', 'discard', 'detect-zeroes', 'locking'],
  ...['aio', 'pr-manager', 'drop-cache', 'x-check-cache-dropped', 'direct', 'no-flush', 'cache', 'force-share'],
]);
const formats: ReadonlySet<unknown> = new Set([undefined, 'raw', 'qcow2', 'file', 'host_device']);
const hosts: ReadonlySet<unknown> = new Set(['file', 'host_device']);
/** QEMU nests a format, its protocol, perhaps a slice between them. */
const mostNested = 8;

/** Tools write `file:/x`, and `json:{"file":{"driver":"file","filename":"/x"}}` or the same with dots. */
export function parseBackingName(name: string): NamedFile {
  if (name.startsWith('file:')) {
    return { file: name.slice('file:'.length), options: true };
  }
  if (!name.startsWith('json:')) {
    return { file: name, ...(/^[^/:]*:/u.test(name) ? { options: true } : {}) };
  }
  let options: unknown;
  try {
    options = JSON.parse(name.slice('json:'.length));
  } catch {
    // Not what QEMU writes: the name stays as it is, and leads nowhere.
    return { file: name, options: true };
  }
  const all = flattenOptions(options, '', mostNested);
  if (all === undefined) {
    return { file: name, options: true };
  }
  const places = [...all].filter(
    ([path, value]) => lastOf(path) === 'filename' && typeof value === 'string' && hosts.has(all.get(driverOf(path))),
  );
  const [place] = places;
  if (place === undefined || places.length > 1) {
    return { file: name, options: true };
  }
  const isPlain = [...all].every(([path, value]) => {
    const steps = path.split('.');
    const isDriver = steps.at(-1) === 'driver';
    return steps.every((step) => harmless.has(step)) && (!isDriver || formats.has(value));
  });
  // An image inside of an image may name files of its own; where nothing is said, QEMU guesses.
  const levels = place[0].split('.').slice(1, -1);
  const isOne = levels.every((_, at) => all.get([...levels.slice(0, at + 1), 'driver'].join('.')) === 'raw');
  const driver = all.get('driver');
  return {
    file: String(place[1]),
    options: true,
    ...(isPlain && isOne ? {} : { part: true }),
    ...(driver === 'raw' || driver === 'qcow2' ? { driver } : {}),
  };
}

/** Each option by its path with dots; undefined where it is nested too deeply. */
function flattenOptions(of: unknown, path: string, deep: number): ReadonlyMap<string, unknown> | undefined {
  if (typeof of !== 'object' || of === null) {
    return new Map([[path, of]]);
  }
  if (deep === 0) {
    return undefined;
  }
  const all = new Map<string, unknown>();
  for (const [name, value] of Object.entries(of)) {
    const inner = flattenOptions(value, path === '' ? name : `${path}.${name}`, deep - 1);
    if (inner === undefined) {
      return undefined;
    }
    inner.forEach((one, at) => all.set(at, one));
  }
  return all;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function driverOf(filename: string): string {
  return `${filename.slice(0, filename.length - 'filename'.length)}driver`;
}

/**
 * QEMU puts a relative name behind the folder in which the image was named, not where a link to the image leads, and
 * the kernel goes that way step by step: behind a folder that is a link, `..` is the folder above the one that it leads
 * to.
 *
 * | `..` in the path                             | → |
 * |----------------------------------------------|---|
 * | none                                         | as written |
 * | folded as text it leads to the same folder   | folded: so it is named elsewhere too |
 * | otherwise                                    | as the kernel finds it |
 * | a folder on the way cannot be seen           | as written: its users meet the same |
 */
export async function backingPath(
  name: string,
  image: string,
  { realpath }: Pick<FileSystem, 'realpath'>,
): Promise<string> {
  if (/^[^/]*:/u.test(name)) {
    return name;
  }
  const path = posix.isAbsolute(name) ? name : `${posix.dirname(image)}/${name}`;
  if (!path.split('/').includes('..')) {
    return posix.isAbsolute(name) ? name : posix.normalize(path);
  }
  const folded = posix.normalize(path);
  try {
    const folder = await realpath(posix.dirname(path));
    const same = (await pathOf(posix.dirname(folded), realpath)) === folder;
    return same ? folded : posix.join(folder, posix.basename(path));
  } catch {
    return path;
  }
}

async function pathOf(path: string, realpath: FileSystem['realpath']): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    // Folded as text it leads nowhere.
    return undefined;
  }
}
