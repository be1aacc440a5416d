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
import { endLeft, type LeftByWing, type LeftQuestion } from './leftWork.js';
import type { Session } from './session.js';

/** What is written down before anything is done to its VMs, and forgotten when all is done. */
export interface WingRecord {
  readonly id: string;
  readonly connection: string;
  readonly vms: readonly { readonly uuid: string; readonly name: string }[];
}

/** The records of operations that are ended alike. */
export interface WingRecords<R extends WingRecord, Tools> {
  readonly kind: RecordKind<R>;
  /** In the folder of the session. */
  readonly folder: string;
  /** What the VMs are held for while what broke off is ended. */
  readonly ends: WingTurn['of'];
  /** Has what planning, doing and ending need for as long as the work lasts. */
  within<T>(
    engine: EnginePort,
    connection: string,
    signal: AbortSignal,
    work: (tools: Tools) => Promise<T>,
  ): Promise<T>;
  /** Takes back what was begun, as far as it came. Can be called again. */
  end(tools: Tools, record: R): Promise<void>;
  /** That it broke off, and what became of a VM of it, as sentences. */
  readonly leftText: (vm: string) => string;
  readonly endedText: (vm: string) => string;
  /** What a person is asked before it is left as it is. */
  readonly dismissal: (vm: string) => LeftQuestion;
}

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
  { engine }: Pick<Session, 'engine'>,
  operation: WingOperation<P, R, Tools>,
  signal: AbortSignal,
): Promise<P> {
  const { records, connection, views } = operation;
  return records.within(engine, connection, signal, (tools) => operation.plan(engine, tools, views));
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
    records.within(engine, connection, new AbortController().signal, async (tools) => {
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
      return untilForgotten(await storeOf(records, folder, log).begin(record), async () => {
        const failure = await operation.run?.(tools, now, wish).then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        if (failure !== undefined) {
          log.warn(`what was begun of a ${records.kind.of} is taken back: ${String(failure.error)}`);
        }
        if (failure !== undefined || operation.run === undefined) {
          await records.end(tools, record);
        }
        return { failure };
      });
    }),
  );
  await engine.refresh({ connection });
  if (failure !== undefined) {
    throw failure.error;
  }
  return plan;
}

/** What of these broke off: whatever is done with such a VM, by whichever shell, ends that first. */
export function leftByWing<R extends WingRecord, Tools>(records: WingRecords<R, Tools>): LeftByWing {
  return async ({ engine, folder }, named, log) => {
    const store = storeOf(records, folder, log);
    // A VM that is known may have another name by now, and another VM the old one.
    const known = engine.findVms(named).map(({ ref }) => ref.uuid);
    const isMeant = ({ name, uuid }: WingRecord['vms'][number]): boolean =>
      known.length > 0 ? known.includes(uuid) : [name, uuid].includes(named);
    const left = (await store.list()).filter(({ vms }) => vms.some(isMeant));
    return left.map(({ id, vms }) => {
      const name = vms.find(isMeant)?.name ?? named;
      return {
        look: () => Promise.resolve({ lines: [records.leftText(name)] }),
        question: (how) => Promise.resolve(how === 'dismiss' ? records.dismissal(name) : undefined),
        end: async (how) => {
          const open = await store.lock(id);
          if (open === 'busy') {
            throw new Failure('busy', { vm: name });
          }
          const isOurs = open !== 'gone';
          if (isOurs) {
            await untilForgotten(open, () =>
              how === 'dismiss' ? Promise.resolve() : endInTurn(engine, records, open.record),
            );
          }
          return { lines: isOurs && how === 'finish' ? vms.map((vm) => records.endedText(vm.name)) : [] };
        },
      };
    });
  };
}

async function endInTurn<R extends WingRecord, Tools>(
  engine: EnginePort,
  records: WingRecords<R, Tools>,
  record: R,
): Promise<void> {
  const { connection, vms } = record;
  const { signal } = new AbortController();
  engine.setConnections([...new Set([...engine.connections.map(({ uri }) => uri), connection])]);
  const refs = vms.map(({ uuid }) => ({ connection, uuid }));
  await records.within(engine, connection, signal, (tools) =>
    inTurn(engine, records.ends, refs, signal, () => records.end(tools, record)),
  );
  await engine.refresh({ connection });
}

function storeOf<R extends WingRecord, Tools>(
  { kind, folder: name }: WingRecords<R, Tools>,
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

/** When `work` resolves; else it stays, and somebody else may end it. */
async function untilForgotten<R, T>(open: OpenRecord<R>, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await open.forget();
    return result;
  } finally {
    await open.leave();
  }
}
