// `virt-rewind cluster`: VMs are given to the cluster on their host, taken from it, and what it would do is told.
import { t } from '@vscode/l10n';
import { clusterFailure } from '../clusterFailure.js';
import { orNamed } from '../../../domain/asFailure.js';
import { agreeTo } from '../../../cli/agree.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import type { SystemMember } from '../../../domain/system.js';
import type { VmView } from '../../../live/views.js';
import { openTarget } from '../../../session/target.js';
import {
  carryOutWing,
  planWing,
  type WingAsker,
  type WingOperation,
  type WingRecord,
} from '../../../session/wingOperation.js';
import { withClusterShell } from '../given/clusterShell.js';
import { giveToCluster, takeFromCluster } from '../given/giveToCluster.js';
import type { PlannedCluster } from '../given/planGiven.js';
import type { TakenVms } from '../given/planTaken.js';
import { type KnownVm, whatIf } from '../given/whatIf.js';
import { namesText, whatIfLines } from '../given/givenText.js';
import type { ClusterAnswers } from './answers.js';

type Answer = Omit<ClusterAnswers['cluster'], 'command'>;

export const cluster: CommandHandler = (context) =>
  orNamed({ vm: context.call.operands[0] ?? '' }, async () => {
    const { call, session } = context;
    const node = call.texts['what-if'];
    const { views, members } = await findChosen(context);
    const connection = views[0]?.ref.connection ?? session.engine.connections[0]?.uri;
    if (connection === undefined || (views.length === 0 && node === undefined)) {
      throw new CliError('usage', 'cluster needs a VM. See virt-rewind cluster --help.');
    }
    if (views.some(({ ref }) => ref.connection !== connection)) {
      throw clusterFailure('severalHosts');
    }
    return node !== undefined
      ? tellWhatIf(context, node, connection)
      : call.flags.has('remove')
        ? carryOut(context, takeFromCluster(connection, views), takenAnswers)
        : carryOut(context, giveToCluster(connection, views, members), givenAnswers);
  });

interface Choice {
  readonly views: readonly VmView[];
  /** The members of the named system, in their order. */
  readonly members: readonly SystemMember[];
}

async function findChosen({ call, session }: Context): Promise<Choice> {
  const views = new Map<string, VmView>();
  const members: SystemMember[] = [];
  for (const named of call.operands) {
    const target = await openTarget(session, named, () => Promise.resolve('vm'));
    if (target.kind === 'system') {
      members.push(...target.stored.system.members);
      (await session.reachSystem(target.stored)).views.forEach((view) => views.set(view.ref.uuid, view));
    } else {
      views.set(target.view.ref.uuid, target.view);
    }
  }
  return { views: [...views.values()], members };
}

/** A plan as an answer, and what was done of it, as an answer and a sentence. */
interface Answers<P> {
  readonly planned: (plan: P) => Answer;
  readonly done: (plan: P) => Answer;
  readonly doneText: (plan: P) => string;
}

const givenAnswers: Answers<PlannedCluster> = {
  planned: ({ lines, fencing, same, unknown, lost, ...planned }) => ({
    plan: {
      ...{ vms: vmsOf(planned), commands: [...lines], fencing: [...fencing], same: [...same], unknown: [...unknown] },
      lost: lost.map(({ node, resources }) => ({ node, resources: [...resources] })),
    },
  }),
  done: (planned) => ({ given: vmsOf(planned) }),
  doneText: ({ vms }) =>
    t('The cluster runs {0} now. They were not restarted.', namesText(vms.map(({ view }) => view.vm))),
};

function vmsOf({ vms }: Pick<PlannedCluster, 'vms'>): Required<Answer>['given'] {
  return vms.map(({ view: { vm, ref }, resource, config }) => ({ vm: vm.name, uuid: ref.uuid, resource, config }));
}

const takenAnswers: Answers<TakenVms> = {
  planned: ({ vms, rules }) => ({ remove: { resources: vms.map(({ resource }) => resource), rules: [...rules] } }),
  done: ({ vms }) => ({ removed: vms.map(({ resource }) => resource) }),
  doneText: ({ vms }) => t('The cluster no longer runs {0}.', namesText(vms)),
};

async function carryOut<P, R extends WingRecord, Tools>(
  context: Context,
  operation: WingOperation<P, R, Tools>,
  { planned, done, doneText }: Answers<P>,
): Promise<CommandAnswer> {
  const { call, session, terminal, interruption, log } = context;
  const { signal } = interruption;
  if (call.flags.has('plan')) {
    const plan = await planWing(session, operation, signal);
    return answer(planned(plan), [...operation.question(plan), t('Nothing was changed.')]);
  }
  const asker: WingAsker = {
    agree: ({ lines, guarded: [view] }) => {
      const typed = view && { isProtected: displayLine(view.vm.name), typed: view.vm.name };
      return agreeTo(context, { lines, confirm: t('Continue'), asks: true, ...typed });
    },
    tell: (line) => terminal.tell(line),
  };
  const plan = await carryOutWing(session, operation, asker, { signal, log });
  return answer(done(plan), [doneText(plan)]);
}

async function tellWhatIf(
  { session: { engine }, interruption }: Context,
  node: string,
  connection: string,
): Promise<CommandAnswer> {
  const findVm = async (of: { readonly name?: string; readonly uuid?: string }): Promise<KnownVm | undefined> => {
    // The shell is what connects.
    const { vms = [] } = engine.connections.find(({ uri }) => uri === connection) ?? {};
    const view = vms.find(({ ref, vm }) => (of.uuid === undefined ? vm.name === of.name : ref.uuid === of.uuid));
    return view && { name: view.vm.name, snapshots: (await engine.readTree(view.ref)).snapshots.length };
  };
  const { fails, emptied } = await withClusterShell(engine, connection, interruption.signal, (shell) =>
    whatIf(shell, node, findVm),
  );
  const then = (some: typeof fails): (typeof fails)[number][] => some.map((one) => ({ ...one }));
  return answer({ whatIf: { node, fails: then(fails), emptied: then(emptied) } }, [
    ...whatIfLines(node, 'fails', fails),
    ...whatIfLines(node, 'emptied', emptied),
  ]);
}

function answer(told: Answer, lines: readonly string[]): CommandAnswer {
  return { answer: { ...told }, text: lines };
}
