// Whether a snapshot can be kept inside the images or as new overlays, on this VM with this libvirt.
import { type Capabilities, formatVersion, versionOf } from './capabilities.js';
import type { Warning } from './consequences.js';
import type { Facts } from './facts.js';
import { type RefusedDecision, refuse } from './refusal.js';
import type { SnapshotKind } from './snapshot.js';
import { styleOfVm } from './snapshotTree.js';
import { type Vm, snapshotableDisks } from './vm.js';

/**
 * Internal: every disk that is not read-only must be a qcow2 image; one raw disk spoils it for the VM.
 *
 * | VM                                   | memory (VM active)  | offline             |
 * |--------------------------------------|---------------------|---------------------|
 * | no disk                              | noDisks             | noDisks             |
 * | a writable floppy, a disk of no qcow2 | rawDisk            | rawDisk             |
 * | a network disk                       | diskTypeUnsupported: RAM does not fit behind its end | diskTypeUnsupported |
 * | another disk that is no file, no block device | ok         | diskTypeUnsupported |
 * | processors that can be unplugged     | see `loadsAgain`    | ok                  |
 * | UEFI                                 | see `nvramVerdict`  | see `nvramVerdict`  |
 *
 * The test driver has no images and refuses nothing.
 */
export function internalRefusal(
  vm: Vm,
  capabilities: Capabilities,
  kind: 'memory' | 'offline',
): RefusedDecision | undefined {
  if (capabilities.driver === 'test') {
    return undefined;
  }
  const disks = snapshotableDisks(vm);
  if (disks.length === 0) {
    return refuse('noDisks', { vm: vm.name });
  }
  const floppies = vm.disks.filter((d) => d.device === 'floppy' && d.source !== undefined && !d.readonly);
  const raw = [...disks, ...floppies].find((disk) => disk.format !== 'qcow2' || disk.device === 'floppy');
  if (raw !== undefined) {
    return refuse('rawDisk', { vm: vm.name, disk: raw.target, format: raw.format });
  }
  const odd = disks.find((disk) => disk.sourceType !== 'file' && disk.sourceType !== 'block');
  if (odd !== undefined && (kind === 'offline' || odd.sourceType === 'network')) {
    return refuse('diskTypeUnsupported', { vm: vm.name, disk: odd.target, type: odd.sourceType });
  }
  if (kind === 'memory' && !loadsAgain(vm, capabilities)) {
    return refuse('ramNotLoadable', { vm: vm.name });
  }
  const state = kind === 'memory' ? 'running' : 'off';
  return nvramVerdict(vm, capabilities, state) === 'refused'
    ? refuse('rawNvram', {
        vm: vm.name,
        nvram: vm.firmware === 'uefiQcow2Nvram' ? 'qcow2' : 'raw',
        state,
        version: formatVersion(capabilities.libvirt),
      })
    : undefined;
}

/**
 * Whether RAM inside the images can be brought back. Before libvirt's jobs, QEMU loads it as it starts (`-loadvm`), and
 * libvirt plugs in processors afterwards: "Unknown savevm section or instance 'cpu_common' 1". RAM in a file is last.
 *
 * | plugged in or out, before or after the snapshot            | libvirt 9.0, QEMU 7.2 | libvirt 11.3, QEMU 10.0 |
 * |------------------------------------------------------------|-----------------------|-------------------------|
 * | processors that can be unplugged, since or from the start  | no                    | yes                     |
 * | memory (DIMM, virtio-mem), disks (virtio, SCSI, USB), NICs | yes                   | not tried               |
 * | controllers, input, watchdog, rng, I/O threads, media      | yes                   | not tried               |
 */
export function loadsAgain(
  { pluggedProcessors }: Pick<Vm, 'pluggedProcessors'>,
  { libvirt, hypervisor }: Pick<Capabilities, 'libvirt' | 'hypervisor'>,
): boolean {
  return pluggedProcessors !== true || (libvirt >= versionOf(10, 9) && hypervisor >= versionOf(6, 0));
}

/**
 * External: each disk must be a file, or a device that the guest sees as a disk.
 *
 * | VM                                            | memory, disk, offline |
 * |-----------------------------------------------|-----------------------|
 * | no disk                                       | noDisks               |
 * | a disk of another type than file and block    | diskTypeUnsupported   |
 * | a SCSI passthrough device, a shareable disk   | diskTypeUnsupported   |
 * | the test driver (no DISK_ONLY)                | driverCannot          |
 */
export function externalRefusal(vm: Vm, capabilities: Capabilities, kind: SnapshotKind): RefusedDecision | undefined {
  if (capabilities.driver === 'test') {
    return refuse('driverCannot', { driver: capabilities.driver, action: 'create', kind });
  }
  const disks = snapshotableDisks(vm);
  if (disks.length === 0) {
    return refuse('noDisks', { vm: vm.name });
  }
  for (const disk of disks) {
    const type = disk.device === 'lun' ? 'lun' : disk.shareable ? 'shareable' : disk.sourceType;
    if ((type !== 'file' && type !== 'block') || disk.source === undefined) {
      return refuse('diskTypeUnsupported', { vm: vm.name, disk: disk.target, type });
    }
  }
  return undefined;
}

/**
 * libvirt saves RAM as if it migrated the VM, which devices of the host hold on to. Refused after the guest was stopped
 * for it, with words about migration.
 *
 * | device                                   | RAM can be saved |
 * |------------------------------------------|------------------|
 * | of the host (PCI, USB, mediated)         | no               |
 * | virtiofs, 9p: folders of the host        | no               |
 * | NVDIMM: RAM that is a file of the host   | no: it would be written over that file at a revert (measured on 9.0) |
 * | shared memory (ivshmem)                  | no               |
 * | a drive that libvirt does not know       | no: it is in no snapshot of libvirt's, and RAM needs all disks of its moment |
 * | what QEMU says that it does not save     | no: a crypto device, an NVMe disk, a layer of vmdk, … |
 * | TPM                                      | yes, and its state is in it |
 */
export function ramRefusal({
  vm,
  tree,
  ramBlockers = [],
}: Pick<Facts, 'vm' | 'tree' | 'ramBlockers'>): RefusedDecision | undefined {
  const { name, devices = [] } = vm;
  const device = devices.find((one) => one !== 'tpm');
  const own = styleOfVm(tree);
  const told = { vm: name, ...(own === 'internal' ? { own } : {}) };
  if (device !== undefined) {
    return refuse('ramCannotBeSaved', { ...told, device });
  }
  return ramBlockers.length === 0
    ? undefined
    : refuse('ramCannotBeSaved', { ...told, device: 'qemu', said: ramBlockers.join('; ') });
}

/** What a snapshot without RAM, and a revert to it, leave as they are. */
export function notInSnapshot({
  devices = [],
}: Pick<Vm, 'devices'>): readonly Extract<Warning, { kind: 'notInSnapshot' }>[] {
  const left = devices.filter((device) => device !== 'tpm');
  return left.length === 0 ? [] : [{ kind: 'notInSnapshot', devices: left }];
}

type NvramVerdict = 'refused' | 'notCaptured' | 'captured';

/**
 * Internal snapshots of UEFI guests. From 10.9 libvirt saves through QEMU's own jobs, which need QEMU 6.0 and qcow2
 * variables. Measured: 9.0 refuses running and off, 11.3 and 12.8 as below.
 *
 * | variables | libvirt    | QEMU  | running  | off         |
 * |-----------|------------|-------|----------|-------------|
 * | none (BIOS) | any      | any   | captured | captured    |
 * | any       | < 9.3      | any   | refused  | refused     |
 * | any       | 9.3 – 10.8 | any   | refused  | notCaptured |
 * | raw       | ≥ 10.9     | any   | refused  | notCaptured |
 * | qcow2     | ≥ 10.9     | < 6.0 | refused  | captured    |
 * | qcow2     | ≥ 10.9     | ≥ 6.0 | captured | captured    |
 */
export function nvramVerdict(
  { firmware }: Pick<Vm, 'firmware'>,
  { libvirt, hypervisor }: Pick<Capabilities, 'libvirt' | 'hypervisor'>,
  state: 'running' | 'off',
): NvramVerdict {
  if (firmware === 'bios') {
    return 'captured';
  }
  if (libvirt < versionOf(9, 3)) {
    return 'refused';
  }
  const byJobs = libvirt >= versionOf(10, 9) && firmware === 'uefiQcow2Nvram';
  if (state === 'off') {
    return byJobs ? 'captured' : 'notCaptured';
  }
  return byJobs && hypervisor >= versionOf(6, 0) ? 'captured' : 'refused';
}
