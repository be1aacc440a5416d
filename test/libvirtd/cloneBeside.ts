// A VM that is built on the files of another: what it must read, whatever is done to the other one.
import assert from 'node:assert/strict';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { blockDifferences } from '../oracle/blocks.js';
import { readImage } from '../oracle/images.js';
import type { Model } from '../oracle/model.js';
import type { Daemon } from './engineRig.js';
import type { GuestVm } from './guestVm.js';

export interface CloneOptions {
  /** Where the VM is defined. */
  readonly daemon: Daemon;
  readonly name: string;
  /** What its disks are built on holds this. */
  readonly model: Model;
  /** Where an overlay over a file stands, and how it names that file. */
  readonly overlay: (target: string, file: string) => { readonly file: string; readonly names?: string };
}

/** Off, with disks over those that the other VM's guest was defined with. */
export class CloneBeside {
  private constructor(
    private readonly options: CloneOptions,
    readonly overlays: readonly string[],
  ) {}

  static async of(vm: GuestVm, options: CloneOptions): Promise<CloneBeside> {
    const overlays = await Promise.all(
      vm.vm.guest.disks.map(async ({ target, file, format }) => {
        const { file: overlay, names = file } = options.overlay(target, file);
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', names, overlay]);
        return overlay;
      }),
    );
    await defineWith(options.daemon, options.name, overlays.map(diskElement));
    return new CloneBeside(options, overlays);
  }

  async isWhole(): Promise<void> {
    const differences = await Promise.all(
      this.overlays.map(async (file, disk) =>
        blockDifferences(disk, await readImage({ file, format: 'qcow2' }), this.options.model.disks[disk]!),
      ),
    );
    assert.deepEqual(differences.flat(), []);
  }

  undefine(): Promise<unknown> {
    return virshOk(this.options.daemon.virsh, 'undefine', this.options.name);
  }
}

export function diskElement(file: string, at: number): string {
  return (
    `<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="${file}"/>` +
    `<target dev="vd${String.fromCharCode(97 + at)}" bus="virtio"/></disk>`
  );
}

/** A VM that has these devices and no more. */
export async function defineWith(daemon: Daemon, name: string, devices: readonly string[]): Promise<void> {
  const xml =
    `<domain type="qemu"><name>${name}</name><memory unit="MiB">4</memory><os><type arch="x86_64" machine="pc">hvm` +
    `</type></os><devices>${devices.join('')}</devices></domain>`;
  await withXmlFile(xml, (file) => virshOk(daemon.virsh, 'define', file));
}
