// The port: one open connection to a hypervisor, in the words of the model. Every method rejects with a `Failure`.
import type { HostLogin, LoginUse } from '../hosts/hostLogin.js';
import type { LoginStage } from '../hosts/login.js';
import type { Event } from '../base/emitter.js';
import type { GuestAccess } from './guestAccess.js';
import type { MigrationHost } from './migrationHost.js';
import type { Capabilities } from '../domain/capabilities.js';
import type {
  CopiedPoint,
  HostUse,
  KnownDocuments,
  MovedNeeds,
  MovedVm,
  NamedFiles,
  PointDisk,
  RestoredVm,
  RestoreObstacle,
  SavedText,
  StandingVm,
  VmDocuments,
} from '../domain/copiedVm.js';
import type { DemoVm, DemoVmObstacle } from '../domain/demoVm.js';
import type { VmStatistics } from '../domain/diskStatistics.js';
import type { LabNetwork, LabNetworkState, LabVm, LabVmObstacle, LabVmParts } from '../domain/labVm.js';
import type { Failure } from '../domain/failure.js';
import type { Progress } from '../domain/operation.js';
import type { VmKeepers } from '../domain/keeper.js';
import type { Hardware } from '../domain/hardware.js';
import type { StartNeeds } from '../domain/startNeeds.js';
import type { GuestTimes } from '../domain/guestTimes.js';
import type { HostLoad } from '../domain/hostLoad.js';
import type { HostFiles, MadeFile, OnMade } from '../domain/hostFiles.js';
import type { ImageContents } from '../domain/imageContents.js';
import type { Step, TargetFile } from '../steps/step.js';
import type { Seamless } from '../domain/seamless.js';
import type { SavedRam, Snapshot, SnapshotTree } from '../domain/snapshot.js';
import type { Vm, VmDisk } from '../domain/vm.js';
import type { MetadataFolders } from '../domain/vmFiles.js';

/** What the daemon said by itself. It says nothing of snapshots: they must be looked for. */
export interface VmEvent {
  readonly uuid: string;
  readonly name: string;
  readonly kind: 'defined' | 'undefined' | 'power' | 'fromSnapshot' | 'blockJob' | 'job' | 'agent' | 'ioError';
}

export interface VmHead {
  readonly uuid: string;
  readonly name: string;
  readonly active: boolean;
}

export interface NamedByVm extends Pick<Vm, 'name' | 'disks' | 'nvram' | 'mentions' | 'savedDisks'> {
  /** The disks of the next start of a VM that runs. */
  readonly configured?: readonly VmDisk[];
  /** Names of its snapshots. */
  readonly snapshots: readonly string[];
}

export interface Configuration {
  readonly disks: readonly VmDisk[];
  /**
   * Made when it is asked for; without what libvirt keeps secret.
   * @throws Failure
   */
  readonly hardware: () => Hardware;
  /**
   * The same of what QEMU needs beside the disks; libvirt is asked whether it has that QEMU.
   * @throws Failure
   */
  readonly needs: () => Promise<StartNeeds>;
}

export interface StepOutcome {
  /** From the suspended to the resumed event, on the clock of this computer; absent when none was seen. */
  readonly guestPausedMs?: number;
  /** RAM of another time brought its clock back, and the guest's agent has set it. */
  readonly clock?: 'set';
  /** RAM was kept while the guest ran on. */
  readonly seamless?: true;
  /** That was asked for and could not be: what stood against it. The RAM was saved `live`. */
  readonly notSeamless?: string;
}

/** A file with the RAM of a snapshot, to which QEMU writes by itself. */
export interface SavedFile {
  /** Where QEMU's stream begins. */
  readonly start: number;
  /** Gives the open file to QEMU: under our name, or in a set of QEMU's, with the number of that. */
  handOver(uuid: string, how: 'named' | 'inSet'): Promise<number | undefined>;
  /** The stream is whole: the file gets its name. */
  finish(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * The moment of several VMs that are saved as one: each waits for the others twice. Either rejects where another
 * cannot.
 */
export interface CommonMoment {
  /** All that can be done while the guest runs is done. */
  whenReady(): Promise<void>;
  /** The guest is paused. Resolves when all are, and each is resumed as soon as its own state is kept. */
  whenPaused(): Promise<void>;
}

export interface RunOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Pick<Progress, 'fraction' | 'cancellable' | 'saved'>) => void;
  /** Records the files of a VM that is created, and of any other the part in which a file is filled. */
  readonly onMade?: OnMade;
  /** The operation has begun and must not be left half done. */
  readonly begun?: boolean;
  /** The common moment of a snapshot of a VM that runs. */
  readonly moment?: CommonMoment | undefined;
}

export interface LabVmMaker {
  /** What is in the way of these here, asked before anything is made. */
  obstacle(vms: readonly Pick<LabVmParts, 'firmware'>[]): Promise<LabVmObstacle | undefined>;
  make(vm: LabVm, parts: LabVmParts, onMade: (made: readonly MadeFile[]) => Promise<void>): Promise<void>;
  /** Rejects with a Failure `refused` where another VM has its UUID: that one, and the folder, stay. */
  requireOwn(vm: LabVm): Promise<void>;
  /**
   * With its snapshots, these files and the images that nobody needs any more; touches no VM but the one that was made
   * of this value.
   * @param inUse those of these files that stay
   * @param unused it rejects where the VM is on, or has a snapshot or saved RAM
   * @returns its folder, where it stays with what else is in it
   */
  remove(
    vm: LabVm,
    made: readonly MadeFile[],
    inUse: (files: readonly string[]) => Promise<Pick<ReadonlyMap<string, unknown>, 'has'>>,
    unused?: 'unused',
  ): Promise<readonly string[]>;
  networkState(network: LabNetwork): Promise<LabNetworkState>;
  /** And its filter, as they should be; it runs when it resolves. Rejects where another one has its name. */
  networkUsers(network: LabNetwork): Promise<readonly { readonly uuid: string; readonly name: string }[]>;
  makeNetwork(network: LabNetwork): Promise<void>;
  /** And its filter. What is gone already is as good as removed. */
  removeNetwork(network: LabNetwork): Promise<void>;
}

/** What backups read of VMs, and the VMs that are restored from them. No method touches a file. */
export interface VmCopies {
  /** @param secrets absent: with the passwords that libvirt keeps */
  readDocuments(uuid: string, secrets?: 'without'): Promise<VmDocuments>;
  /** What any of the documents names. */
  filesIn(documents: VmDocuments): NamedFiles;
  /** The same documents, with the files and devices that volumes of pools are. */
  withoutVolumes(documents: VmDocuments): Promise<VmDocuments>;
  /** What each of the snapshots is to a VM without the others. */
  points(documents: VmDocuments): Promise<readonly CopiedPoint[]>;
  /** Those of a configuration, each with its own file. */
  presentDisks(definition: string): Promise<readonly PointDisk[]>;
  /** The configuration in a snapshot, with these overlays as its disks. */
  pointDefinition(documents: VmDocuments, snapshot: string, overlays: readonly TargetFile[]): Promise<string>;
  /** Our own VM's, on other files and else as they are. */
  documentsFor(vm: RestoredVm): Promise<VmDocuments>;
  /** Files of its host that the VM starts with, by any of the documents. */
  bootFiles(documents: VmDocuments): Promise<readonly string[]>;
  /**
   * What `define` would leave out, and let the VM take from its host.
   * @throws Failure `failed` of a document that is not clear
   */
  hostUse(vm: RestoredVm): Promise<HostUse>;
  /** Where libvirt keeps the state of its TPM; no file: that is not known. Undefined: it has no TPM. */
  tpmState(vm: RestoredVm): Promise<{ readonly file?: string } | undefined>;
  /** What stands before the RAM of a snapshot, as `define` would write it. */
  savedRam(vm: RestoredVm, saved: SavedText): Promise<SavedText>;
  /** Neither is its host this computer, nor does a login lead there. */
  readonly elsewhere: boolean;
  obstacle(vm: { readonly name: string; readonly uuid: string }): Promise<RestoreObstacle | undefined>;
  /**
   * Defines the VM with all its snapshots, off, and looks whether they are there. On a failure it takes the VM away
   * again; where that fails too, the Failure says that it stays.
   * @returns whether the history has it, where it should
   */
  define(vm: RestoredVm): Promise<boolean>;
  /**
   * Takes a VM away that `define` was interrupted with, if it is off and all its files are in these folders, or are
   * these.
   * @param check it was made to be started once; `runningCheck`: by us just now, so it is forced off first
   * @returns whether no such VM is there any more
   */
  undefine(uuid: string, places: readonly string[], check?: 'check' | 'runningCheck'): Promise<boolean>;
  /** Starts a VM that libvirt ends when this connection does. */
  startForUs(uuid: string): Promise<void>;
  /** This host's part in a live move, on a connection of its own. The caller disposes of it. */
  openMigration(): Promise<MigrationHost>;
  /** What a VM of another host needs here. Files of disks are left to others. */
  needs(documents: VmDocuments): Promise<MovedNeeds>;
  /** What the host has and what its VMs take, which needs a second to find out. */
  hostLoad(): Promise<HostLoad>;
  /** By UUID, of all VMs that run. */
  guestTimes(): Promise<ReadonlyMap<string, GuestTimes>>;
  /** Undefined: there is no VM of that UUID. */
  standing(uuid: string): Promise<StandingVm | undefined>;
  /** Defines a VM of another host as it was there, with all its snapshots, off: otherwise as `define`. */
  takeOver(vm: MovedVm): Promise<void>;
  /**
   * Has libvirt forget snapshots of a VM in any state, and nothing else.
   * @param known parents first. @throws Failure `refused` where it has others
   */
  forgetSnapshots(uuid: string, known: KnownDocuments): Promise<void>;
  /** Those that `forgetSnapshots` took, as far as they are not there. */
  takeSnapshotsBack(vm: MovedVm): Promise<void>;
  /** A VM that is here for good starts with this host, and lasts, as it did on its own. It can be called again. */
  settleIn(uuid: string, was: Pick<StandingVm, 'autostart' | 'isPersistent'>): Promise<void>;
  /**
   * Has libvirt forget a VM that is off, with its snapshots. All its files stay.
   * @param known to be elsewhere. @param saved its saved state goes with it
   * @throws Failure `refused` where it says something else, or is not off: it stays
   */
  letGo(uuid: string, known: KnownDocuments, saved?: 'withSavedState'): Promise<void>;
}

export interface Hypervisor {
  readonly uri: string;
  readonly capabilities: Capabilities;
  /** Whether somebody keeps its daemon as read-only, by this URI or another: nothing may be changed there. */
  isClosed(): Promise<boolean>;
  /** Files on its host, as far as they can be reached: here, through a shell there, or by the storage API. */
  readonly files: HostFiles;
  /** The same files without a call on the daemon. Absent where no login leads to them. */
  readonly nearbyFiles?: HostFiles;
  /** What stands inside of images, on the same condition. */
  readonly nearbyContents?: ImageContents;
  /** To another host; undefined where it is this one, and where no login leads there. */
  openHost(use: LoginUse): Promise<HostLogin | undefined>;
  /** Who beside libvirt starts its VMs; absent where no shell leads to its host. */
  readonly keepers?: VmKeepers;
  /** Where libvirt keeps its own files; absent where that is not known. */
  readonly metadataFolders?: MetadataFolders;
  readonly onDidChangeVm: Event<VmEvent>;
  /** Fires once, when the connection has ended for any reason but `close`. */
  readonly onDidClose: Event<Failure>;
  /** True: the daemon said nothing for some seconds, although it was asked; false: it was heard again. */
  readonly onDidChangeSilence: Event<boolean>;

  /**
   * Calls sent so far on all sockets of this connection, without keepalive and what opening a further one takes: for
   * tests and measurements.
   */
  readonly callCount: number;

  listVms(): Promise<readonly VmHead[]>;
  /** State and configuration; costs a few calls, blocks while another client's internal snapshot runs. */
  readVm(uuid: string): Promise<Vm>;
  /**
   * The files that its configuration names, and which snapshots there are: the cheap look at a VM beside the one that
   * is acted on.
   */
  readReferences(uuid: string): Promise<NamedByVm>;
  countSnapshots(uuid: string): Promise<number>;
  /**
   * How many snapshots there are and which is current: the cheap look of a poll, which costs the same for one snapshot
   * and for a thousand. Both stay the same only when a snapshot that is not current is replaced by another.
   */
  readSnapshotMark(uuid: string): Promise<{ readonly count: number; readonly current?: string }>;
  /** In the order of `names`; a snapshot that vanished meanwhile is left out. */
  readSnapshots(uuid: string, names: readonly string[]): Promise<readonly Snapshot[]>;
  /** `likely`: names of snapshots that will most likely be there; they are asked for without waiting for the list. */
  readTree(uuid: string, likely?: readonly string[]): Promise<SnapshotTree>;
  /** Reads the `<domain>` or `<inactiveDomain>` of a snapshot: the disks are the frozen files with its content. */
  readFrozen(uuid: string, snapshot: string): Promise<Configuration>;
  /** What the VM starts with next time. */
  readConfigured(uuid: string): Promise<Configuration>;
  /** Whose RAM a file holds, as it says itself; undefined where nobody here may look into it. */
  readSavedRam(file: string): Promise<SavedRam | undefined>;
  /**
   * By UUID, of all VMs or of those named, in one call that waits for no job: of a VM that one keeps busy the sizes are
   * `unknown`. Only the active chains of VMs that run are told whole.
   */
  readDiskStatistics(uuids?: readonly string[]): Promise<ReadonlyMap<string, VmStatistics>>;
  /** Targets of disks with a block job. Must not be asked while an internal snapshot runs on that VM: it would hang. */
  readBlockJobs(vm: Vm): Promise<readonly string[]>;
  /**
   * Names of libvirt's checkpoints of the VM, which incremental backups go by; none where libvirt knows no such thing.
   */
  readCheckpoints(uuid: string): Promise<readonly string[]>;
  /** Until libvirt is done with what it was told to do to the VM, perhaps on a connection that is gone. */
  untilNoJob(uuid: string): Promise<void>;
  /**
   * Whether somebody answers behind the guest agent's channel within a few seconds, and whether it holds the disks
   * still.
   */
  probeAgent(vm: Vm): Promise<'answers' | 'silent' | 'frozen'>;
  /**
   * Whether its RAM can be kept while the guest runs on. `look`: QEMU itself is asked only where libvirt has marked the
   * VM for that before. `try`: QEMU is asked, and guards the RAM for a moment; the guest does not feel it.
   */
  probeSeamless(vm: Vm, how: 'look' | 'try'): Promise<Seamless>;
  /**
   * Switches off in QEMU what an interrupted snapshot of a running guest's RAM has left on, where no stream goes on.
   * VMs that were never asked for one are not touched. Resolves with the names of those that had it on.
   * @param passOver UUIDs of VMs at which somebody is, or will be
   */
  dropLeftGuards(passOver: ReadonlySet<string>): Promise<readonly string[]>;
  /** What QEMU says against saving the RAM of a VM that is on. Asked through its monitor: libvirt marks the VM. */
  readRamBlockers(vm: Vm): Promise<readonly string[]>;
  /**
   * Whether QEMU has something of a snapshot of a running guest's RAM still. Asked through its monitor: libvirt marks
   * the VM.
   */
  readStream(vm: Vm): Promise<'none' | 'left'>;
  readVmXml(uuid: string): Promise<string>;
  readSnapshotXml(uuid: string, snapshot: string): Promise<string>;

  /**
   * Carries out one step on a socket of its own, and resolves when its end has been seen. Aborting the signal asks
   * libvirt to cancel where it can; otherwise the step goes on to its end.
   */
  run(vm: Vm, step: Step, options: RunOptions): Promise<StepOutcome>;

  /**
   * The VM of the lesson: what is in the way of one here, asked before anything is made; `guest` is what it would run.
   */
  demoVmObstacle(guest: string): Promise<DemoVmObstacle | undefined>;
  /** @param onMade as `LabVmMaker.make`; `labVms` removes it */
  makeDemoVm(
    vm: DemoVm,
    guest: string,
    onMade: (made: readonly MadeFile[]) => Promise<void>,
    content?: Uint8Array,
  ): Promise<void>;

  /** The VMs of labs. */
  readonly labVms: LabVmMaker;

  /** Loaded when somebody asks for it. */
  vmCopies(): Promise<VmCopies>;

  /** What is looked at and done inside of guests. */
  readonly guests: GuestAccess;

  close(): void;
}

/**
 * Opens the connection that a URI names, and rejects with a `Failure` (unreachable, denied, unsupported, …).
 * `onLogin` is told when a host far away begins to let us in, when a person may be asked for a password, and when that
 * is over; it hears nothing where neither happens.
 */
export type OpenHypervisor = (
  uri: string,
  signal: AbortSignal,
  onLogin?: (stage: LoginStage) => void,
  readOnly?: boolean,
) => Promise<Hypervisor>;
