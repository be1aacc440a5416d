// What a VM is: readonly values only. Users read "VM"; libvirt's word is "domain".
import type { CloneMark } from './clone.js';

/** libvirt's virDomainState in words; `blocked` counts as running, as virsh's readers expect. */
export const powerStates = ['running', 'paused', 'off', 'shuttingDown', 'crashed', 'asleep', 'unknown'] as const;
export type PowerState = (typeof powerStates)[number];

/** Why a VM is in its state, where a user or a rule must know it. */
export const powerReasons = [
  'fromSnapshot',
  'ioError',
  'saving',
  'snapshotting',
  'crashed',
  'failed',
  'saved',
  /**
   * Off because its guest or somebody shut it down, cut its power, took it to another host. A daemon forgets it when it
   * ends.
   */
  'shutDown',
  'destroyed',
  'migrated',
  'other',
] as const;
export type PowerReason = (typeof powerReasons)[number];

/** A file or something else below a disk, as the XML tells it. */
export interface VmLayer {
  /** libvirt's type of its source: file, block, network, … */
  readonly type: string;
  readonly format?: string;
  /** Absolute path; absent for what is no file and no device. */
  readonly file?: string;
}

/**
 * What the metadata of a snapshot do not tell of a disk: the layers below it, top first; none for one that stands
 * alone.
 */
export interface UntoldDisk {
  readonly target: string;
  readonly below: readonly Required<VmLayer>[];
}

export interface VmDisk {
  /** The guest device name that libvirt uses in snapshots, for example `vda`. */
  readonly target: string;
  readonly device: 'disk' | 'cdrom' | 'floppy' | 'lun';
  /** libvirt's disk type: file, block, network, volume, … */
  readonly sourceType: string;
  /** As the configuration names it; where it could be told which path that is, `sourceType` is that one's. */
  readonly volume?: { readonly pool: string; readonly name: string; readonly notThere?: WhyNoVolume };
  /** The driver's format: qcow2, raw, … */
  readonly format: string;
  /** Absolute path of the file or device; absent for an empty drive or a network disk. */
  readonly source?: string;
  readonly readonly: boolean;
  readonly shareable: boolean;
  /**
   * What libvirt does at a start when the file is missing: it empties the drive, for `requisite` only when RAM comes
   * back.
   */
  readonly whenMissing?: 'requisite' | 'optional';
  /** Which configuration alone has the disk: a snapshot names it, and what ran and the stored one differ. */
  readonly only?: 'running' | 'configured';
  /** Paths below `source`, top first, as far as the XML tells; undefined when it does not tell. */
  readonly backing?: readonly string[];
  /** The same layers, known to the end or not. */
  readonly layers?: readonly VmLayer[];
  /** What the owner chose for snapshots that do not name the disk. */
  readonly snapshot?: SnapshotWish;
  /** The configuration has no format for a volume. libvirt starts it as raw, and makes no overlay on it. */
  readonly formatUntold?: true;
  /** It, or a layer below it, is unlocked with a secret. */
  readonly encrypted?: true;
  /** It, or a layer below it, is a part of a file: the rest of the file is somebody else's. */
  readonly sliced?: true;
  /** Its image keeps the data in a file beside it. */
  readonly dataFile?: true;
  /** What is written to it is gone when the VM stops. */
  readonly transient?: true;
  /** Something copies or merges it, or has, and libvirt did not notice the end. */
  readonly mirror?: true;
  readonly copyOnRead?: true;
  /** Elements and attributes, as paths from the disk on, that nobody here could carry over to another file. */
  readonly foreign?: readonly string[];
}

/** Why libvirt tells no path of a volume: its pool is off, is not defined, or does not list it. */
export type WhyNoVolume = 'notStarted' | 'noPool' | 'noVolume';

export type SnapshotWish = 'no' | 'internal' | 'external' | 'manual';

export interface SavedDisk {
  readonly target: string;
  readonly file: string;
}

export interface Vm {
  /** 36 characters, lower case. */
  readonly uuid: string;
  readonly name: string;
  readonly title?: string;
  readonly power: PowerState;
  readonly powerReason: PowerReason;
  /** libvirt is saving the paused VM at this moment. */
  readonly savedNow?: boolean;
  /** False for a transient VM, which vanishes when it stops. */
  readonly persistent: boolean;
  /** A managed save exists: the next start restores RAM from it. */
  readonly managedSave: boolean;
  /**
   * The files that it was saved on, and that it writes to once its RAM is back, whatever `disks` says; absent: not
   * known.
   */
  readonly savedDisks?: readonly SavedDisk[];
  readonly memoryBytes: number;
  readonly disks: readonly VmDisk[];
  readonly firmware: 'bios' | 'uefiRawNvram' | 'uefiQcow2Nvram';
  /** The file with the UEFI variables, where the XML names it. */
  readonly nvram?: string;
  /** The file in which its emulated TPM keeps its state, where it is known where that is. */
  readonly tpmState?: string;
  /** Absolute paths of whatever else the XML names: firmware, kernel, TPM, what goes to QEMU as it is. */
  readonly mentions?: readonly string[];
  /** What libvirt will not save RAM beside, or what no snapshot holds. */
  readonly devices?: readonly ('hostDevice' | 'virtiofs' | '9p' | 'nvdimm' | 'shmem' | 'drive' | 'tpm')[];
  /** It has something else that may keep QEMU from saving RAM: QEMU itself is asked where that matters. */
  readonly ramInDoubt?: true;
  /** It runs, or would run, with processors that can be unplugged. */
  readonly pluggedProcessors?: true;
  /** It has one, which may be looked at. */
  readonly display?: true;
  /** A guest agent channel is configured; `agentConnected` says whether someone answers behind it. */
  readonly agentChannel: boolean;
  readonly agentConnected: boolean;
  /** The file that the first serial console is logged to, if any. */
  readonly consoleLog?: string;
  /** We made it of another VM. */
  readonly clone?: CloneMark;
}

/** One VM on one connection, stable over renames. */
export interface VmRef {
  readonly connection: string;
  readonly uuid: string;
}

export function sameVm(a: VmRef, b: VmRef): boolean {
  return a.connection === b.connection && a.uuid === b.uuid;
}

/** It stands still because its state is, or was, being saved. */
export function isPausedToBeSaved({ power, powerReason }: Pick<Vm, 'power' | 'powerReason'>): boolean {
  return power === 'paused' && (powerReason === 'saving' || powerReason === 'snapshotting');
}

/** Its state is in its RAM, and in a folder of libvirt's while it is off. */
export function hasTpm({ devices }: Pick<Vm, 'devices'>): boolean {
  return devices?.includes('tpm') === true;
}

/** The VM has a QEMU process behind it. */
export function isActive(power: PowerState): boolean {
  return power === 'running' || power === 'paused' || power === 'shuttingDown' || power === 'asleep';
}

/**
 * A disposable clone that was on, and is off for good. One that was just made, that a revert has put down, or that is
 * kept for its next start has more to do; where libvirt was started since, nobody can tell.
 */
export function isSpentClone({
  clone,
  power,
  powerReason,
  managedSave,
}: Pick<Vm, 'clone' | 'power' | 'powerReason' | 'managedSave'>): boolean {
  const ended = powerReason === 'shutDown' || powerReason === 'destroyed' || powerReason === 'crashed';
  return clone?.disposable === true && power === 'off' && ended && !managedSave;
}

/** The disk's file and all below it that libvirt's XML tells, top first: of a VM that is off, mostly the file alone. */
export function xmlChain({ source, backing = [] }: Pick<VmDisk, 'source' | 'backing'>): readonly string[] {
  return source === undefined ? [] : [source, ...backing];
}

/** The same, with those layers too that are told of a chain whose end is not. */
export function toldChain({ source, backing, layers = [] }: VmDisk): readonly string[] {
  return source === undefined ? [] : [source, ...(backing ?? layers.flatMap(({ file }) => file ?? []))];
}

/** Nobody else's too, as far as its VM says. */
export function isOwnDisk({ device, readonly, shareable }: VmDisk): boolean {
  return device === 'disk' && !readonly && !shareable;
}

/** Disks that take part in a snapshot: not empty drives, not read-only ones. Only files and devices have a path. */
export function snapshotableDisks(vm: Pick<Vm, 'disks'>): readonly VmDisk[] {
  return vm.disks
    .filter((disk) => disk.source !== undefined || (disk.sourceType !== 'file' && disk.sourceType !== 'block'))
    .filter((d) => !d.readonly && d.device !== 'cdrom' && d.device !== 'floppy');
}
