// One VM of a session, as the library has it. Every operation is planned, and carried out only as it was planned.
import { t } from '@vscode/l10n';
import { asFailure } from '../domain/asFailure.js';
import type { DiskChange, OperationRequest, PowerAction } from '../domain/operation.js';
import type { Wait } from '../domain/wait.js';
import type { VmView } from '../live/views.js';
import { isAlreadyInState } from '../operations/power/alreadyInState.js';
import { type Asker, carryOut } from '../session/carryOut.js';
import { disksOf } from '../session/disks.js';
import type { FileCopy } from '../session/fileCopy.js';
import { endInterrupted } from '../session/endInterrupted.js';
import { endLeft, leftOn } from '../session/leftWork.js';
import { guestPort, requireGuestOn, waitInSession, runInSession } from '../session/guestInSession.js';
import { operationOutcome, programOutcome, snapshotInfos } from '../session/infos.js';
import type { FileReader, FilesPlace } from '../session/readers.js';
import { repairRequest } from '../session/repairRequest.js';
import type { Session } from '../session/session.js';
import { bytesText } from '../text/bytesText.js';
import { problemInfos } from '../text/problems/problemInfos.js';
import { nothingToUndoText } from '../text/operations/operationText.js';
import { lateProgramText, lateText, noAddressText, noAgentText } from '../text/guests/waitText.js';
import type {
  BackupInfo,
  BackupOptions,
  Cancellable,
  CheckpointOptions,
  CopiedFile,
  CopyOptions,
  DiskInfo,
  GuestFile,
  Harmful,
  OperationOutcome,
  ProblemInfo,
  ProgramOutcome,
  ReadOptions,
  RecoveryOutcome,
  RevertOptions,
  RunOptions,
  SnapshotInfo,
  StopOptions,
  VirtualMachine,
  VmInfo,
  Waited,
  WaitOptions,
} from './publicApi.js';
import { requireName } from './requireName.js';
import { backupsIn } from './sessionCopies.js';
import { VirtRewindError } from './virtRewindError.js';
import type { LibrarySession } from './librarySession.js';

const usualWaitSeconds = 120;
const usualRunSeconds = 60;
/** The largest file that is read into memory as a whole. */
const mostFileBytes = 256 * 1024 * 1024;

export class SessionVm implements VirtualMachine {
  readonly #librarySession: LibrarySession;
  readonly #found: VmView;
  readonly name: string;
  readonly uuid: string;
  readonly connection: string;

  constructor(librarySession: LibrarySession, found: VmView) {
    this.#librarySession = librarySession;
    this.#found = found;
    this.name = found.vm.name;
    this.uuid = found.ref.uuid;
    this.connection = found.ref.connection;
  }

  info(): Promise<VmInfo> {
    return this.#librarySession.look(async (session) => session.infoOf(await this.#read(session)));
  }

  snapshots(): Promise<readonly SnapshotInfo[]> {
    return this.#librarySession.look(async (session) => snapshotInfos(await this.#read(session)));
  }

  checkpoint(title?: string, { signal, ...wish }: CheckpointOptions = {}): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) => {
      const request = await session.checkpointRequest(await this.#read(session), {
        ...wish,
        ...(title !== undefined && { title }),
      });
      return this.#carryOut(session, request, { ...(signal !== undefined && { signal }) });
    });
  }

  revert(snapshot: string, options: RevertOptions = {}): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) => {
      const view = await this.#read(session);
      const to = await session.snapshot(view, snapshot);
      return this.#carryOut(session, session.revertRequest(view, to, options), options);
    });
  }

  undo(options: RevertOptions = {}): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) => {
      const view = await this.#read(session);
      const undone = await session.findUndoableRevert(view);
      if (undone === undefined) {
        throw new VirtRewindError('notFound', nothingToUndoText(view.vm.name));
      }
      const { snapshot, undoes } = undone;
      const after = options.after ?? undone.after;
      const wish = { ...options, ...(after !== undefined && { after }) };
      return this.#carryOut(session, session.revertRequest(view, snapshot, wish), options, undoes);
    });
  }

  delete(
    snapshot: string,
    { scope = 'one', ...options }: Harmful & { readonly scope?: 'one' | 'withDescendants' | 'descendants' } = {},
  ): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) => {
      const { name } = await session.snapshot(await this.#read(session), snapshot);
      return this.#carryOut(session, { kind: 'delete', vm: this.#found.ref, snapshot: name, scope }, options);
    });
  }

  doctor(): Promise<readonly ProblemInfo[]> {
    return this.#librarySession.look(async (session) => {
      const { diagnoses } = await session.engine.examine(this.#found.ref);
      return problemInfos(diagnoses, session.view(this.#found), Date.now());
    });
  }

  repair(repair: string, options: Harmful = {}): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) =>
      this.#carryOut(session, await repairRequest(session, await this.#read(session), repair), options),
    );
  }

  recover({ dismiss = false, name }: Harmful & { readonly dismiss?: boolean } = {}): Promise<
    readonly RecoveryOutcome[]
  > {
    return this.#librarySession.act(async (session) => {
      const { readers, log } = this.#librarySession;
      await endLeft(leftOn(readers, session, this.#found.ref.uuid, log), dismiss ? 'dismiss' : 'finish', {
        agree: ({ typed }) => requireName(typed, name),
      });
      const { outcomes } = await endInterrupted(session, await this.#read(session), ({ view, needsName }) => {
        requireName(needsName && !dismiss ? view.vm.name : undefined, name);
        return dismiss ? 'dismiss' : 'finish';
      });
      return outcomes;
    });
  }

  pause(options: Harmful = {}): Promise<OperationOutcome> {
    return this.#power('pause', options);
  }

  resume(options: Cancellable = {}): Promise<OperationOutcome> {
    return this.#power('resume', options);
  }

  consolidate(options: Harmful = {}): Promise<OperationOutcome> {
    return this.#librarySession.act((session) =>
      this.#carryOut(session, { kind: 'consolidate', vm: this.#found.ref }, options),
    );
  }

  disks(): Promise<readonly DiskInfo[]> {
    return this.#librarySession.look(async (session) => disksOf(session.engine, await this.#read(session)));
  }

  growDisk(disk: string, bytes: number, options: Harmful = {}): Promise<OperationOutcome> {
    return this.#changeDisk({ do: 'grow', target: disk, bytes }, options);
  }

  addDisk(bytes: number, options: Harmful = {}): Promise<OperationOutcome> {
    return this.#changeDisk({ do: 'add', bytes }, options);
  }

  removeDisk(disk: string, options: Harmful = {}): Promise<OperationOutcome> {
    return this.#changeDisk({ do: 'remove', target: disk }, options);
  }

  #changeDisk(change: DiskChange, options: Harmful): Promise<OperationOutcome> {
    return this.#librarySession.act((session) =>
      this.#carryOut(session, { kind: 'disk', vm: this.#found.ref, change }, options),
    );
  }

  start(options: Cancellable = {}): Promise<OperationOutcome> {
    return this.#power('start', options);
  }

  stop({ force = false, save = false, ...options }: StopOptions = {}): Promise<OperationOutcome> {
    return this.#power(force ? 'forceOff' : save ? 'save' : 'shutDown', options);
  }

  wait(what: Waited = 'agent', { seconds = usualWaitSeconds, ...options }: WaitOptions = {}): Promise<void> {
    const signal = this.#librarySession.signal(options.signal);
    return this.#librarySession.look(async (session) => {
      const wanted = await this.#waitOf(session, what, seconds * 1_000, signal);
      const { outcome, name } = await waitInSession(session, wanted, signal);
      switch (outcome) {
        case 'there':
          return;
        case 'stopped':
          throw new VirtRewindError('cancelled', t('Cancelled.'));
        case 'noAgent':
          throw new VirtRewindError('unsupported', noAgentText(name));
        case 'late':
          throw new VirtRewindError('late', wanted.what === 'time' ? '' : lateText(wanted));
      }
    });
  }

  run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<ProgramOutcome> {
    return this.#librarySession.act(async (session) => {
      const { seconds = usualRunSeconds, input } = options;
      const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input;
      const atMostMs = seconds * 1_000;
      const command = { program, args, atMostMs, ...(bytes !== undefined && { input: bytes }) };
      const signal = this.#librarySession.signal(options.signal);
      const ran = await runInSession(session, await this.#read(session), command, signal);
      if (ran.kind === 'late') {
        throw new VirtRewindError('late', lateProgramText(this.name, atMostMs, ran.pid));
      }
      return programOutcome(ran);
    });
  }

  async listFiles(path: string, options: ReadOptions = {}): Promise<readonly GuestFile[]> {
    return this.#readFiles(options, (files, place) => files.listFiles(place, path));
  }

  async readFile(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
    return this.#readFiles(options, async (files, place) => {
      const { bytes, content } = await files.readFile(place, path, { most: mostFileBytes });
      if (bytes > content.length) {
        const text = t('The file has {0}. Copy it with virt-rewind files instead.', bytesText(bytes));
        throw new VirtRewindError('refused', text);
      }
      return content;
    });
  }

  #readFiles<T>(
    { snapshot: name, signal }: ReadOptions,
    read: (files: FileReader, place: FilesPlace) => Promise<T>,
  ): Promise<T> {
    return this.#librarySession.look(async (session) => {
      const view = await this.#read(session);
      const files = await this.#librarySession.readers.files();
      const place = {
        engine: session.engine,
        view,
        environment: process.env,
        signal: this.#librarySession.signal(signal),
        ...(name !== undefined && { snapshot: await session.snapshot(view, name) }),
      };
      return read(files, place);
    });
  }

  backups(repository: string, options?: BackupOptions): Promise<readonly BackupInfo[]> {
    return backupsIn(this.#librarySession, repository, options, (session) => this.#read(session));
  }

  copyIn(from: string, to: string, options: CopyOptions = {}): Promise<CopiedFile> {
    return this.#copy({ to: 'guest', hostPath: from, guestPath: to }, options);
  }

  copyOut(from: string, to: string, options: CopyOptions = {}): Promise<CopiedFile> {
    return this.#copy({ to: 'host', guestPath: from, hostPath: to }, options);
  }

  #copy(
    places: Omit<FileCopy, 'overwrite'>,
    { overwrite = false, signal, onProgress }: CopyOptions,
  ): Promise<CopiedFile> {
    return this.#librarySession.act(async (session) => {
      const asked = { signal: this.#librarySession.signal(signal), ...(onProgress !== undefined && { onProgress }) };
      return session.copyFile(await this.#read(session), { ...places, overwrite }, asked);
    });
  }

  async #read(session: Session): Promise<VmView> {
    await session.engine.refresh({ vm: this.#found.ref });
    return session.view(this.#found);
  }

  async #waitOf(session: Session, what: Waited, atMostMs: number, signal: AbortSignal): Promise<Wait> {
    if (typeof what === 'string') {
      return { what, vm: this.uuid, connection: this.connection, atMostMs };
    }
    const { port, host } = what;
    if (host !== undefined) {
      return { what: 'port', host, port, atMostMs };
    }
    const view = await this.#read(session);
    requireGuestOn(view.vm);
    // What leads into a network where nobody else is may have to be opened first, in QEMU.
    const how = (await session.engine.guests.networksOf(view.ref)).length === 0 ? 'act' : 'look';
    const found = await this.#librarySession[how]((now) => guestPort(now, view, port, atMostMs, signal));
    if (found === 'stopped') {
      throw new VirtRewindError('cancelled', t('Cancelled.'));
    }
    if (found === 'late') {
      throw new VirtRewindError('late', noAddressText(this.name, 'host'));
    }
    return found;
  }

  /** Who says what state is wanted has it already, where there is nothing to do. */
  #power(action: PowerAction, options: Harmful): Promise<OperationOutcome> {
    return this.#librarySession.act(async (session) => {
      const view = await this.#read(session);
      try {
        return await this.#carryOut(session, { kind: 'power', vm: view.ref, action }, options);
      } catch (error) {
        if (!isAlreadyInState(action, asFailure(error).details.refusal)) {
          throw error;
        }
        return { state: session.view(view).vm.power, durationMs: 0 };
      }
    });
  }

  /** @param undoes the id of the operation in the log that it undoes */
  async #carryOut(
    session: Session,
    request: OperationRequest,
    { signal, name }: Harmful,
    undoes?: string,
  ): Promise<OperationOutcome> {
    const wanted = { view: this.#found, request, ...(undoes !== undefined && { undoes }) };
    const { result } = await carryOut(session, wanted, callerOf(name), this.#librarySession.signal(signal));
    return operationOutcome(result);
  }
}

/** Loses what it was told to lose. @param name that the caller gives of a protected VM */
function callerOf(name: string | undefined): Asker {
  return {
    agree: ({ view, needsName }) => requireName(needsName ? view.vm.name : undefined, name),
  };
}
