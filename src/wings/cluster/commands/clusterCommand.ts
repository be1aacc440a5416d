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
import { type ClusterShell, withClusterShell } from '../given/clusterShell.js';
import { endLeft, giveToCluster, planTaken, takeFromCluster } from '../given/giveToCluster.js';
import { planGiven } from '../given/planGiven.js';
import { type KnownVm, whatIf } from '../given/whatIf.js';
import { plannedLines, whatIfLines } from '../givenText.js';
import type { ClusterAnswers } from './answers.js';

type Answer = Omit<ClusterAnswers['cluster'], 'command'>;

export const cluster: CommandHandler = (context) =>
  orNamed({ vm: context.call.operands[0] ?? '' }, async () => {
    const { call, session, interruption } = context;
    const node = call.texts['what-if'];
    for (const named of node === undefined ? call.operands : []) {
      await tellEndedSetups(context, named);
    }
    const { views, members } = await findChosen(context);
    const connection = views[0]?.ref.connection ?? session.engine.connections[0]?.uri;
    if (connection === undefined || (views.length === 0 && node === undefined)) {
      throw new CliError('usage', 'cluster needs a VM. See virt-rewind cluster --help.');
    }
    if (views.some(({ ref }) => ref.connection !== connection)) {
      throw clusterFailure('severalHosts');
    }
    return withClusterShell(session.engine, connection, interruption.signal, (shell) =>
      node === undefined
        ? (call.flags.has('remove') ? remove : give)(context, { views, members, connection, shell })
        : tellWhatIf(context, { node, connection, shell }),
    );
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

interface Work extends Choice {
  readonly connection: string;
  readonly shell: ClusterShell;
}

async function give(context: Context, { views, members, connection, shell }: Work): Promise<CommandAnswer> {
  const { call, session, interruption, log } = context;
  const { engine, folder } = session;
  const planned = await planGiven(engine, views, members, shell);
  const lines = plannedLines(planned);
  const { fencing, same, unknown } = planned;
  const vms = planned.vms.map(({ view, resource, config }) => ({
    ...{ vm: view.vm.name, uuid: view.ref.uuid, resource, config },
  }));
  if (call.flags.has('plan')) {
    const lost = planned.lost.map(({ node, resources }) => ({ node, resources: [...resources] }));
    const plan = {
      vms,
      commands: [...planned.lines],
      fencing: [...fencing],
      same: [...same],
      unknown: [...unknown],
      lost,
    };
    return answer({ plan }, [...lines, t('Nothing was changed.')]);
  }
  await agree(context, views, lines, t('Continue'));
  const wish = { folder, log, signal: interruption.signal };
  await lasting(context, connection, (own) => giveToCluster(engine, connection, own, planned, wish));
  const names = vms.map(({ vm }) => displayLine(vm)).join(', ');
  return answer({ given: vms }, [t('The cluster runs {0} now. They were not restarted.', names)]);
}

async function remove(context: Context, { views, connection, shell }: Work): Promise<CommandAnswer> {
  const { call, session, interruption, log } = context;
  const { engine, folder } = session;
  const names = views.map(({ vm }) => displayLine(vm.name)).join(', ');
  const taken = await planTaken(engine, views, shell);
  const { rules } = taken;
  const lines = [
    t('Take {0} from the cluster? They go on as they are, on this host.', names),
    ...(rules.length > 0
      ? [
          t(
            'Rules of the cluster that others wrote are deleted with them: {0}',
            rules.map((id) => displayLine(id)).join(', '),
          ),
        ]
      : []),
  ];
  if (call.flags.has('plan')) {
    const plan = { resources: taken.vms.map(({ resource }) => resource), rules: [...rules] };
    return answer({ remove: plan }, [...lines, t('Nothing was changed.')]);
  }
  await agree(context, views, lines, t('Continue'));
  const wish = { folder, log, signal: interruption.signal };
  const removed = await lasting(context, connection, (own) =>
    takeFromCluster(engine, views, connection, own, taken, wish),
  );
  return answer({ removed: [...removed] }, [t('The cluster no longer runs {0}.', names)]);
}

/** Ctrl+C waits for the end of the current step, and for its undo. */
function lasting<T>({ session }: Context, connection: string, work: (shell: ClusterShell) => Promise<T>): Promise<T> {
  return withClusterShell(session.engine, connection, new AbortController().signal, work);
}

async function tellWhatIf(
  context: Context,
  { node, connection, shell }: { readonly node: string; readonly connection: string; readonly shell: ClusterShell },
): Promise<CommandAnswer> {
  const { engine } = context.session;
  const { vms = [] } = engine.connections.find(({ uri }) => uri === connection) ?? {};
  const findVm = async (of: { readonly name?: string; readonly uuid?: string }): Promise<KnownVm | undefined> => {
    const view = vms.find(({ ref, vm }) => (of.uuid === undefined ? vm.name === of.name : ref.uuid === of.uuid));
    return view && { name: view.vm.name, snapshots: (await engine.readTree(view.ref)).snapshots.length };
  };
  const { fails, emptied } = await whatIf(shell, node, findVm);
  const then = (some: typeof fails): (typeof fails)[number][] => some.map((one) => ({ ...one }));
  return answer({ whatIf: { node, fails: then(fails), emptied: then(emptied) } }, [
    ...whatIfLines(node, 'fails', fails),
    ...whatIfLines(node, 'emptied', emptied),
  ]);
}

async function agree(
  context: Context,
  views: readonly VmView[],
  lines: readonly string[],
  confirm: string,
): Promise<void> {
  const [guarded] = views.filter(({ vm }) => context.session.isProtected(vm));
  const typed = guarded && { isProtected: displayLine(guarded.vm.name), typed: guarded.vm.name };
  await agreeTo(context, { lines, confirm, asks: true, ...typed });
}

function answer(told: Answer, lines: readonly string[]): CommandAnswer {
  return { answer: { ...told }, text: lines };
}

/** @returns whether something that broke off was undone */
export async function tellEndedSetups({ session, terminal, log }: Context, named: string): Promise<boolean> {
  const vms = await orNamed({ vm: named }, () => endLeft(session.engine, named, { folder: session.folder, log }));
  vms.forEach((vm) => terminal.tell(t('{0} was partly in the cluster, and was taken out of it.', displayLine(vm))));
  return vms.length > 0;
}
