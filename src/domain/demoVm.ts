// The VM of the lesson: one of our own, in a folder of its own, which is gone with it. Values only.
import { posix } from 'node:path';
import type { Vm } from './vm.js';

export interface DemoVm {
  readonly connection: string;
  /** Lower case. Chosen by us before anything is made. */
  readonly uuid: string;
  readonly name: string;
  /** Absolute; nothing else is in it, and nothing of the VM is elsewhere. */
  readonly folder: string;
}

interface DemoVmFiles {
  readonly kernel: string;
  readonly disk: string;
  /** The socket of the guest's serial port, while it runs. */
  readonly serial: string;
}

export function demoVmFiles({ folder }: DemoVm): DemoVmFiles {
  const pathInside = (name: string): string => posix.join(folder, name);
  return { kernel: pathInside('lesson.bin'), disk: pathInside('base.qcow2'), serial: pathInside('serial.sock') };
}

/** What we call such folders; no other is ever removed. */
export const demoFolderPattern = /\/virt-rewind-lesson-[\da-f]{12}$/;

/** Whether it is the VM of a lesson, of whichever editor. */
export function isInLesson({ disks }: Pick<Vm, 'disks'>): boolean {
  return disks.some(({ source }) => source !== undefined && demoFolderPattern.test(posix.dirname(source)));
}

/** @param random twelve hexadecimal digits */
export function demoFolderName(random: string): string {
  return `virt-rewind-lesson-${random}`;
}

/** 32 MiB: room for the blocks that the lesson writes, one in each cluster. */
export const demoDiskBytes = 32 * 1024 * 1024;

/** Why no such VM can be made on a connection; found out before anything is. */
export type DemoVmObstacle =
  /** Not QEMU, or a connection that may only read. */
  | 'notQemu'
  | 'readOnly'
  /** Its files would have to be there. */
  | 'otherHost'
  /** QEMU would run as another user, who may not read what this one makes. */
  | 'systemWithoutRoot'
  | 'noQemuImg'
  /** No QEMU for x86. */
  | 'noEmulator'
  /** This build of the extension has no guest. */
  | 'noGuest';
