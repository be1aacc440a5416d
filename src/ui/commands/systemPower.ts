// All VMs of a system are started in their order, or shut down in the other one.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { StoredSystem, SystemMember } from '../../domain/system.js';
import { Failure } from '../../domain/failure.js';
import { outcomeLines } from '../../text/systemText.js';
import { questionOfAll } from '../../text/questionText.js';
import { askQuestion } from '../prompts/askQuestion.js';
import { CommandError } from '../prompts/commandError.js';
import { noteInStatusBar, notifyProgress } from '../prompts/notify.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { mustConfirm, askNameOfProtected } from './consent.js';
import { existingVm, operate, planIn } from './operate.js';
import { targetSystem } from './systemTargets.js';

export const systemPower = {
  /** Starts all VMs of a system in their order, each when those before it are up. */
  'virtRewind.startSystem': (run) => power(run, 'start'),
  /** Asks all guests of a system to shut down, last the ones that others come after. */
  'virtRewind.shutDownSystem': (run) => power(run, 'shutDown'),
} satisfies CommandTable;

async function power(run: CommandRun, action: 'start' | 'shutDown'): Promise<void> {
  const stored = await targetSystem(run, action === 'start' ? t('Start which system?') : t('Shut down which system?'));
  const systems = await run.systems.open();
  const { members } = await systems.look(stored);
  const requests = new Map<string, OperationRequest>();
  stored.system.members.forEach(({ connection, uuid }, at) => {
    const vm = { connection, uuid };
    const state = members[at]?.vm?.power;
    if (action === 'shutDown' && state === 'running') {
      requests.set(uuid, { kind: 'power', vm, action });
    } else if (action === 'start' && (state === 'off' || state === 'paused')) {
      requests.set(uuid, { kind: 'power', vm, action: state === 'off' ? 'start' : 'resume' });
    }
  });
  refuseMissing(stored, members);
  await agree(run, stored, [...requests.values()], action);
  const name = displayLine(stored.system.name);
  const failures = await notifyProgress(t('Virt Rewind: {0}', name), true, (report, cancellation) => {
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    return systems.inOrder(stored, action === 'start' ? 'first' : 'last', controller.signal, async (member) => {
      const request = requests.get(member.uuid);
      if (request !== undefined) {
        report(displayLine(existingVm(run, request.vm).vm.name), 100 / requests.size);
        await operate(run, request, { quiet: 'all', cancellation, protection: 'answered' });
      }
    });
  });
  const count = requests.size - [...failures.keys()].filter((uuid) => requests.has(uuid)).length;
  const done =
    action === 'start'
      ? t('{0}: {1} of {2} VMs started.', name, count, requests.size)
      : t('{0}: {1} of {2} VMs shut down.', name, count, requests.size);
  const [first] = failures.values();
  if (first === undefined) {
    noteInStatusBar(done);
    return;
  }
  const lines = outcomeLines(
    stored.system.members.flatMap((member) => {
      const failure = failures.get(member.uuid);
      return failure === undefined ? [] : [{ ...member, outcome: 'asBefore' as const, failure }];
    }),
  );
  throw new CommandError(first.kind, [done, ...lines].join(' '), first.details, { cause: first });
}

/** @throws Failure of the first that cannot be seen: half of a system shall not be done by surprise */
function refuseMissing({ system }: StoredSystem, members: readonly { readonly vm?: unknown }[]): void {
  const lost: SystemMember | undefined = system.members.find((_, at) => members[at]?.vm === undefined);
  if (lost !== undefined) {
    throw new Failure('notFound', { vm: lost.name, connection: lost.connection });
  }
}

/** A VM that is gone with its snapshots when it is off is one of those that are asked for. @throws Dismissed */
async function agree(
  run: CommandRun,
  { system }: StoredSystem,
  requests: readonly OperationRequest[],
  action: 'start' | 'shutDown',
): Promise<void> {
  const plans = (await run.inventory.decide(requests)).map((one) => planIn(run, one));
  const losing = plans.filter(({ losses }) => losses.length > 0);
  if (losing.length > 0 && mustConfirm(run)) {
    const name = displayLine(system.name);
    const words =
      action === 'start'
        ? { title: t('Start the system {0}?', name), confirm: t('Start') }
        : { title: t('Shut the system {0} down?', name), confirm: t('Shut Down') };
    const planned = losing.map((plan) => ({ plan, target: existingVm(run, plan.request.vm) }));
    await askQuestion(questionOfAll(words, planned, Date.now()));
  }
  for (const plan of plans) {
    await askNameOfProtected(run, existingVm(run, plan.request.vm), plan.request, plan);
  }
}
