// A disk of a backup that goes onto a block device of this computer: which device that is, what stands against it, and
// its bytes. What was on it is lost with the first of them, so it is the device that a person has confirmed, or none.
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { hasCode } from '../../../base/errno.js';
import { type FileSystem, thisComputer } from '../../../base/fileSystem.js';
import { findProgram } from '../../../base/findProgram.js';
import { isDevicePath } from '../../../domain/devicePath.js';
import { Failure, isOfWing } from '../../../domain/failure.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { parseAs, parseSoundJson } from '../../../journal/json.js';
import { type BlockDevice, readDevice } from '../../../transfer/blockDevice.js';
import type { CopiedFile, Manifest } from '../../../transfer/manifest.js';
import { copiesFailure } from '../copiesFailure.js';
import type { CopySource } from './copySource.js';
import type { AskCopies } from './onePoint.js';
import { devicesName, readOwn } from './readFolder.js';

/** A disk, as the guest names it, and a device. */
export type OntoWish = ReadonlyMap<string, string>;

export interface DeviceTarget {
  /** As the guest names it. */
  readonly disk: string;
  /** As a person named it, and as the VM is to name it. */
  readonly path: string;
  /** Without links. */
  readonly real: string;
  readonly device: BlockDevice;
  /** Raw, with nothing below it. */
  readonly file: CopiedFile;
  /** Types of what is on it, as blkid says; undefined: nobody knows. */
  readonly holds: readonly string[] | undefined;
}

/** Changes nothing. @throws Failure where one of the disks cannot go onto its device */
export async function targetsOf(
  ask: AskCopies,
  { definition, files }: Pick<Manifest, 'definition' | 'files'>,
  onto: OntoWish,
  isHere: boolean,
): Promise<readonly DeviceTarget[]> {
  if (onto.size === 0) {
    return [];
  }
  if (!isHere) {
    throw copiesFailure('ontoElsewhere');
  }
  const disks = await ask((copies) => copies.presentDisks(definition));
  const known = new Map(files.map((file) => [file.path, file]));
  const targets: DeviceTarget[] = [];
  for (const [disk, path] of onto) {
    const found = disks.find(({ target }) => target === disk);
    if (found === undefined) {
      throw copiesFailure('noSuchDisk', { disk, disks: disks.map(({ target }) => target) });
    }
    let file = known.get(found.file);
    while (file?.backing !== undefined) {
      file = known.get(file.backing);
    }
    if (file?.content !== 'stored' || file.format !== 'raw') {
      throw copiesFailure('ontoFormat', { disk });
    }
    targets.push(await lookAt({ disk, path, file }));
  }
  const twice = targets.find((one, at) =>
    targets.slice(0, at).some((other) => other.device.rdev === one.device.rdev || other.file === one.file),
  );
  if (twice !== undefined) {
    throw copiesFailure('ontoTwice', { device: twice.path });
  }
  return targets;
}

async function lookAt({ disk, path, file }: Pick<DeviceTarget, 'disk' | 'path' | 'file'>): Promise<DeviceTarget> {
  const refused = { device: path };
  const isPlain = isDevicePath(path) && posix.normalize(path) === path;
  const real = isPlain ? await realpath(path).catch(() => undefined) : undefined;
  if (real === undefined || !isDevicePath(real) || !(await stat(real)).isBlockDevice()) {
    throw copiesFailure('noDevice', refused);
  }
  const handle = await openAlone(path, constants.O_RDONLY);
  try {
    const device = await deviceOf(handle);
    if (device === undefined) {
      throw copiesFailure('noDevice', refused);
    }
    if (device.isReadOnly) {
      throw copiesFailure('deviceReadOnly', refused);
    }
    if (device.bytes < file.bytes) {
      throw copiesFailure('deviceSmall', { ...refused, disk, has: device.bytes, needs: file.bytes });
    }
    return { disk, path, real, file, device, holds: await contentOf(real) };
  } finally {
    await handle.close();
  }
}

/** For a device, the kernel takes O_EXCL as: by nobody who mounts it, or makes another device of it. */
async function openAlone(path: string, flags: number): Promise<FileHandle> {
  try {
    return await open(path, flags | constants.O_EXCL | constants.O_NONBLOCK);
  } catch (error) {
    throw hasCode(error, 'EBUSY')
      ? copiesFailure('deviceBusy', { device: path })
      : copiesFailure('unreadable', { file: path, said: (error as Error).message, cause: error });
  }
}

async function deviceOf(handle: FileHandle): Promise<BlockDevice | undefined> {
  const stats = await handle.stat();
  return stats.isBlockDevice() ? readDevice(stats, thisComputer) : undefined;
}

/** It ends with 2 where it finds nothing. */
async function contentOf(real: string): Promise<readonly string[] | undefined> {
  const blkid = await findProgram('blkid', { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` });
  if (blkid === undefined) {
    return undefined;
  }
  try {
    const { stdout } = await promisify(execFile)(blkid, ['-p', '-o', 'export', real]);
    return [...stdout.matchAll(/^(?:TYPE|PTTYPE|LABEL)=(.+)$/gmu)].map(([, value = '']) => value);
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 2 ? [] : undefined;
  }
}

/** None of them is a disk of another VM. @param own UUID of the VM that is restored. @throws Failure `refused` */
export async function requireUnused(
  engine: Pick<EnginePort, 'filesInUse'>,
  connection: string,
  targets: readonly DeviceTarget[],
  own: string,
): Promise<void> {
  const paths = [...new Set(targets.flatMap(({ path, real }) => [path, real]))];
  const [refusal] = (await engine.filesInUse(connection, paths, [own])).values();
  if (refusal !== undefined) {
    throw new Failure('refused', { connection, refusal });
  }
}

/** A line that a person types to confirm: the name and size of each. */
export function typedOf(targets: readonly DeviceTarget[]): string {
  return targets.map(({ path, device }) => `${path} ${device.bytes}`).join(' ');
}

/**
 * All bytes, which are on the devices then.
 * @throws Failure; `halfWritten` as soon as anything may have been written
 */
export async function writeDevices(source: CopySource, targets: readonly DeviceTarget[]): Promise<void> {
  for (const { path, device, file } of targets) {
    const handle = await openAlone(path, constants.O_RDWR);
    try {
      const now = await deviceOf(handle);
      const isSame = (['rdev', 'bytes', 'sequence', 'isReadOnly'] as const).every((key) => now?.[key] === device[key]);
      if (!isSame) {
        throw copiesFailure('deviceOther', { device: path });
      }
      await orHalfWritten([path], async () => {
        await source.writeInto(file, handle);
        await handle.sync();
      });
    } finally {
      await handle.close();
    }
  }
}

/** What fails here fails with devices that have lost what was on them. */
export async function orHalfWritten<T>(devices: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (devices.length === 0 || isOfWing(error, 'copies', 'halfWritten')) {
      throw error;
    }
    throw copiesFailure('halfWritten', { devices, cause: error });
  }
}

const record = v.pipe(v.array(v.string()), v.maxLength(1_000));
const mostBytes = 1024 * 1024;

export async function recordDevices(
  files: FileSystem,
  folder: string,
  targets: readonly DeviceTarget[],
): Promise<string> {
  const path = posix.join(folder, devicesName);
  await files.writeNew(path, JSON.stringify(targets.map((one) => one.path)));
  return path;
}

/** Those that a restore which was interrupted wrote to, or was about to. @param folder of the VM, or around it */
export async function devicesWrittenBy(files: FileSystem, folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const own of [folder, posix.join(folder, 'vm')]) {
    const text = await readOwn(files, posix.join(own, devicesName), mostBytes);
    found.push(...((text === undefined ? undefined : parseAs(record, parseSoundJson(text))) ?? []));
  }
  return found.filter(isDevicePath);
}
