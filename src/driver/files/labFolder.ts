// The folder of a VM that a lab made, on the computer that runs it: made with all that the VM needs of files of this
// computer, removed with all that came. Knows no libvirt.
import { posix } from 'node:path';
import { demoFolderPattern } from '../../domain/demoVm.js';
import type { MadeFile } from '../../domain/hostFiles.js';
import { labFolderPattern, type LabVm, labVmFiles, type LabVmParts, seenAs } from '../../domain/labVm.js';
import { type FileSystem, type HeldFile, thisComputer } from '../../base/fileSystem.js';
import { ImageCommand } from '../../qemu/imageCommands.js';
import { JudgedChain } from '../../qemu/judgedChain.js';
import { importImage, type LabHost, removeLabImages, requireSeen, withSeenImage } from './labImages.js';
import { isoImage } from '../../qemu/isoImage.js';
import { metaData } from '../../domain/cloudSeed.js';
import { seedLabel } from '../../qemu/cloneSeed.js';
import { errnoOf } from '../../base/errno.js';
import type { LabVmMaker } from '../hypervisor.js';
import { makeFolders } from './makeFolders.js';
import { identityNow, makeOwnFolder } from './ownVmFolder.js';

const bytesPerMiB = 1024 * 1024;

/** `onMade` is told of all before anything is in them: what it rejects with ends it. */
export async function makeLabFolder(
  vm: LabVm,
  parts: LabVmParts,
  host: LabHost,
  onMade: (made: readonly MadeFile[]) => Promise<void>,
): Promise<void> {
  const details = { doing: 'make the files of a lab', vm: vm.name, path: vm.folder };
  const { files: there, qemuImg: tool } = host;
  await makeFolders(there, posix.dirname(vm.folder));
  const files = labVmFiles(vm, parts);
  const { image, boot, firmware, cloudInit } = parts;
  const empty = [
    ...files.disks,
    ...(boot === undefined ? [] : [files.kernel]),
    ...(boot?.initrd === undefined ? [] : [files.initrd]),
    ...(cloudInit === undefined ? [] : [files.seed]),
  ];
  const made = await makeOwnFolder(vm.folder, { pattern: labFolderPattern, empty, details }, there);
  await onMade(firmware === undefined ? made : [...made, { path: files.variables }]);
  const [first = '', ...others] = image === undefined ? ['', ...files.disks] : files.disks;
  if (image !== undefined) {
    const { how, sizeMiB } = image;
    await withSeenImage(image, parts.seen, async (chain) => {
      const [{ format: backingFormat, virtualBytes }] = chain.layers;
      if (how === 'copy' && host.isHere) {
        await tool.run(ImageCommand.convert(chain, first), details);
        return;
      }
      const backing = await importImage(vm, chain, host);
      await (how === 'linked'
        ? tool.run(ImageCommand.createOverlay({ file: first, backing, backingFormat, virtualBytes }), details)
        : JudgedChain.within({ file: backing, format: backingFormat }, there, (imported) =>
            tool.run(ImageCommand.convert(imported, first), details),
          ));
    });
    if (sizeMiB !== undefined) {
      await JudgedChain.within({ file: first, format: 'qcow2' }, there, (disk) =>
        tool.run(ImageCommand.resize(disk, sizeMiB * bytesPerMiB), details),
      );
    }
  }
  for (const [at, file] of others.entries()) {
    const bytes = (parts.disksMiB[at] ?? 0) * bytesPerMiB;
    await tool.run(ImageCommand.create(file, bytes), details);
  }
  for (const [from, to] of [
    [boot?.kernel, files.kernel],
    [boot?.initrd, files.initrd],
  ] as const) {
    if (from !== undefined) {
      await copySeen(from, to, parts.seen, there);
    }
  }
  if (cloudInit !== undefined) {
    const bytes = seedOf(vm, cloudInit);
    await withHeld(there, files.seed, (seed) => seed.write(bytes));
  }
}

/** What was looked at, whatever stands there by now. */
async function copySeen(from: string, to: string, seen: LabVmParts['seen'], there: FileSystem): Promise<void> {
  const file = await thisComputer.open(from);
  try {
    const { dev, ino, size: bytes, mtimeMs: modifiedAt } = await file.stat();
    requireSeen(from, seenAs({ real: `${dev}:${ino}`, bytes, modifiedAt }), seen);
    await withHeld(there, to, (held) => held.bring(file.path, bytes));
  } finally {
    await file.close();
  }
}

async function withHeld(there: FileSystem, path: string, use: (held: HeldFile) => Promise<void>): Promise<void> {
  const held = await there.hold(path);
  try {
    await use(held);
  } finally {
    await held.close();
  }
}

function seedOf(vm: LabVm, { userData, networkConfig, vendorData }: NonNullable<LabVmParts['cloudInit']>): Uint8Array {
  const file = (fileName: string, text: string): { name: string; bytes: Uint8Array } => ({
    name: fileName,
    bytes: new TextEncoder().encode(text),
  });
  return isoImage(seedLabel, [
    file('meta-data', metaData(vm)),
    ...(networkConfig === undefined ? [] : [file('network-config', networkConfig)]),
    file('user-data', userData),
    ...(vendorData === undefined ? [] : [file('vendor-data', vendorData)]),
  ]);
}

/**
 * The files that are still those, then the folder where nothing else is in it. What is not there is as good as removed,
 * and another folder than the one that was made stays, with all that is in it.
 * @returns the folder, where it stays with what else is in it
 */
export async function removeLabFolder(
  vm: LabVm,
  made: readonly MadeFile[],
  inUse: Parameters<LabVmMaker['remove']>[2],
  files: FileSystem,
): Promise<readonly string[]> {
  const { folder } = vm;
  const own = made.find(({ path }) => path === folder)?.identity;
  const now = await identityNow(folder, files);
  // A record may have been edited, and one of an earlier version does not tell the folder apart.
  const hasOurName = labFolderPattern.test(folder) || demoFolderPattern.test(folder);
  const isOwn = hasOurName && (own === undefined || own === now);
  if (now !== undefined && !isOwn) {
    return [folder];
  }
  for (const { path, identity } of made.filter(({ path }) => posix.dirname(path) === folder)) {
    if (identity !== undefined && (await identityNow(path, files)) === identity) {
      await files.unlink(path);
    }
  }
  await removeLabImages(vm, inUse, files);
  try {
    await files.removeFolder(folder);
    return [];
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') {
      return [];
    }
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'ENOTDIR') {
      return [folder];
    }
    throw error;
  }
}
