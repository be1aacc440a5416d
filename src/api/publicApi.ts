// What the library is for who imports it. This file is published as it is.
import type {
  BackupInfo,
  DiskInfo,
  OperationOutcome,
  ProblemInfo,
  ProgramOutcome,
  RecoveryOutcome,
  ScheduleInfo,
  SnapshotInfo,
  SystemInfo,
  SystemOutcome,
  SystemPowerOutcome,
  VmInfo,
} from '../session/publicTypes.js';

export interface ConnectOptions {
  /** As virsh has it; absent: `$LIBVIRT_DEFAULT_URI`, else the libvirts of this computer. */
  readonly uri?: string;
  /** What happens, line by line; absent: nobody reads it. */
  readonly log?: (level: 'trace' | 'debug' | 'info' | 'warn' | 'error', line: string) => void;
}

/**
 * Cancels where libvirt can cancel, and as soon as it can: between two steps nothing is left half done. What was
 * cancelled rejects with a `VirtRewindError` of kind `cancelled`.
 */
export interface Cancellable {
  readonly signal?: AbortSignal;
}

export interface CheckpointOptions extends Cancellable {
  readonly description?: string;
  /** Absent: the best for what the VM does. */
  readonly kind?: 'memory' | 'disk' | 'offline';
  /** Absent: the style that the VM has. */
  readonly style?: 'internal' | 'external';
  /** The guest agent freezes the file systems first. */
  readonly quiesce?: boolean;
  /** External, with memory: the guest runs on while its RAM is written. */
  readonly live?: boolean;
  /**
   * External, with memory: `auto` has the guest stand still for milliseconds where QEMU can write its RAM while it runs
   * on; libvirt marks the VM as tainted then. Absent: as it is set in the editor, `auto` unless it is.
   */
  readonly seamless?: 'auto' | 'never';
}

/** A VM that is protected in the editor is left alone, unless its name is given here. */
export interface Harmful extends Cancellable {
  readonly name?: string;
}

export interface StopOptions extends Harmful {
  /** As if the plug were pulled. */
  readonly force?: boolean;
  /** Its RAM is saved, and the next start goes on from there. */
  readonly save?: boolean;
}

export interface RevertOptions extends Harmful {
  /** The state of the VM afterwards; absent: as it is set in the editor, `asSnapshot` unless it is. */
  readonly after?: 'asSnapshot' | 'asBefore' | 'running' | 'paused' | 'off';
  /** Whether what is now is kept first, to be undone; absent: as it is set in the editor, and `true` unless it is. */
  readonly checkpointFirst?: boolean;
  /** How the checkpoint that is taken first is saved, as for `checkpoint`. */
  readonly seamless?: 'auto' | 'never';
}

export interface WaitOptions extends Cancellable {
  /** 120 unless given. */
  readonly seconds?: number;
}

export interface RunOptions extends Cancellable {
  /** 60 unless given. The program goes on then. */
  readonly seconds?: number;
  /** What the program reads from its standard input. */
  readonly input?: string | Uint8Array;
}

export interface CopyOptions extends Cancellable {
  /** A file that is there is replaced; else the call rejects with kind `exists`. */
  readonly overwrite?: boolean;
  /** Absent total: the guest tells no size, as of a device. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes?: number }) => void;
}

/** What is absent is as `virt-rewind new` has it. */
export interface NewVmOptions extends Cancellable {
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly diskMiB?: number;
  /** With secure boot off. Absent: BIOS. */
  readonly firmware?: 'uefi';
  /** The name of a network of libvirt's, outgoing connections only, or none. */
  readonly network?: 'none' | 'user' | { readonly name: string };
  /** The login that it gets, with our key. */
  readonly user?: string;
  /** Installed before it is ready. */
  readonly packages?: readonly string[];
  /** Until the guest is ready; else the call rejects with kind `late`, and the VM stays. */
  readonly seconds?: number;
  /** Reports how much of an image is fetched. Absent total: the server does not tell its size. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes?: number }) => void;
}

export interface CreatedVm {
  readonly vm: VirtualMachine;
  /** What told that it is ready. */
  readonly ready: 'agent' | 'ssh';
  readonly user: string;
  /** Parts of its set-up failed: the log of cloud-init in the guest tells which. */
  readonly partly: boolean;
  /** Absent: without a network. */
  readonly address?: string;
  /** Of that address, until the VM is off or reverted. Absent: 22. */
  readonly port?: number;
}

export interface ReadOptions extends Cancellable {
  /** Its name or title; absent: the current state of a VM that is off. */
  readonly snapshot?: string;
}

export interface GuestFile {
  /** Bytes that are no text stand as `\xNN`. */
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** `st_mode`, and whose it is; absent where the file system has none. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds since 1970, by the clock of the guest. */
  readonly modifiedAt: number;
  /** Where a link leads. */
  readonly link?: string;
}

export interface CopiedFile {
  /** Where it is now. */
  readonly path: string;
  readonly bytes: number;
}

export interface BackupOptions extends Cancellable {
  /**
   * The key of the repository, in a file of mode 0600. Absent: `RESTIC_PASSWORD_FILE` or `RESTIC_PASSWORD_COMMAND` of
   * the environment.
   */
  readonly passwordFile?: string;
}

/** `off`, `running`; `agent`: its guest agent answers; a TCP port, without a host at the address of the VM. */
export type Waited = 'off' | 'running' | 'agent' | { readonly port: number; readonly host?: string };

/** Each method rejects with a `VirtRewindError`. Operations on one VM wait for each other. */
export interface VirtualMachine {
  readonly name: string;
  readonly uuid: string;
  /** URI of its libvirt. */
  readonly connection: string;
  /** Read afresh. */
  info(): Promise<VmInfo>;
  /** The oldest first, read afresh. */
  snapshots(): Promise<readonly SnapshotInfo[]>;
  /** @param title absent: `checkpoint` and the time */
  checkpoint(title?: string, options?: CheckpointOptions): Promise<OperationOutcome>;
  /** @param snapshot its name, or a title that only one snapshot of the VM has */
  revert(snapshot: string, options?: RevertOptions): Promise<OperationOutcome>;
  /** Goes back to what the last revert left. */
  undo(options?: RevertOptions): Promise<OperationOutcome>;
  /** Its children keep their data. */
  delete(
    snapshot: string,
    options?: Harmful & { readonly scope?: 'one' | 'withDescendants' | 'descendants' },
  ): Promise<OperationOutcome>;
  /** What is wrong with the VM, and what repairs it: as `virt-rewind doctor` has it. Changes nothing. */
  doctor(): Promise<readonly ProblemInfo[]>;
  /** Rejects with kind `refused` where the doctor does not find it any more. @param repair as `doctor` names it */
  repair(repair: string, options?: Harmful): Promise<OperationOutcome>;
  /**
   * Finishes or undoes what was interrupted on this VM and left to a person; with `dismiss`, the VM stays as it is, and
   * other operations may begin. Resolves to how each ended; rejects with kind `refused` where only a person can.
   */
  recover(options?: Harmful & { readonly dismiss?: boolean }): Promise<readonly RecoveryOutcome[]>;
  /** Resolves when it is paused, also where it was before. */
  pause(options?: Harmful): Promise<OperationOutcome>;
  /** Resolves when it runs, also where it did before. */
  resume(options?: Cancellable): Promise<OperationOutcome>;
  /** Merges the layers below the current state. */
  consolidate(options?: Harmful): Promise<OperationOutcome>;
  /** Read afresh, without what is only read, or shared. */
  disks(): Promise<readonly DiskInfo[]>;
  /**
   * From now on it has so many bytes; snapshots keep the size that it had. It cannot be made smaller again.
   * @param disk as the guest names it: `vda`
   */
  growDisk(disk: string, bytes: number, options?: Harmful): Promise<OperationOutcome>;
  /** An empty one. Snapshots do not have it: a revert to one removes it, and its file stays. */
  addDisk(bytes: number, options?: Harmful): Promise<OperationOutcome>;
  /** Of a VM that is off. Its file goes to the trash, or stays where a snapshot uses it. */
  removeDisk(disk: string, options?: Harmful): Promise<OperationOutcome>;
  /** Resolves when it runs, also where it did before. */
  start(options?: Cancellable): Promise<OperationOutcome>;
  /** Resolves when it is off, also where it was before. */
  stop(options?: StopOptions): Promise<OperationOutcome>;
  /** Rejects with kind `late` when the time is over. */
  wait(what?: Waited, options?: WaitOptions): Promise<void>;
  /** By the guest agent; no shell is between. Resolves whatever the program's exit code is. */
  run(program: string, args?: readonly string[], options?: RunOptions): Promise<ProgramOutcome>;
  /** Lists a folder of the guest as it was in a snapshot: see docs/inside.md. @param path `/etc`, or `vda1:/etc` */
  listFiles(path: string, options?: ReadOptions): Promise<readonly GuestFile[]>;
  /** Rejects with kind `refused` where it has more than 256 MB. */
  readFile(path: string, options?: ReadOptions): Promise<Uint8Array>;
  /** Those of this VM in a repository, the oldest first: see docs/copies.md. Rejects as `VirtRewind.backups` does. */
  backups(repository: string, options?: BackupOptions): Promise<readonly BackupInfo[]>;
  /**
   * A file of this computer into the guest, by the guest agent.
   * @param to a whole path; a folder stands for a file in it of the same name
   */
  copyIn(from: string, to: string, options?: CopyOptions): Promise<CopiedFile>;
  /** A file of the guest to this computer, by the guest agent. @param from a whole path */
  copyOut(from: string, to: string, options?: CopyOptions): Promise<CopiedFile>;
}

/**
 * Several VMs that go back in time as one: all of them, or none. Where a VM of it is protected, `name` is that of the
 * system. Made by `virt-rewind system create`.
 */
export interface VirtualSystem {
  readonly name: string;
  /** Read afresh. */
  info(): Promise<SystemInfo>;
  /** All members at one moment. @param title absent: `checkpoint` and the time */
  checkpoint(title?: string, options?: Harmful): Promise<SystemOutcome>;
  /**
   * What is now is kept first. Resolves when all are up in their order. Rejects where one is not, and where the wait is
   * cancelled: the message says that all are back, and that is not taken back.
   */
  revert(point: string, options?: Harmful): Promise<SystemOutcome>;
  /** Goes back to what the last revert left, as `revert` does. */
  undo(options?: Harmful): Promise<SystemOutcome>;
  /** With the snapshots of all members. */
  delete(point: string, options?: Harmful): Promise<SystemOutcome>;
  /**
   * Another title for a restore point; the snapshots of its members keep their names. Rejects with kind `exists` where
   * one has it.
   */
  renamePoint(point: string, title: string): Promise<void>;
  /**
   * When and how a member starts, from now on. Rejects with kind `invalid` where members would wait for each other in a
   * circle.
   * @param vm its name or UUID
   */
  order(vm: string, order: StartOrder): Promise<void>;
  /**
   * In the order. Resolves when all run and are up, also where they did before; rejects where one is not, and takes
   * nothing back.
   */
  start(options?: Cancellable): Promise<SystemPowerOutcome>;
  /**
   * In the other order. Resolves when all are off, also where they were before; rejects where one is not, and takes
   * nothing back.
   */
  shutDown(options?: Harmful): Promise<SystemPowerOutcome>;
}

/**
 * `agent`: its guest agent answers; `time`: the seconds are over; a TCP port, without a host at the address of the VM;
 * a program in the guest ends with 0.
 */
export type CountsAsUp =
  | 'agent'
  | 'time'
  | { readonly port: number; readonly host?: string }
  | { readonly program: string; readonly args?: readonly string[] };

export interface StartOrder {
  /** Names or UUIDs of the members that must be up before; absent: it starts with the first. */
  readonly after?: readonly string[];
  /** Absent: as soon as it runs. */
  readonly wait?: CountsAsUp;
  /** How long that is waited for, at most; 120 unless given. */
  readonly seconds?: number;
}

/** The VMs that a lab file describes: see docs/lab-file.md. Where the lab is protected, `name` is that of the lab. */
export interface VirtualLab {
  /** Absolute. */
  readonly file: string;
  /**
   * In sentences, what is wrong with the file or differs from what was made of it; none where all is as it should be.
   */
  check(): Promise<readonly string[]>;
  /** Resolves when its VMs are up and its restore points made; at once where they are. */
  create(options?: Harmful): Promise<void>;
  /** All its VMs, or none, as `revert` of a system. @param point the first of the file unless given */
  reset(point?: string, options?: Harmful): Promise<SystemOutcome>;
  /** Removes what it made, and nothing else. Nothing there is as good. */
  destroy(options?: Harmful): Promise<void>;
}

/** One visit to the VMs: `await using rewind = await connect()`, or `close()` at the end. */
export interface VirtRewind extends AsyncDisposable {
  list(): Promise<readonly VmInfo[]>;
  /** By name or UUID. Rejects where there is none (`notFound`), or more than one (`ambiguous`). */
  find(nameOrUuid: string): Promise<VirtualMachine>;
  /**
   * Creates a VM from a cloud image, starts it and waits until its guest is ready: see docs/guest.md.
   * @param image the name of one of the catalogue, or a file
   */
  newVm(image: string | { readonly file: string }, name: string, options?: NewVmOptions): Promise<CreatedVm>;
  /** A system of VMs by its name. Rejects where there is none (`notFound`). */
  system(name: string): Promise<VirtualSystem>;
  /** All systems, by name. */
  systems(): Promise<readonly SystemInfo[]>;
  /**
   * All in a repository, the oldest first: see docs/copies.md. Nothing is changed there. Rejects with kind `notFound`
   * where there is none, and `refused` where its key was not given or does not open it.
   * @param repository a folder, or what restic calls a repository: `sftp:user@host:/folder`
   */
  backups(repository: string, options?: BackupOptions): Promise<readonly BackupInfo[]>;
  /** Lists the schedules of this user by name: those that `virt-rewind schedule` added. */
  schedules(): Promise<readonly ScheduleInfo[]>;
  /** The lab of a file, made or not. */
  lab(file: string): VirtualLab;
  /** Waits for what follows an operation by itself; whatever is called later rejects with kind `closed`. */
  close(): Promise<void>;
}

/**
 * What the extension for VS Code gives to other extensions: `await
 * vscode.extensions.getExtension('virt-rewind.virt-rewind')?.activate()`. See docs/library.md, "From another
 * extension".
 */
export interface VirtRewindApi {
  /** Another number when something was taken away or means something else; what comes on top leaves it. */
  readonly version: 1;
  /**
   * A visit over what the editor has open: its connections, settings, journal and locks. It ends with `close()`, or
   * with the extension. Nothing is connected before something is asked for. In a workspace that is not trusted, what
   * changes something rejects with kind `refused`.
   */
  connect(): Promise<VirtRewind>;
}

export type {
  BackupInfo,
  DiskInfo,
  OperationOutcome,
  ProblemInfo,
  ProgramOutcome,
  RecoveryOutcome,
  ScheduleInfo,
  SnapshotInfo,
  SystemInfo,
  SystemOutcome,
  SystemPointInfo,
  SystemPowerOutcome,
  VmInfo,
  VmState,
} from '../session/publicTypes.js';
