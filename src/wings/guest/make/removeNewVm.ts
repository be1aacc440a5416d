// Removes a VM that was created of a cloud image: with its snapshots and with the files that it got, and nothing else;
// and ends what broke off of creating or removing one.
import { t } from '@vscode/l10n';
import { type Log, noLog } from '../../../base/log.js';
import type { VmAsMade } from '../../../domain/clone.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { displayLine } from '../../../domain/plainText.js';
import { hasLinkTo } from '../../../driver/files/labImages.js';
import { type LabRecord, LabStore, newVmsIn, type OpenLab } from '../../../journal/labStore.js';
import { removeMade, requireAlone, usesOf } from '../../../made/madeVms.js';
import type { MakeContext } from '../../../made/makeContext.js';
import type { Session } from '../../../session/session.js';
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

/** @throws Failure `refused` where somebody else rests on its files; `fetching` */
export async function removeNewVm(store: LabStore, record: LabRecord, context: MakeContext): Promise<void> {
  await withRecord(store, record, (open) => remove(open, context, 'asked'));
}

async function remove(open: OpenLab, context: MakeContext, how: 'asked' | 'unused'): Promise<void> {
  await requireAlone(open.record, context.session);
  await removeMade(open, context, how);
  await open.forget();
}

/** @returns undefined where it is gone. @throws Failure `fetching` */
export async function withRecord<T>(
  store: LabStore,
  { id, name }: LabRecord,
  work: (open: OpenLab) => Promise<T>,
): Promise<T | undefined> {
  const open = await store.lock(id);
  if (open === 'busy') {
    throw guestFailure('fetching', { name });
  }
  if (open === 'gone') {
    return undefined;
  }
  try {
    return await work(open);
  } finally {
    await open.leave();
  }
}

/**
 * What broke off of the creation or removal of a VM, if anything did.
 *
 * @param wanted its name, or its UUID
 * @param connection absent: on any
 * @throws Failure `fetching`
 */
export async function leftOf(
  store: LabStore,
  { engine }: Session,
  wanted: string,
  connection?: string,
): Promise<LabRecord | undefined> {
  for (const record of (await store.list()).filter(({ phase }) => phase !== 'ready')) {
    const [vm] = record.vms;
    if (vm === undefined || (connection !== undefined && vm.connection !== connection)) {
      continue;
    }
    // On a host that is not reached, it has the name that it had.
    await engine.connect(vm.connection).catch(() => undefined);
    if ([vm.uuid, engine.findVm(vm)?.vm.name ?? vm.name].includes(wanted)) {
      await withRecord(store, record, () => Promise.resolve());
      return record;
    }
  }
  return undefined;
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

/** What a person is asked before `endLeft`; undefined: nothing is removed. */
export async function leftQuestion(record: LabRecord, session: Session): Promise<string | undefined> {
  const name = displayLine(record.name);
  return (await stays(record, session, {}))
    ? undefined
    : t('Delete what is left of the VM {0}? Its creation or deletion was interrupted.', name);
}

/** @returns whether it goes; else it is told, and its record says that it was made */
export async function endLeft(
  open: OpenLab,
  context: Omit<MakeContext, 'signal'>,
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
    await engine.connect(connection);
    return engine.filesInUse(connection, files, linked);
  };
}
