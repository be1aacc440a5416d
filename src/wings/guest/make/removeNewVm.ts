// Removes a VM that was created of a cloud image: with its snapshots and with the files that it got, and nothing else;
// and ends what broke off of creating or removing one.
import { t } from '@vscode/l10n';
import { type Log, noLog } from '../../../base/log.js';
import type { VmAsMade } from '../../../domain/clone.js';
import { Failure } from '../../../domain/failure.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { displayLine } from '../../../domain/plainText.js';
import { fetchedFor, hasLinkTo } from '../../../driver/files/labImages.js';
import { heldKinds } from '../../../journal/heldRecords.js';
import { labKind, type LabRecord, LabStore, newVmsIn, type OpenLab } from '../../../journal/labStore.js';
import { removeMade, requireAlone, usesOf } from '../../../made/madeVms.js';
import type { RemoveContext } from '../../../made/makeContext.js';
import type { Session } from '../../../session/session.js';
import { leftByWing, type WingRecords } from '../../../session/wingOperation.js';
import { dismissal } from '../../../text/operations/interruptedOperationText.js';
import { usedSinceText } from '../../../text/words.js';
import { guestFailure } from '../guestFailure.js';

/** Beside the labs, of the same shape: what is begun, held and made there is told alike. */
export function newVmStore(session: Pick<Session, 'folder'>, log: Log, shell?: string): LabStore {
  return new LabStore(newVmsIn(session.folder), log, shell);
}

/**
 * By the name that it has now. One that somebody undefined is found by the name that it had, after the others.
 * @throws Failure `notOurs`
 */
export async function recordOf(store: LabStore, { engine }: Session, name: string): Promise<LabRecord> {
  const connection = engine.connections[0]?.uri ?? '';
  await engine.connect(connection);
  const own = (await store.list()).filter(({ vms }) => vms.every((vm) => vm.connection === connection));
  const nowCalled = ({ vms }: LabRecord): string | undefined => vms[0] && engine.findVm(vms[0])?.vm.name;
  const found =
    own.find((record) => nowCalled(record) === name) ??
    own.find((record) => nowCalled(record) === undefined && record.name === name);
  if (found === undefined) {
    throw guestFailure('notOurs', { vm: name });
  }
  return found;
}

/** @throws Failure `refused` where somebody else rests on its files; `busy` */
export async function removeNewVm(store: LabStore, record: LabRecord, context: RemoveContext): Promise<void> {
  const busy = (): Failure => new Failure('busy', { vm: record.name });
  await store.withHeld(record.id, busy, (open) => remove(open, context, 'asked'));
}

async function remove(open: OpenLab, context: RemoveContext, how: 'asked' | 'unused'): Promise<void> {
  await requireAlone(open.record, context.session);
  await removeMade(open, context, how);
  await open.forget();
}

/**
 * | somebody has used it since, or rests on its files | it is there | → |
 * |---------------------------------------------------|-------------|---|
 * | yes                                               | any         | stays, as made |
 * | no                                                | yes, and it was to be removed | stays, as made: nothing was removed yet |
 * | no                                                | otherwise   | goes |
 */
async function stays({ vms, phase }: LabRecord, session: Session, how: Pick<VmAsMade, 'started'>): Promise<boolean> {
  const { size } = await usesOf(vms, session, how);
  return size > 0 || (phase === 'removing' && vms.some((vm) => session.engine.findVm(vm) !== undefined));
}

/** @returns whether it goes; else it is told, and its record says that it was made */
export async function endLeft(
  open: OpenLab,
  context: Omit<RemoveContext, 'signal'>,
  how: Pick<VmAsMade, 'started'> = {},
): Promise<boolean> {
  const { phase, name, vms } = open.record;
  if (!(await stays(open.record, context.session, how))) {
    // Not by the signal that ended it.
    const { signal } = new AbortController();
    await remove(open, { ...context, signal }, how.started ? 'asked' : 'unused');
    return true;
  }
  await open.put({ phase: 'ready' });
  context.onNote?.(
    !vms.some((vm) => context.session.engine.findVm(vm) !== undefined)
      ? t('Files of {0} stay: another VM, an image or a program uses them.', displayLine(name))
      : phase === 'removing'
        ? t('{0} stays: its deletion was interrupted before anything was deleted.', displayLine(name))
        : t('{0} stays: its creation was interrupted, and it has been used since.', displayLine(name)),
  );
  return false;
}

/** What somebody has used since counts as made. */
export const newVmRecords: WingRecords<LabRecord, Session> = {
  kind: labKind,
  folder: heldKinds.newVms.folder,
  within: (session, _connection, _signal, work) => work(session),
  end: async (session, open, onStep) => {
    const notes: string[] = [];
    const { record } = open;
    const goes = await endLeft(open, { session, onStep, onNote: (line) => notes.push(line) });
    const told = goes ? [t('Deleted {0} and its files.', displayLine(record.name))] : [];
    return { answer: answerOf(record, goes), lines: [...notes, ...told] };
  },
  look: async (session, record) => {
    const goes = !(await stays(record, session, {}));
    const line = goes ? endTitle(record) : usedSinceText(record.name);
    return {
      answer: { ended: { ...answerOf(record, goes).ended, plan: true } },
      lines: [line, t('Nothing was changed.')],
    };
  },
  question: async (session, record) => {
    const { name, vms } = record;
    const typed = vms.some((vm) => session.isProtected({ ...vm, name })) && { typed: name };
    return (await stays(record, session, {}))
      ? undefined
      : { lines: [endTitle(record)], confirm: t('Delete'), ...typed };
  },
  dismissal,
  dismissed: (record) => answerOf(record, false),
};

function endTitle({ name }: LabRecord): string {
  return t('Delete what is left of the VM {0}? Its creation or deletion was interrupted.', displayLine(name));
}

function answerOf(
  { name }: LabRecord,
  deleted: boolean,
): { readonly ended: { readonly vm: string; readonly deleted: boolean } } {
  return { ended: { vm: name, deleted } };
}

export const leftInGuest = leftByWing(newVmRecords);

/** Who uses files of the store, but for the VMs that have links to their contents: these stay with them. */
export function othersUse(
  { engine, folder }: Pick<Session, 'engine' | 'folder'>,
  connection: string,
): (files: readonly string[]) => ReturnType<EnginePort['filesInUse']> {
  return async (files) => {
    const records = await Promise.all([folder, newVmsIn(folder)].map((one) => new LabStore(one, noLog).list()));
    const linked: string[] = [];
    for (const vm of records.flat().flatMap(({ vms }) => vms.filter(({ parts }) => parts !== undefined))) {
      if (await hasLinkTo(vm, files)) {
        linked.push(vm.uuid);
      }
    }
    const uri = fetchedFor(connection);
    await engine.connect(uri);
    return engine.filesInUse(uri, files, linked);
  };
}
