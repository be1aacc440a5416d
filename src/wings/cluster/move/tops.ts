// The top of a disk of a VM that runs: QEMU sends what is in it, into a file of the same shape that rests on the same
// layers. Those are frozen, so they were sent before.
import { posix } from 'node:path';
import { notMarked } from '../../../domain/hostFiles.js';
import { isOwnDisk, type Vm, type VmDisk } from '../../../domain/vm.js';
import { ImageCommand, type ImageShape } from '../../../qemu/imageCommands.js';
import { readHeader, readImage } from '../../../qemu/localImage.js';
import { transferFailure } from '../../../transfer/transferFailure.js';
import { clusterFailure } from '../clusterFailure.js';
import { requireRun, type Side } from './sides.js';

export interface DiskTop {
  /** The guest's name of the disk. */
  readonly target: string;
  readonly virtualBytes: number;
  /** Of a qcow2; absent: it is raw. */
  readonly shape?: ImageShape;
  /** As its header names it. */
  readonly backing?: { readonly file: string; readonly format: string };
}

/** Disks that a running VM writes to, by their files. */
export function writtenDisks({ disks }: Vm): ReadonlyMap<string, VmDisk> {
  return new Map(
    disks.flatMap((disk) => (isOwnDisk(disk) && disk.source !== undefined ? [[disk.source, disk] as const] : [])),
  );
}

/** @throws Failure `internalRuns`; `damaged`, `unknownFormat`, `oddDisk` */
export async function readTop({ host }: Side, path: string, { target, sourceType, format }: VmDisk): Promise<DiskTop> {
  if (sourceType !== 'file') {
    throw transferFailure('oddDisk', { disk: target });
  }
  const image = await readImage(path, host, format, 'head');
  if (image !== 'unknown' && image.corrupt === true) {
    throw transferFailure('damaged', { file: path, ...notMarked(image) });
  }
  if (image === 'unknown' || [image.encrypted, image.dataFile, image.backing?.options].includes(true)) {
    throw transferFailure('unknownFormat', { file: path });
  }
  const { virtualBytes } = image;
  if (image.format === 'raw') {
    return { target, virtualBytes };
  }
  const shape = image.format === 'qcow2' ? await readHeader(path, host.files) : 'notQcow2';
  if (shape === 'notQcow2') {
    throw transferFailure('unknownFormat', { file: path });
  }
  if (shape.snapshots.entries > 0) {
    throw clusterFailure('internalRuns', { file: path });
  }
  const { backing, backingFormat = image.backing?.format } = shape;
  if (backing === undefined) {
    return { target, virtualBytes, shape };
  }
  if (backingFormat === undefined) {
    throw transferFailure('unknownFormat', { file: path });
  }
  return { target, virtualBytes, shape, backing: { file: backing, format: backingFormat } };
}

/** Empty, under a name that nobody has. */
export async function makeTop(side: Side, stage: string, { virtualBytes, shape, backing }: DiskTop): Promise<void> {
  if (shape === undefined) {
    await requireRun(side, posix.dirname(stage), 'truncate', '-s', String(virtualBytes), '--', stage);
    return;
  }
  const command =
    backing === undefined
      ? ImageCommand.create(stage, virtualBytes, shape)
      : ImageCommand.createOverlay({
          ...{ file: stage, backing: backing.file, backingFormat: backing.format, virtualBytes, shape },
        });
  await side.host.qemuImg.run(command, { doing: 'make an image', path: stage });
}
