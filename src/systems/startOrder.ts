// In which order the members of a system are let go on, and what is waited for between them.
import type { Clock } from '../base/clock.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { GuestAddress } from '../domain/guestAddress.js';
import type { StartWait, SystemMember } from '../domain/system.js';
import type { VmRef } from '../domain/vm.js';
import type { Wait } from '../domain/wait.js';
import { guestPort } from '../engine/guestAddress.js';
import type { EnginePort } from '../engine/enginePort.js';
import { type WaitResult, waitFor } from '../engine/waitFor.js';

const betweenLooksMs = 500;

/** Names of members that wait for each other in a circle; none where there is an order. Pure. */
export function circleIn(members: readonly SystemMember[]): readonly string[] {
  let left = members;
  for (;;) {
    const free = left.filter(({ after = [] }) => !left.some(({ uuid }) => after.includes(uuid)));
    if (free.length === 0) {
      return left.map(({ name }) => name);
    }
    left = left.filter((one) => !free.includes(one));
  }
}

/** When a member starts: after which UUIDs, and what is waited for until it counts as up. */
export interface Start {
  readonly after: readonly string[];
  readonly wait?: StartWait;
}

/** The members when one of them starts so, and not as before. Pure. */
export function withStart(
  members: readonly SystemMember[],
  uuid: string,
  { after, wait }: Start,
): readonly SystemMember[] {
  return members.map((member) =>
    member.uuid === uuid
      ? {
          connection: member.connection,
          uuid,
          name: member.name,
          ...(after.length > 0 && { after }),
          ...(wait !== undefined && { wait }),
        }
      : member,
  );
}

/** @throws Failure `invalid` with the names, where members would wait for each other in a circle */
export function requireOrder(members: readonly SystemMember[]): void {
  const circle = circleIn(members);
  if (circle.length > 0) {
    throw new Failure('invalid', { doing: 'order the members', candidates: circle });
  }
}

interface StartHooks {
  readonly start: (member: SystemMember) => Promise<void>;
  /** Resolves when it is up. */
  readonly untilUp: (member: SystemMember, wait: StartWait) => Promise<void>;
  /** Called with each that is up. */
  readonly onUp?: ((member: SystemMember) => void) | undefined;
}

/**
 * Each as soon as all are up that it comes after. Never rejects: resolves with the failures, by UUID. What comes after
 * one that did not come up is not started.
 */
export async function startInOrder(
  members: readonly SystemMember[],
  { start, untilUp, onUp }: StartHooks,
): Promise<ReadonlyMap<string, Failure>> {
  const failures = new Map<string, Failure>();
  const begun = new Map<string, Promise<boolean>>();
  const bringUp = (member: SystemMember): Promise<boolean> => {
    const known = begun.get(member.uuid);
    if (known !== undefined) {
      return known;
    }
    const coming = comeUp(member);
    begun.set(member.uuid, coming);
    return coming;
  };
  const comeUp = async (member: SystemMember): Promise<boolean> => {
    // A circle was refused when the order was given; one that another program wrote must not hang.
    await Promise.resolve();
    const { after = [], wait } = member;
    const before = circle.has(member.uuid) ? [] : members.filter(({ uuid }) => after.includes(uuid));
    const late = (await Promise.all(before.map(async (one) => ((await bringUp(one)) ? [] : [one])))).flat()[0];
    try {
      if (late !== undefined) {
        throw new Failure('stopped', { vm: late.name });
      }
      await start(member);
      if (wait !== undefined) {
        await untilUp(member, wait);
      }
      onUp?.(member);
      return true;
    } catch (error) {
      failures.set(member.uuid, asFailure(error));
      return false;
    }
  };
  const names = circleIn(members);
  const circle = new Set(members.filter(({ name }) => names.includes(name)).map(({ uuid }) => uuid));
  await Promise.all(members.map(bringUp));
  return failures;
}

interface RunningWait {
  readonly kind: 'running';
  readonly seconds: number;
}

interface UpOptions {
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Waits for VMs that somebody starts, and starts none: each until it runs, for `atMostMs`, and then until it is up.
 * @throws Failure of the first that did not come up, when all have been waited for; as `untilUp`
 */
export async function untilAllUp(
  members: readonly SystemMember[],
  atMostMs: number,
  options: UpOptions,
): Promise<void> {
  const waits = members.map(async (member) => {
    await untilUp(member, { kind: 'running', seconds: atMostMs / 1_000 }, options);
    if (member.wait !== undefined) {
      await untilUp(member, member.wait, options);
    }
  });
  const failed = (await Promise.allSettled(waits)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') {
    throw failed.reason;
  }
}

/** @throws Failure `failed` when it did not come up in time, `cancelled`, `unsupported` without an agent */
export async function untilUp(
  { connection, uuid, name }: SystemMember,
  wait: StartWait | RunningWait,
  { engine, clock, signal }: UpOptions,
): Promise<void> {
  const ref: VmRef = { connection, uuid };
  const until = clock.ticks() + wait.seconds * 1_000;
  const remainingMs = (): number => Math.max(0, until - clock.ticks());
  const readVm = async (): Promise<NonNullable<ReturnType<EnginePort['findVm']>>['vm']> => {
    await engine.refresh({ vm: ref });
    const view = engine.findVm(ref);
    if (view === undefined) {
      throw new Failure('notFound', { vm: name, connection });
    }
    return view.vm;
  };
  const waitFailure = (outcome: keyof typeof kinds): Failure =>
    new Failure(kinds[outcome], {
      vm: name,
      connection,
      doing: 'wait until it is up',
      ...(outcome === 'stopped' && { byUs: true }),
    });
  const waitForMember = async (what: Wait): Promise<void> => {
    const { outcome } = await waitFor(what, { clock, signal, readVm });
    if (outcome !== 'there') {
      throw waitFailure(outcome);
    }
  };
  switch (wait.kind) {
    case 'agent':
    case 'running':
      return waitForMember({ what: wait.kind, vm: uuid, connection, atMostMs: remainingMs() });
    case 'time':
      return waitForMember({ what: 'time', atMostMs: remainingMs() });
    case 'port': {
      const { port, host } = wait;
      if (host !== undefined) {
        return waitForMember({ what: 'port', host, port, atMostMs: remainingMs() });
      }
      const addressesOf = (): Promise<readonly GuestAddress[]> => engine.guests.addressesOf(ref).catch(() => []);
      const view = { ref, vm: await readVm() };
      const found = await guestPort(port, remainingMs(), { engine, view, clock, signal, addressesOf });
      if (typeof found === 'string') {
        throw waitFailure(found);
      }
      return waitForMember(found);
    }
    case 'command':
      for (;;) {
        const { program, args } = wait;
        const command = { program, args, atMostMs: Math.max(1, remainingMs()) };
        // Its agent may not be there yet.
        const ran = await engine.guests.runIn(ref, command, signal).catch(() => undefined);
        if (ran?.kind === 'ended' && ran.exitCode === 0) {
          return;
        }
        if (remainingMs() === 0) {
          throw waitFailure('late');
        }
        await waitForMember({ what: 'time', atMostMs: Math.min(remainingMs(), betweenLooksMs) });
      }
  }
}

const kinds = { late: 'failed', stopped: 'cancelled', noAgent: 'unsupported' } as const satisfies Record<
  Exclude<WaitResult['outcome'], 'there'>,
  Failure['kind']
>;
