// Makes what was planned of a lab file: its VMs, their system, its restore points. What was begun is written down;
// whoever comes after an attempt that broke off removes what it has left, and begins anew.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import { systemClock } from '../base/clock.js';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import type { StoredSystem } from '../domain/system.js';
import type { VmRef } from '../domain/vm.js';
import type { OpenLab, RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { startInOrder, untilUp } from '../systems/startOrder.js';
import type { Systems } from '../systems/systems.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { withoutRamLines } from '../text/systems/systemText.js';
import { makeLabClone } from './labClones.js';
import { LabError } from './labError.js';
import type { LabCommand, SshLogin } from './labFile.js';
import type { LabPlan } from './labPlan.js';
import { usualSeconds } from './labShape.js';
import { type EndInGuest, runOverSsh, type SshPlace } from './overSsh.js';

export interface MakeWish {
  readonly signal: AbortSignal;
  /** What is at work, in a few words for a person. */
  readonly onStep: (what: string) => void;
  /** A sentence that a person should know when all is done, too. */
  readonly onNote?: (line: string) => unknown;
}

export interface MakeContext extends MakeWish {
  readonly session: Session;
  readonly environment: NodeJS.ProcessEnv;
}

export async function makeLab(plan: LabPlan, open: OpenLab, making: MakeContext): Promise<void> {
  const { lab, record, made, clones } = plan;
  const { session, signal, onStep, onNote } = making;
  for (const vm of record.vms) {
    const [parts, clone] = [made.get(vm.key), clones.get(vm.key)];
    if (clone !== undefined) {
      requireOn(signal);
      onStep(t('creating the VM {0}', vm.name));
      await makeLabClone(session, clone, signal);
    }
    if (parts !== undefined) {
      requireOn(signal);
      onStep(t('creating the VM {0}', vm.name));
      const { connection, uuid, name, folder } = vm;
      await session.engine.labVms.make({ connection, uuid, name, folder }, parts, (files) =>
        open.put({ vms: open.record.vms.map((one) => (one.uuid === uuid ? { ...one, made: files } : one)) }),
      );
    }
  }
  const systems = await session.systems();
  const views = record.vms.map(({ connection, uuid, name }) => {
    const view = session.engine.findVm({ connection, uuid });
    if (view === undefined) {
      throw new Failure('notFound', { vm: name, connection });
    }
    return view;
  });
  const system = await systems.make(lab.name, views);
  await open.put({ system: system.id });
  await setOrder(plan, systems, system.id);
  const stored = await storedOf(systems, system.id);
  await start(stored, making);
  const noted = new Set<string>();
  const points: string[] = [];
  for (const { title, run } of lab.points) {
    for (const command of run) {
      await runIn(plan, command, making);
    }
    requireOn(signal);
    onStep(t('creating the restore point “{0}”', displayLine(title)));
    const checkpoint = await systems.planCheckpoint(await storedOf(systems, system.id), { title });
    for (const line of withoutRamLines(checkpoint.members).filter((one) => !noted.has(one))) {
      noted.add(line);
      onNote?.(line);
    }
    points.push(checkpoint.point.id);
    // Before it is made: whatever comes in between, only what is written down is the lab's.
    await open.put({ points });
    await systems.run(checkpoint, { signal });
  }
  await open.put({ phase: 'ready', points });
}

/** One after the other: an order in which some wait is never a circle half way. */
async function setOrder({ lab, record }: LabPlan, systems: Systems, id: string): Promise<void> {
  for (const { key, after, wait } of lab.vms) {
    const uuidOf = (wanted: string): string => record.vms.find((one) => one.key === wanted)?.uuid ?? '';
    if (after.length > 0 || wait !== undefined) {
      const order = { after: after.map(uuidOf), ...(wait !== undefined && { wait }) };
      await systems.setStart(await storedOf(systems, id), uuidOf(key), order);
    }
  }
}

async function start({ system }: StoredSystem, { session, signal, onStep }: MakeContext): Promise<void> {
  const { engine } = session;
  const left = new Set(system.members.map(({ name }) => name));
  const show = (): void => onStep(t('starting {0}', [...left].map((name) => displayLine(name)).join(', ')));
  show();
  const failures = await startInOrder(system.members, {
    start: async ({ connection, uuid, name, wait }) => {
      requireOn(signal);
      const view = engine.findVm({ connection, uuid });
      if (view === undefined) {
        throw new Failure('notFound', { vm: name, connection });
      }
      const action = view.vm.power === 'paused' ? 'resume' : 'start';
      if (view.vm.power !== 'running') {
        await session.run(await session.plan(view, { kind: 'power', vm: view.ref, action }), { signal });
      }
      if (wait === undefined) {
        left.delete(name);
        show();
      }
    },
    untilUp: async (member, wait) => {
      await untilUp(member, wait, { engine, clock: systemClock, signal });
      left.delete(member.name);
      show();
    },
  });
  requireOn(signal);
  const [first] = system.members.filter(
    ({ uuid }) => failures.get(uuid) !== undefined && failures.get(uuid)?.kind !== 'stopped',
  );
  const failure = failures.get(first?.uuid ?? '') ?? [...failures.values()][0];
  if (failure !== undefined) {
    const words = failureMessage(
      failure.kind === 'failed' ? new Failure('failed', { ...failure.details, vm: first?.name ?? '' }) : failure,
    );
    throw new LabError(
      'failed',
      t('{0} did not start. {1} The VMs stay so that you can examine them.', displayLine(first?.name ?? ''), words),
    );
  }
}

async function runIn(plan: LabPlan, command: LabCommand, making: MakeContext): Promise<void> {
  const { vm, program, ssh } = command;
  const member = plan.record.vms.find(({ key }) => key === vm);
  if (member === undefined) {
    return;
  }
  requireOn(making.signal);
  making.onStep(t('running {0} in {1}', displayLine(program), displayLine(member.name)));
  const ref = { connection: member.connection, uuid: member.uuid };
  const { how, said } =
    ssh === undefined
      ? await byAgent(ref, command, making)
      : await runOverSsh(command, sshPlace(plan, member, ssh, making), making.signal);
  if (how !== undefined) {
    throw new LabError(
      'failed',
      t(
        '{0} in {1}: {2}. The VMs stay so that you can examine them.',
        displayLine(program),
        displayLine(member.name),
        how,
      ) + (said === '' ? '' : ` “${said}”`),
    );
  }
}

async function byAgent(ref: VmRef, command: LabCommand, { session, signal }: MakeContext): Promise<EndInGuest> {
  const { program, args, seconds } = command;
  const ran = await session.engine.guests.runIn(ref, { program, args, atMostMs: seconds * 1_000 }, signal);
  if (ran.kind === 'late') {
    return { how: t('it did not end within {0} s', seconds), said: '' };
  }
  return {
    ...(ran.exitCode !== 0 && { how: t('it exited with code {0}', ran.exitCode ?? `signal ${ran.signal ?? '?'}`) }),
    said: displayLine(new TextDecoder().decode(ran.stderr.bytes), 300),
  };
}

function sshPlace(
  plan: LabPlan,
  { key, connection, uuid }: RecordedVm,
  login: SshLogin,
  making: MakeContext,
): SshPlace {
  const { session, environment } = making;
  const { wait } = plan.lab.vms.find((vm) => vm.key === key) ?? {};
  return {
    login,
    uuid,
    addressesOf: () => session.engine.guests.addressesOf({ connection, uuid }),
    // Where the lab is written down: it goes with it.
    folder: join(session.folder, 'labs', plan.record.id),
    environment,
    waitSeconds: Math.max(usualSeconds, wait?.seconds ?? 0),
  };
}

async function storedOf(systems: Systems, id: string): Promise<StoredSystem> {
  const stored = await systems.find(id);
  if (stored === undefined) {
    throw new Failure('notFound', { doing: `find the system ${id}` });
  }
  return stored;
}

function requireOn(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new Failure('cancelled', { byUs: true });
  }
}
