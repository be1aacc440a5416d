// What a wing does to VMs, the same for every shell: it is planned, somebody agrees to it, it is planned once more in
// the turn on all its VMs, written down, and done. What broke off is ended by `recover`.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import type { WingTurn } from '../domain/operation.js';
import { refuse } from '../domain/refusal.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { GroupLease } from '../engine/operationService.js';
import { newId } from '../journal/durable.js';
import { type OpenRecord, type RecordKind, RecordStore } from '../journal/recordFolder.js';
import type { VmView } from '../live/views.js';
import { endLeft, type LeftByWing, type LeftQuestion, type LeftTold } from './leftWork.js';
import type { Session } from './session.js';

/** What is written down before anything is done to its VMs. */
export interface WingRecord {
  readonly id: string;
  /** Absent: each VM says its own. */
  readonly connection?: string;
  readonly vms: readonly { readonly connection?: string; readonly uuid: string; readonly name: string }[];
  /** Any but `ready` broke off, unless somebody holds it. Absent: it is forgotten when nothing is left to be done. */
  readonly phase?: string;
}

/** The records of operations that are ended alike. */
export interface WingRecords<R extends WingRecord, Tools> {
  readonly kind: RecordKind<R>;
  /** In the folder of the session. */
  readonly folder: string;
  /** What the VMs are held for while what broke off is ended. Absent: its end holds them. */
  readonly ends?: WingTurn['of'];
  /** Has what planning, doing and ending need for as long as the work lasts. */
  within<T>(session: Session, connection: string, signal: AbortSignal, work: (tools: Tools) => Promise<T>): Promise<T>;
  /** Ends what was begun, as far as it came, and settles its record. Can be called again. */
  end(tools: Tools, open: OpenRecord<R>, onStep: (what: string) => void): Promise<LeftTold>;
  /** That it broke off on a VM. */
  readonly look: (session: Session, record: R, vm: string) => Promise<LeftTold>;
  /** What a person is asked before it is ended; absent, or none: it is ended unasked. */
  readonly question?: (session: Session, record: R) => Promise<LeftQuestion | undefined>;
  /** What a person is asked before it is left as it is. */
  readonly dismissal: (vm: string) => LeftQuestion;
  /** What programs are told of one that is left as it is. */
  readonly dismissed?: (record: R) => object;
}

/**
 * By what is ended what broke off of each: by itself, forward; by its opposite, back. The phase of a move says which of
 * both, see `endMove`; a VM that was used since it was made, or of which nothing was removed yet, stays as made.
 */
export const endedBy = {
  give: 'take',
  make: 'remove',
  move: 'move',
  remove: 'remove',
  take: 'take',
} as const satisfies Record<WingTurn['of'] | 'make', WingTurn['of']>;

export interface WingOperation<P, R extends WingRecord, Tools> {
  /** What the VMs are held for. */
  readonly of: WingTurn['of'];
  readonly records: WingRecords<R, Tools>;
  readonly connection: string;
  readonly views: readonly VmView[];
  /** Changes nothing. @throws Failure `refused` */
  plan(engine: EnginePort, tools: Tools, views: readonly VmView[]): Promise<P>;
  /** What of a plan somebody agrees to: in its turn it must be the same. */
  agreement(plan: P): unknown;
  /** What somebody is asked: what is done, and what is lost. */
  question(plan: P): readonly string[];
  record(plan: P): Omit<R, 'id' | 'connection'>;
  /** Where it rejects, what was begun is taken back. Absent: what was begun before is all that is taken back. */
  readonly run?: (tools: Tools, plan: P, wish: WingRun) => Promise<void>;
}

export interface WingRun {
  /** Between two steps. @throws Failure `cancelled` */
  readonly requireWanted: () => void;
  /** Just before others would have to be told. @throws Failure `busy`: another process began with one of the VMs */
  readonly requireAlone: () => Promise<void>;
}

export interface WingQuestion {
  readonly lines: readonly string[];
  /** The protected ones: the name of the first must have been typed. */
  readonly guarded: readonly VmView[];
}

export interface WingAsker {
  /** Rejects unless it is agreed to. */
  readonly agree: (question: WingQuestion) => Promise<void> | void;
  /** What became of what had broken off before. */
  readonly tell: (line: string) => void;
}

/** @throws Failure `refused` */
export function planWing<P, R extends WingRecord, Tools>(
  session: Session,
  operation: WingOperation<P, R, Tools>,
  signal: AbortSignal,
): Promise<P> {
  const { records, connection, views } = operation;
  return records.within(session, connection, signal, (tools) => operation.plan(session.engine, tools, views));
}

/** @throws Failure: the VMs are as they were, unless it says otherwise; whatever the asker throws */
export async function carryOutWing<P, R extends WingRecord, Tools>(
  session: Session,
  operation: WingOperation<P, R, Tools>,
  asker: WingAsker,
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
): Promise<P> {
  const { engine, folder } = session;
  const { of, records, connection, views } = operation;
  const vm = views[0]?.vm.name ?? '';
  for (const { ref } of views) {
    await endLeft(await leftByWing(records)(session, ref.uuid, log), 'finish', { tell: asker.tell });
  }
  const plan = await planWing(session, operation, signal);
  await asker.agree({ lines: operation.question(plan), guarded: views.filter((view) => session.isProtected(view.vm)) });
  const refs = views.map(({ ref }) => ref);
  const { failure } = await inTurn(engine, of, refs, signal, (lease) =>
    // Not by the wish to stop: what was begun is taken back by the same means.
    records.within(session, connection, new AbortController().signal, async (tools) => {
      await engine.refresh({ connection });
      const viewsNow = views.map((view) => engine.findVm(view.ref) ?? view);
      const now = await operation.plan(engine, tools, viewsNow);
      if (!isDeepStrictEqual(operation.agreement(plan), operation.agreement(now))) {
        throw new Failure('refused', { vm, refusal: refuse('stalePlan', { vm }).refusal });
      }
      const record = { id: newId(), connection, ...operation.record(now) } as R;
      const wish: WingRun = {
        requireWanted: () => {
          if (signal.aborted) {
            throw new Failure('cancelled', { vm, doing: of, byUs: true });
          }
        },
        requireAlone: () => lease.requireAlone(() => Promise.resolve()),
      };
      const open = await storeOf(records, folder, log).begin(record);
      try {
        const failure = await operation.run?.(tools, now, wish).then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        if (failure !== undefined) {
          log.warn(`what was begun of a ${records.kind.of} is taken back: ${String(failure.error)}`);
        }
        await (failure !== undefined || operation.run === undefined
          ? records.end(tools, open, () => undefined)
          : open.forget());
        return { failure };
      } finally {
        await open.leave();
      }
    }),
  );
  await engine.refresh({ connection });
  if (failure !== undefined) {
    throw failure.error;
  }
  return plan;
}

/** What of these broke off, for every shell. */
export function leftByWing<R extends WingRecord, Tools>(records: WingRecords<R, Tools>): LeftByWing {
  return async (session, named, log) =>
    (await findLeft(records, session, named, log)).map(({ record, vm }) => ({
      look: () => records.look(session, record, vm),
      question: async (how) => (how === 'dismiss' ? records.dismissal(vm) : records.question?.(session, record)),
      end: async (how, onStep) => {
        const store = storeOf(records, session.folder, log);
        const told = await store.withHeld(record.id, busyWith(vm), async (open) => {
          // Another process may have ended it since.
          if (how === 'finish' && open.record.phase !== 'ready') {
            return endInTurn(session, records, open, onStep);
          }
          await (open.record.phase === undefined ? open.forget() : open.put({ phase: 'ready' } as Partial<R>));
          return { lines: [], ...(records.dismissed && { answer: records.dismissed(record) }) };
        });
        return told ?? { lines: [] };
      },
    }));
}

/**
 * By the name or UUID of a VM. @param on this connection alone
 * @throws Failure `busy`: it has not broken off, somebody works on it
 */
export async function findLeft<R extends WingRecord>(
  records: Pick<WingRecords<R, never>, 'kind' | 'folder'>,
  { engine, folder }: Session,
  named: string,
  log: Log,
  on?: string,
): Promise<readonly { readonly record: R; readonly vm: string }[]> {
  const store = storeOf(records, folder, log);
  const left = (await store.list())
    .filter(({ phase }) => phase !== 'ready')
    .map((record) => ({ record, refs: refsOf(record).filter(({ connection }) => (on ?? connection) === connection) }));
  for (const uri of new Set(left.flatMap(({ refs }) => refs.map(({ connection }) => connection)))) {
    // One on a host that is not reached has the name that it had.
    await engine.connect(uri).catch(() => undefined);
  }
  // A VM that is known may have another name by now, and another VM the old one.
  const found = left.flatMap(({ record, refs }) => {
    const vm = refs.find(({ connection, name, uuid }) => {
      const known = engine.findVms(named, connection).map(({ ref }) => ref.uuid);
      return known.length > 0 ? known.includes(uuid) : [name, uuid].includes(named);
    });
    return vm === undefined ? [] : [{ record, vm: vm.name }];
  });
  for (const { record, vm } of found) {
    await store.withHeld(record.id, busyWith(vm), () => Promise.resolve());
  }
  return found;
}

function busyWith(vm: string): () => Failure {
  return () => new Failure('busy', { vm });
}

function refsOf({ connection = '', vms }: WingRecord): readonly (VmRef & { readonly name: string })[] {
  return vms.map((vm) => ({ connection, ...vm }));
}

async function endInTurn<R extends WingRecord, Tools>(
  session: Session,
  records: WingRecords<R, Tools>,
  open: OpenRecord<R>,
  onStep: (what: string) => void,
): Promise<LeftTold> {
  const { engine } = session;
  const { ends } = records;
  const { signal } = new AbortController();
  const refs = refsOf(open.record).map(({ connection, uuid }) => ({ connection, uuid }));
  const [{ connection } = { connection: '' }] = refs;
  engine.setConnections([...new Set([...engine.connections.map(({ uri }) => uri), connection])]);
  const told = await records.within(session, connection, signal, (tools) => {
    const end = (): Promise<LeftTold> => records.end(tools, open, onStep);
    return ends === undefined ? end() : inTurn(engine, ends, refs, signal, end);
  });
  await engine.refresh({ connection });
  return told;
}

function storeOf<R extends WingRecord>(
  { kind, folder: name }: Pick<WingRecords<R, never>, 'kind' | 'folder'>,
  folder: string,
  log: Log,
): RecordStore<R> {
  return new RecordStore<R>({ folder, root: join(folder, name), fs: promises, log }, kind);
}

function inTurn<T>(
  engine: EnginePort,
  of: WingTurn['of'],
  refs: readonly VmRef[],
  signal: AbortSignal,
  work: (lease: GroupLease) => Promise<T>,
): Promise<T> {
  return engine.leaseAll({ id: newId(), requests: refs.map((vm) => ({ kind: 'wing', of, vm })), signal }, work);
}
