// The commands that change a VM: each is planned, told, agreed to, carried out, and told again.
import { t } from '@vscode/l10n';
import { asFailure } from '../../domain/asFailure.js';
import type { AfterRevert, DeleteScope, OperationRequest, PowerAction } from '../../domain/operation.js';
import { fullTime } from '../../domain/clockText.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot, SnapshotKind, SnapshotStyle } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';
import type { VmView } from '../../live/views.js';
import { usualTrashDays } from '../../manifest/settings.js';
import { isAlreadyInState } from '../../operations/power/alreadyInState.js';
import type { RevertWish, SeamlessWish } from '../../session/session.js';
import { chosenByRule } from '../../operations/prune/pruneRule.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import { skippedIn } from '../../text/questions/pruneText.js';
import type { About } from '../../text/questions/questionText.js';
import { trashLine, trashQuestion } from '../../text/questions/trashText.js';
import { powerWord } from '../../text/words.js';
import { ruleOf, untilOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import { type CommandAnswer, withText } from '../printed.js';
import { carryOut } from '../carryOut.js';
import { startTimer } from './startTimer.js';
import { carryOutWish } from '../carryOutSystem.js';
import { targetOf } from '../target.js';
import type { Answers } from '../answers.js';

type DeleteRequest = Extract<OperationRequest, { kind: 'delete' }>;

const dayMs = 24 * 3_600_000;

/** The arguments have been held to their words. */
const texts = ({ call }: Context): OperationOptions => call.texts;

interface OperationOptions {
  readonly kind?: SnapshotKind;
  readonly style?: SnapshotStyle;
  readonly after?: AfterRevert;
  readonly scope?: DeleteScope;
  readonly description?: string;
  readonly without?: string;
  readonly seamless?: SeamlessWish;
}

export async function checkpoint(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [, title] = call.operands;
  const { kind, style, description, seamless, without } = texts(context);
  const until = untilOf(call, Date.now());
  const target = await targetOf(context);
  if (target.kind === 'system') {
    const ended = await carryOutWish(context, target.stored, {
      kind: 'checkpoint',
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(until !== undefined && { until }),
    });
    return tellUntil(context, until, target.stored.system.members, ended);
  }
  const { view } = target;
  const request = await session.checkpointRequest(view, {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(until !== undefined && { until }),
    ...(kind !== undefined && { kind }),
    ...(style !== undefined && { style }),
    ...(call.flags.has('quiesce') && { quiesce: true }),
    ...(call.flags.has('live') && { live: true }),
    ...(seamless !== undefined && { seamless }),
    ...(without !== undefined && { without: without.split(',').map((disk) => disk.trim()) }),
  });
  return tellUntil(context, until, [view.ref], await carryOut(context, view, request));
}

/** That it is written down, and what deletes it then. */
async function tellUntil(
  context: Context,
  until: number | undefined,
  vms: readonly VmRef[],
  ended: CommandAnswer,
): Promise<CommandAnswer> {
  const { call, session, terminal } = context;
  if (until === undefined) {
    return ended;
  }
  if (call.flags.has('plan')) {
    return { ...ended, beside: [...(ended.beside ?? []), t('Kept until {0}, then deleted.', fullTime(until))] };
  }
  for (const ref of vms) {
    const isDated = (await session.engine.datedSnapshots(ref)).some((one) => one.until === until);
    terminal.tell(
      isDated
        ? t('Kept until {0}, then deleted.', fullTime(until))
        : t('The date could not be written down. The snapshot stays until you delete it.'),
    );
  }
  await startTimer(context);
  return ended;
}

export async function revert(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [, wanted = ''] = call.operands;
  const target = await targetOf(context);
  return target.kind === 'system'
    ? carryOutWish(context, target.stored, { kind: 'revert', point: wanted })
    : revertTo(context, target.view, await session.snapshot(target.view, wanted));
}

interface UndoneRevert {
  readonly about?: About;
  /** The id of the operation that it undoes. */
  readonly undoes?: string;
  /** The state of the VM afterwards, unless one is given. */
  readonly after?: AfterRevert;
}

export async function revertTo(
  context: Context,
  view: VmView,
  snapshot: Snapshot,
  { about, undoes, ...undone }: UndoneRevert = {},
): Promise<CommandAnswer> {
  const { call, session } = context;
  const { after = undone.after, seamless } = texts(context);
  const wish: RevertWish = {
    ...(after !== undefined && { after }),
    ...(call.flags.has('no-checkpoint') && { checkpointFirst: false }),
    ...(seamless !== undefined && { seamless }),
  };
  const request = session.revertRequest(view, snapshot, wish);
  try {
    return await carryOut(context, view, request, about, undoes);
  } catch (error) {
    const isRefused = asFailure(error).kind === 'refused' && request.checkpointFirst === true;
    if (isRefused && (await session.engine.plan({ ...request, checkpointFirst: false })).kind === 'plan') {
      context.terminal.tell(t('Possible if the current state is not saved: {0}.', '--no-checkpoint'));
    }
    throw error;
  }
}

export async function deleteSnapshot(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [, wanted = ''] = call.operands;
  const target = await targetOf(context);
  if (target.kind === 'system') {
    return carryOutWish(context, target.stored, { kind: 'delete', point: wanted });
  }
  const { view } = target;
  const snapshot = await session.snapshot(view, wanted);
  const scope = texts(context).scope ?? 'one';
  const request = { kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope } as const;
  return call.flags.has('trash') ? moveToTrash(context, view, request) : carryOut(context, view, request);
}

/** What could not be deleted is refused: it would wait for nothing. */
async function moveToTrash(
  { call, session, terminal }: Context,
  view: VmView,
  request: DeleteRequest,
): Promise<CommandAnswer> {
  const { deletes = [] } = await session.plan(view, request);
  const days = session.settings.trashDays || usualTrashDays;
  if (call.flags.has('plan')) {
    const now = session.view(view);
    const titles = deletes.map((one) => displayLine(titleOf(now, one)));
    const nothing = { losses: [], warnings: [], commands: [] };
    const plan = { operation: 'trash', ...nothing, trashes: deletes, asks: false, needsName: false };
    return {
      answer: { vm: session.infoOf(now), plan } satisfies Answers['plan'],
      text: [
        terminal.style('bold', trashQuestion(displayLine(now.vm.name), titles)),
        ...(titles.length === 1 ? [] : titles),
        trashLine(days),
        '',
        t('Nothing was changed.'),
      ],
    };
  }
  const until = Date.now() + days * dayMs;
  await session.engine.mark({ kind: 'trash', vm: view.ref, snapshots: deletes, put: 'in', until });
  const after = session.view(view);
  const { state } = session.infoOf(after);
  terminal.tell(t('Moved “{0}” to the trash.', deletes.map((one) => displayLine(titleOf(after, one))).join(', ')));
  return {
    answer: { vm: session.infoOf(after), result: { state, durationMs: 0 } } satisfies Answers['operation'],
    text: [],
  };
}

export async function keep(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [vmName = '', wanted = ''] = call.operands;
  const found = await session.vm(vmName);
  const { name, title } = await session.snapshot(found, wanted);
  const isCleared = call.flags.has('clear');
  if (isCleared && (await session.engine.readFavourite(found.ref)) === name) {
    await session.engine.setFavourite(found.ref, undefined);
  }
  const until = untilOf(call, Date.now());
  await session.engine.setKept(found.ref, [name], isCleared ? 'free' : 'kept', until === undefined ? {} : { until });
  if ((await session.engine.trashedSnapshots(found.ref)).includes(name)) {
    await session.engine.mark({ kind: 'trash', vm: found.ref, snapshots: [name], put: 'out', until: 0 });
  }
  await (until === undefined ? undefined : startTimer(context));
  const vm = session.infoOf(session.view(found));
  const shown = displayLine(title);
  return {
    answer: { vm, result: { snapshot: name, state: vm.state, durationMs: 0 } } satisfies Answers['operation'],
    text: isCleared
      ? t('No longer kept: {0}', shown)
      : until === undefined
        ? t('Kept: {0}', shown)
        : t('Kept until {0}, then deleted: {1}', fullTime(until), shown),
  };
}

export function start(context: Context): Promise<CommandAnswer> {
  return powerTarget(context, 'start');
}

export function stop(context: Context): Promise<CommandAnswer> {
  return powerTarget(context, 'shutDown');
}

export function pause(context: Context): Promise<CommandAnswer> {
  return power(context, 'pause');
}

export function resume(context: Context): Promise<CommandAnswer> {
  return power(context, 'resume');
}

async function powerTarget(context: Context, kind: 'start' | 'shutDown'): Promise<CommandAnswer> {
  const target = await targetOf(context);
  const { flags } = context.call;
  return target.kind === 'system'
    ? carryOutWish(context, target.stored, { kind })
    : power(context, flags.has('force') ? 'forceOff' : flags.has('save') ? 'save' : kind, target.view);
}

export async function prune(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const rule = ruleOf(call);
  const view = await session.vm(call.operands[0] ?? '');
  const { engine } = session;
  const [tree, trash] = [await engine.readTree(view.ref), await engine.trashedSnapshots(view.ref)];
  const chosen = chosenByRule(rule, tree, trash, Date.now());
  if (chosen.length === 0) {
    throw new CliError('notFound', t('No snapshot of {0} matches the rule.', displayLine(view.vm.name)));
  }
  const request = { kind: 'prune', vm: view.ref, snapshots: chosen.map(({ name }) => name) } as const;
  // Which of the chosen snapshots stay, and why.
  const plan = await session.plan(view, request);
  const done = await carryOut(context, view, request);
  const skipped = call.flags.has('plan') ? [] : skippedIn(plan);
  return withText(
    done,
    skipped.map(({ snapshot, why }) => t('“{0}” is not deleted: {1}', displayLine(titleOf(view, snapshot)), why)),
  );
}

export async function consolidate(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const { disk } = call.texts;
  return carryOut(context, view, {
    kind: 'consolidate',
    vm: view.ref,
    ...(disk !== undefined && { targets: [disk] }),
  });
}

/** Who says what state is wanted has it already, where there is nothing to do. */
async function power(context: Context, action: PowerAction, found?: VmView): Promise<CommandAnswer> {
  const { call, session } = context;
  const view = found ?? (await session.vm(call.operands[0] ?? ''));
  try {
    return await carryOut(context, view, { kind: 'power', vm: view.ref, action });
  } catch (error) {
    const { refusal } = asFailure(error).details;
    if (!isAlreadyInState(action, refusal)) {
      throw error;
    }
    const now = session.view(view);
    return {
      answer: { vm: session.infoOf(now), result: 'nothing to do' } satisfies Answers['operation'],
      text: t('{0} is already {1}.', displayLine(view.vm.name), powerWord(now.vm)),
    };
  }
}
