// The files that a lab file names, checked on this computer before anything is created from them: its author must not
// reach files of others by it. And where the files of its VMs go.
import { isOfWing } from '../domain/failure.js';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { undefinedIfAbsent } from '../base/errno.js';
import { openToRead } from '../base/readFileAtMost.js';
import { shellWord } from '../base/shellWord.js';
import { displayLine } from '../domain/plainText.js';
import { type LabVmParts, seenAs, type SeenFile } from '../domain/labVm.js';
import { listKept } from '../driver/files/keptImages.js';
import { fetchedFolder } from '../driver/files/labImages.js';
import { qemuImg } from '../qemu/qemuImg.js';
import { thisComputer } from '../base/fileSystem.js';
import { readImage } from '../qemu/localImage.js';
import { labFailure } from './labFailure.js';
import type { MadeVm } from './labFile.js';
import { readLab } from './readLab.js';
import { longestYaml } from './readYaml.js';

interface CheckedParts {
  readonly parts: LabVmParts;
  /** The image and the files that it rests on. */
  readonly files: readonly string[];
  /** Those that QEMU reads where they are: below an overlay. */
  readonly inPlace: readonly string[];
  /** What it is copied from. */
  readonly sources: readonly LabSource[];
}

interface LabSource {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

/** A file that a lab file names, where it really is. @param file of the lab, absolute @throws Failure `refused` */
export async function findLabFile(path: string, file: string, environment: NodeJS.ProcessEnv): Promise<string> {
  return resolvePath(path, file, await allowedPlaces(file, environment));
}

/** @param file of the lab, absolute @throws Failure `notFound`, `wrong` */
export async function readLabText(file: string): Promise<string> {
  try {
    // An open of a pipe for reading would wait for ever.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || stat.size > longestYaml * 4) {
        throw labFailure('wrong', {
          lines: [t('{0} is not a lab file: it is too large, or not a file.', displayLine(file))],
        });
      }
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      throw error;
    }
    throw labFailure('noLabFile', { file });
  }
}

/** @throws Failure `refused` */
export async function checkParts(made: MadeVm, file: string, environment: NodeJS.ProcessEnv): Promise<CheckedParts> {
  const places = await allowedPlaces(file, environment);
  const find = (path: string): Promise<string> => resolvePath(path, file, places);
  const { image, boot, ...rest } = made;
  const kernel = boot === undefined ? undefined : await find(boot.kernel);
  const initrd = boot?.initrd === undefined ? undefined : await find(boot.initrd);
  const fetched = image === undefined ? undefined : await fetchedImage(image.path, file, environment);
  const own =
    image === undefined ? undefined : await lookAtImage(fetched ?? (await find(image.path)), places, environment);
  const { sizeMiB } = image ?? {};
  const boots = await Promise.all([kernel, initrd].flatMap((path) => (path === undefined ? [] : [sourceAt(path)])));
  const sources = [...(own?.layers ?? []), ...boots];
  if (own !== undefined && sizeMiB !== undefined && sizeMiB * 1024 * 1024 < own.virtualBytes) {
    throw labFailure('smaller', { file: own.path });
  }
  return {
    parts: {
      ...rest,
      ...(boot !== undefined &&
        kernel !== undefined && {
          boot: {
            kernel,
            ...(initrd !== undefined && { initrd }),
            ...(boot.arguments !== undefined && { arguments: boot.arguments }),
          },
        }),
      ...(image !== undefined &&
        own !== undefined && {
          image: {
            path: own.path,
            format: own.format,
            how: image.how,
            ...(sizeMiB !== undefined && { sizeMiB }),
          },
        }),
      ...(sources.length > 0 && { seen: Object.fromEntries(sources.map((one) => [one.path, seenAs(one)])) }),
    },
    files: own?.files ?? [],
    inPlace: image?.how === 'linked' ? (own?.files ?? []) : [],
    sources: (image?.how === 'linked' ? sources : boots).map(({ path, bytes, modifiedAt }) => ({
      path,
      bytes,
      modifiedAt,
    })),
  };
}

/**
 * A cloud image of the catalogue, where the lab file calls one by its name. A file of that name goes before it.
 * @throws Failure `refused` where neither is here
 */
async function fetchedImage(name: string, file: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const isName = /^[a-z0-9][a-z0-9.-]{0,39}$/u.test(name) && !/\.(?:qcow2|img|raw)$/u.test(name);
  if (!isName || (await undefinedIfAbsent(stat(resolve(dirname(file), name)))) !== undefined) {
    return undefined;
  }
  for (const connection of ['qemu:///session', 'qemu:///system']) {
    const kept = await listKept(fetchedFolder(connection, environment));
    const found = kept.find((one) => one.name === name);
    if (found !== undefined) {
      return found.path;
    }
  }
  throw labFailure('noImage', { name });
}

async function sourceAt(path: string): Promise<SeenFile & LabSource> {
  const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await stat(path);
  return { path, real: `${dev}:${ino}`, bytes, modifiedAt };
}

/** A digest of what the file says, not of what was found. */
export function digestOf({ seen: _, ...parts }: LabVmParts): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** As it is now; undefined where it is gone. */
export async function imageNow(
  path: string,
): Promise<{ readonly bytes: number; readonly modifiedAt: number } | undefined> {
  try {
    const handle = await openToRead(path);
    try {
      const { size: bytes, mtimeMs: modifiedAt } = await handle.stat();
      return { bytes, modifiedAt };
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

interface CheckedImage {
  readonly path: string;
  /** It, and what it rests on. */
  readonly files: readonly string[];
  readonly format: 'qcow2' | 'raw';
  readonly virtualBytes: number;
  /** It, and what it rests on, as QEMU would name them. */
  readonly layers: readonly (SeenFile & LabSource)[];
}

/**
 * An image that rests on another file, or keeps its data in one, would show that file to the guest. So each layer is
 * looked at as what QEMU opens it as, which is what the image above says, whatever is in it; and under the name by
 * which QEMU reaches it: a relative one counts from there, not from where a link leads.
 *
 * @param path absolute; what is there may be used
 */
async function lookAtImage(
  path: string,
  places: readonly string[],
  environment: NodeJS.ProcessEnv,
  above: readonly string[] = [],
): Promise<CheckedImage> {
  if (above.includes(path)) {
    throw labFailure('onItself', { file: path });
  }
  const host = { files: thisComputer, qemuImg: qemuImg(environment) };
  const facts = await readImage(path, host, undefined, 'head').catch(() => 'unknown' as const);
  if (facts !== 'unknown' && facts.unclosed === true) {
    throw labFailure('notClosed', { file: path });
  }
  if (facts === 'unknown' || facts.corrupt === true || (facts.format !== 'qcow2' && facts.format !== 'raw')) {
    throw labFailure('otherFormat', { file: path });
  }
  if (facts.dataFile === true || facts.encrypted === true) {
    throw labFailure('encrypted', { file: path });
  }
  const { backing } = facts;
  const files = [await realpath(path)];
  const layers = [{ path, real: facts.real ?? '', bytes: facts.bytes, modifiedAt: facts.modifiedAt ?? 0 }];
  if (backing !== undefined) {
    // What is no text here is another name for QEMU.
    if (backing.part === true || backing.options === true || backing.file.includes('\uFFFD')) {
      throw labFailure('baseUnnamed', { file: path, below: backing.file });
    }
    await resolvePath(backing.file, path, places);
    // Checks the same for the file below.
    const seen = await lookAtImage(backing.file, places, environment, [...above, path]);
    if (backing.format === undefined) {
      throw labFailure('formatUnnamed', {
        file: path,
        below: backing.file,
        command: `qemu-img rebase -u -F ${seen.format} -b ${shellWord(backing.file)} ${shellWord(path)}`,
      });
    }
    if (backing.format !== seen.format) {
      throw labFailure('baseFormat', { file: path, below: backing.file, named: backing.format, found: seen.format });
    }
    files.push(...seen.files);
    layers.push(...seen.layers);
  }
  const { format, virtualBytes } = facts;
  return { path, files, format, virtualBytes, layers };
}

/**
 * The folder of the lab file and below it, where libvirt keeps images, and what the variable names, whose folders are
 * separated as those of the PATH.
 */
async function allowedPlaces(file: string, environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const places = [
    dirname(file),
    '/var/lib/libvirt/images',
    join(homedir(), '.local/share/libvirt/images'),
    ...(environment['VIRT_REWIND_IMAGES'] ?? '').split(':').filter(isAbsolute),
  ];
  const real = await Promise.all(places.map((place) => realpath(place).catch(() => undefined)));
  return real.filter((place) => place !== undefined);
}

/** Where it really is, links followed. */
async function resolvePath(path: string, from: string, places: readonly string[]): Promise<string> {
  const wanted = resolve(dirname(from), path);
  const real = await realpath(wanted).catch(() => undefined);
  if (real === undefined) {
    throw labFailure('noFile', { file: wanted });
  }
  const isInside = places.some((place) => {
    const way = relative(place, real);
    return way !== '' && !way.startsWith('..') && !isAbsolute(way);
  });
  if (!isInside) {
    throw labFailure('outside', { file: wanted, places });
  }
  const handle = await openToRead(real).catch(() => undefined);
  try {
    if ((await handle?.stat())?.isFile() !== true) {
      throw labFailure('unreadable', { file: wanted });
    }
  } finally {
    await handle?.close();
  }
  return real;
}

/** A file that is gone, or wrong, says nothing of that. */
export async function saysProtected(file: string): Promise<boolean> {
  try {
    return readLab(await readLabText(resolve(file))).lab?.isProtected === true;
  } catch (error) {
    if (isOfWing(error, 'lab')) {
      return false;
    }
    throw error;
  }
}

/** What was made of a file: also by another path, for a terminal has left a link on the way that the editor keeps. */
export async function recordOf<R extends { readonly file: string }>(
  file: string,
  records: readonly R[],
): Promise<R | undefined> {
  const named = records.find((record) => record.file === resolve(file));
  const realOf = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
  const real = named === undefined ? await realOf(resolve(file)) : undefined;
  const paths = real === undefined ? [] : await Promise.all(records.map((record) => realOf(record.file)));
  return named ?? records[paths.indexOf(real)];
}
