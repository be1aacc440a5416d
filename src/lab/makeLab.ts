// Makes what was planned of a lab file: its VMs, their system, its restore points. Each begin is recorded; after an
// attempt that broke off, the next one removes its remains, and begins anew.
import { t } from '@vscode/l10n';
import { systemClock } from '../base/clock.js';
import { Failure } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import type { StoredSystem } from '../domain/system.js';
import type { OpenLab } from '../journal/labStore.js';
import { startInOrder, untilUp } from '../systems/startOrder.js';
import type { Systems } from '../systems/systems.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { makeLabClone } from './labClones.js';
import { labFailure } from './labFailure.js';
import { startLabNetwork, withLabNetwork } from './labNetwork.js';
import { runLayers, storedOf } from './runLayers.js';
import type { LabPlan } from './labPlan.js';
import { type MakeContext, requireOn } from '../made/makeContext.js';

export async function makeLab(plan: LabPlan, open: OpenLab, making: MakeContext): Promise<void> {
  const { lab, record, made, clones } = plan;
  const { session, signal, onStep } = making;
  await startLabNetwork(open, lab.network, making);
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
      const own = withLabNetwork(parts, record.network, uuid);
      await session.engine.labVms.make({ connection, uuid, name, folder }, own, (files) =>
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
  await runLayers(plan, plan.acts, open, making);
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
    throw labFailure('notStarted', { vm: first?.name ?? '', why: words });
  }
}
