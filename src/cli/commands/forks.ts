// The commands that make VMs go on beside one that runs, or lend one for a while.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { cloneRequest, makeClone, throwAwayUnused } from '../../engine/clones.js';
import { mostForks, type CloneNetwork } from '../../domain/clone.js';
import { forkVm } from '../../engine/forks.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import type { SeamlessWish } from '../../session/session.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import { usedSinceText } from '../../text/words.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';
import type { CommandAnswer } from '../printed.js';
import { showConsole } from './console.js';
import type { Answers } from '../answers.js';

interface ForkOptions {
  readonly from?: string;
  readonly name?: string;
  readonly count?: string;
  readonly network?: CloneNetwork;
  readonly seamless?: SeamlessWish;
}

export async function fork(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const { count: typed = '1', network } = call.texts as ForkOptions;
  const count = Number(typed);
  if (!Number.isInteger(count) || count < 1 || count > mostForks) {
    throw new CliError('usage', t('{0} must be a number from 1 to {1}.', '--count', mostForks));
  }
  const { snapshot, children } = await makeForks(context, view, count, network);
  const infos = children.flatMap((ref) => session.engine.findVm(ref) ?? []).map((one) => session.infoOf(one));
  const vm = session.infoOf(session.view(view));
  return {
    answer: { vm, snapshot, forks: infos } satisfies Answers['fork'],
    text: async () => [
      ...infos.map(({ name, state }) => `${displayLine(name)}  ${state}`),
      await stays(context, view, snapshot),
    ],
  };
}

/** A terminal that closes and a program that ends all others must not leave a VM behind. */
const endings = ['SIGHUP', 'SIGTERM'] as const;

/** Forks a VM that runs, or starts a linked clone of one that is off. It is deleted when its console is closed. */
export async function sandbox(context: Context): Promise<ExitName> {
  const { call, session, terminal, interruption } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const { from } = call.texts as ForkOptions;
  // A terminal that closes tells both its shell and its kernel of it, so that this may come twice.
  const leave = (): void => (interruption.wasWished ? undefined : interruption.interrupt());
  endings.forEach((signal) => process.on(signal, leave));
  const ref =
    view.vm.power === 'running' && from === undefined
      ? await makeFork(context, view)
      : await makeSandboxClone(context, view);
  const lent = session.engine.findVm(ref);
  try {
    if (lent !== undefined) {
      terminal.tell(t('{0} is deleted when you close its console.', displayLine(lent.vm.name)));
      return await showConsole(context, lent);
    }
    return 'failed';
  } finally {
    await endSandbox(context, ref, lent?.vm.name ?? '');
  }
}

/** @param name as it was made */
async function endSandbox({ session, terminal }: Context, ref: VmRef, name: string): Promise<void> {
  if ((await throwAwayUnused(session.engine, ref, name)).length > 0) {
    terminal.tell(usedSinceText(name));
  }
}

async function stays({ session: { engine } }: Context, view: VmView, snapshot: string): Promise<string> {
  const title = titleOf({ tree: await engine.readTree(view.ref) }, snapshot);
  return t('The snapshot “{0}” stays on {1} until you delete it.', displayLine(title), displayLine(view.vm.name));
}

async function makeForks(
  context: Context,
  view: VmView,
  count: number,
  network: ForkOptions['network'],
  lent?: 'lent',
): ReturnType<typeof forkVm> {
  const { call, session, terminal, interruption } = context;
  const { from, name, seamless } = call.texts as ForkOptions;
  const snapshot = from === undefined ? undefined : await session.snapshot(view, from);
  return forkVm(session.engine, view.ref, {
    count,
    signal: interruption.signal,
    onMade: (number, of) => terminal.progress(t('fork {0} of {1}', number + 1, of)),
    ...(snapshot !== undefined && { snapshot: snapshot.name }),
    ...(name !== undefined && { name }),
    ...(network !== undefined && { network }),
    ...session.seamlessWish(seamless),
    ...((call.flags.has('disposable') || lent === 'lent') && { disposable: true }),
  });
}

async function makeFork(context: Context, view: VmView): Promise<VmRef> {
  const { children, snapshot } = await makeForks(context, view, 1, 'unplugged', 'lent');
  const [child] = children;
  context.terminal.tell(await stays(context, view, snapshot));
  if (child === undefined) {
    throw new CliError('failed', t('Nothing was created.'));
  }
  return child;
}

async function makeSandboxClone(context: Context, view: VmView): Promise<VmRef> {
  const {
    call,
    session,
    interruption: { signal },
  } = context;
  const { from, name } = call.texts as ForkOptions;
  const snapshot = from === undefined ? undefined : await session.snapshot(view, from);
  const { engine } = session;
  const request = cloneRequest(engine, view.ref, {
    network: 'unplugged',
    disposable: true,
    ...(name !== undefined && { name }),
    ...(snapshot !== undefined && { snapshot: snapshot.name }),
  });
  const ref = await makeClone(engine, request, { signal });
  try {
    await engine.runOperation({ kind: 'power', vm: ref, action: 'start' }, { signal });
  } catch (error) {
    await endSandbox(context, ref, request.clone.name);
    throw error;
  }
  return ref;
}
