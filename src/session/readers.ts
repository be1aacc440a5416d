// What wings read, make and leave, for programs and shells: handed in at the doors, and loaded when somebody asks.
import type { Log } from '../base/log.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';
import type { LeftByWing } from './leftWork.js';
import type { BackupInfo, ScheduleInfo } from './publicTypes.js';
import type { Session } from './session.js';

/** Where the files of a guest are read. */
export interface FilesPlace {
  readonly engine: EnginePort;
  readonly view: VmView;
  /** Absent: the current state of a VM that is off. */
  readonly snapshot?: Snapshot;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

interface GuestNode {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  readonly bytes: number;
  /** `st_mode`, and whose it is; absent where the file system has none. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Milliseconds since 1970, by the guest's clock. */
  readonly modifiedAt: number;
  /** Where a link leads. */
  readonly link?: string;
}

export interface FileReader {
  /** By name; of a file itself alone. */
  listFiles(place: FilesPlace, path: string): Promise<readonly GuestNode[]>;
  /** @param part so many bytes at most, from a place on */
  readFile(
    place: FilesPlace,
    path: string,
    part: { readonly at?: number; readonly most: number },
  ): Promise<{ readonly bytes: number; readonly content: Buffer }>;
}

/** A repository, and its key, as the command line takes them. */
export interface RepositoryPlace {
  readonly session: Session;
  readonly repository: string;
  /** Its backups alone; restic runs where it is. */
  readonly view?: VmView;
  readonly environment: NodeJS.ProcessEnv;
  readonly passwordFile?: string;
  readonly signal: AbortSignal;
}

interface BackupReader {
  /** The oldest first. */
  readonly readBackups: (place: RepositoryPlace) => Promise<readonly BackupInfo[]>;
  /** One that cannot be read is named in the log alone. @param folder of the journal */
  readonly readScheduleInfos: (
    folder: string,
    environment: NodeJS.ProcessEnv,
    log: Log,
  ) => Promise<readonly ScheduleInfo[]>;
}

/** What a program may say of a new VM; absent: as is usual. */
interface VmParts {
  readonly cpus?: number;
  readonly memoryMiB?: number;
  readonly diskMiB?: number;
  readonly network?: 'none' | 'user' | { readonly name: string };
  readonly user?: string;
  readonly packages?: readonly string[];
  readonly seconds?: number;
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes?: number }) => void;
}

export interface VmOrder {
  readonly session: Session;
  readonly log: Log;
  readonly shell: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The name of one of the catalogue, or a file. */
  readonly image: string | { readonly file: string };
  readonly name: string;
  readonly options: VmParts;
  /** A sentence that a person should know. */
  readonly onNote: (line: string) => void;
}

export interface MadeForProgram {
  readonly ref: VmRef;
  readonly ready: 'agent' | 'ssh';
  readonly user: string;
  readonly partly: boolean;
  readonly address?: string;
  readonly port?: number;
}

interface VmMaker {
  makeVm(order: VmOrder): Promise<MadeForProgram>;
}

export interface DatesPlace {
  /** Of the journal. */
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The command line's file. */
  readonly program: string;
  readonly log: Log;
}

interface DatesTimer {
  /** Something deletes what is kept until a date. Never rejects. @returns what a person should know */
  readonly ensureDates: (place: DatesPlace) => Promise<readonly string[]>;
}

/** What shells of people need beside. */
export interface DatesReader {
  readonly dates: () => Promise<DatesTimer>;
}

export interface Readers {
  readonly newVms: () => Promise<VmMaker>;
  readonly files: () => Promise<FileReader>;
  readonly backups: () => Promise<BackupReader>;
  /** What wings began and were interrupted in. */
  readonly left: readonly LeftByWing[];
}

/** What else is known of a VM. */
export interface VmNote {
  /** In a list of VMs. */
  readonly brief: object;
  readonly whole: object;
}

/** Reads it of all VMs, for one answer. Never rejects. @param folder of the journal */
export type ReadVmNotes = (folder: string, log: Log) => Promise<(view: VmView) => VmNote>;
