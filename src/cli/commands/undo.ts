// Undo, redo, and the way back to before an operation: each finds what undoes it, and carries that out as any other
// command does.
import { t } from '@vscode/l10n';
import { Failure } from '../../domain/failure.js';
import type { LoggedOperation } from '../../domain/loggedOperation.js';
import { displayLine } from '../../domain/plainText.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { type UndoableOperation, UndoLook } from '../../engine/undoLook.js';
import type { VmView } from '../../live/views.js';
import type { UndoWay } from '../../operations/undo/undoRules.js';
import {
  loggedLine,
  loggedWords,
  nothingInLogText,
  revertedTo,
  undoLabel,
  undoLine,
  undoneText,
  undoingWords,
} from '../../text/operations/loggedText.js';
import { titleOf } from '../../text/operations/operationProgress.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { agreeTo } from '../agree.js';
import { agreedBefore, carryOut as carryOutAgreed } from '../../session/carryOut.js';
import { carryOut, followAtTerminal } from '../carryOut.js';
import { carryOutWish } from '../carryOutSystem.js';
import { targetOf } from '../target.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { revertTo } from './vmCommands.js';
import type { Answers } from '../answers.js';

export async function undo(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [, id] = call.operands;
  const target = await targetOf(context);
  if (target.kind === 'system') {
    return carryOutWish(context, target.stored, { kind: 'undo' });
  }
  const { view } = target;
  const look = await UndoLook.at(session.engine, view.ref);
  if (id !== undefined) {
    return undoThis(context, view, look, look.of(entryOf(look, view, id)));
  }
  const next = look.next('undo');
  // What was done before there was a log has no entry: the revert of then has its checkpoint.
  return next === undefined ? undoLastRevert(context, view) : undoThis(context, view, look, next);
}

export async function redo(context: Context): Promise<CommandAnswer> {
  const { call, session } = context;
  const [name = '', id] = call.operands;
  const view = await session.vm(name);
  const look = await UndoLook.at(session.engine, view.ref);
  const found = id === undefined ? look.next('redo') : look.redoOf(entryOf(look, view, id));
  if (found === undefined) {
    throw new CliError('notFound', nothingInLogText(view.vm.name, 'redo'));
  }
  return undoThis(context, view, look, found);
}

/** All of it is looked at before; then each is planned and done by itself, on what is then. */
export async function restoreState(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal } = context;
  const [name = '', id = ''] = call.operands;
  const view = await session.vm(name);
  const look = await UndoLook.at(session.engine, view.ref);
  const steps = look.backTo(entryOf(look, view, id));
  const lines = steps.map((step) => `${step.entry.id} ${undoLine(step, look.root(step.entry), view)}`);
  const refused = steps.find(({ way }) => way.kind === 'refusal');
  const title = t('Return {0} to the state before {1}?', displayLine(view.vm.name), id);
  if (call.flags.has('plan') || refused !== undefined || steps.length === 0) {
    terminal.tell([title, ...lines.map((line) => `  ${line}`), t('Nothing was changed.')].join('\n'));
    if (refused !== undefined && !call.flags.has('plan')) {
      requireWay(view, refused);
    }
    return {
      answer: {
        vm: session.infoOf(view),
        entries: steps.map((step) => stepInfo(view, step)),
        done: 0,
      } satisfies Answers['restore'],
      text: [],
      exit: refused === undefined ? 'done' : 'refused',
    };
  }
  await agreeTo(context, {
    lines: [title, ...lines.map((line) => `  ${line}`)],
    confirm: t('Restore'),
    asks: true,
    ...(session.isProtected(view.vm) && { isProtected: displayLine(view.vm.name), typed: view.vm.name }),
  });
  for (const [index, { entry }] of steps.entries()) {
    try {
      const fresh = await UndoLook.at(session.engine, view.ref);
      await doIt(context, session.view(view), entry, requireWay(view, fresh.of(fresh.find(entry.id) ?? entry)));
    } catch (error) {
      terminal.tell(t('Stopped after {0} of {1}. Next: {2}.', index, steps.length, entry.id));
      throw error;
    }
    const done = undoneText('undo', entry, session.view(view), view.vm.name);
    terminal.tell(loggedLine(entry, Date.now(), done));
  }
  const entries = steps.map((step) => stepInfo(view, step));
  const vm = session.infoOf(session.view(view));
  return { answer: { vm, entries, done: steps.length } satisfies Answers['restore'], text: [] };
}

function stepInfo(view: VmView, { entry, way }: UndoableOperation): Answers['restore']['entries'][number] {
  return {
    entry: entry.id,
    what: loggedWords(entry),
    ...(way.kind === 'refusal' ? { refused: refusalText(way.refusal).reason } : { undoneBy: undoingWords(way, view) }),
  };
}

/** All were agreed to together. */
async function doIt(context: Context, view: VmView, { id }: LoggedOperation, way: UndoWay): Promise<void> {
  const { session } = context;
  if (way.kind === 'mark') {
    await session.engine.mark(way.request, id);
  } else {
    const wanted = { view, request: way.request, agreed: await session.plan(view, way.request), undoes: id };
    await carryOutAgreed(session, wanted, { ...agreedBefore, follow: (running) => followAtTerminal(context, running) });
  }
}

async function undoThis(
  context: Context,
  view: VmView,
  look: UndoLook,
  found: UndoableOperation,
): Promise<CommandAnswer> {
  const { call, session, terminal, printer } = context;
  const { entry, does } = found;
  const way = requireWay(view, found);
  const root = look.root(entry);
  const line = loggedLine(entry, Date.now(), undoLabel(does, root, loggedWords(root, view), view));
  if (call.flags.has('plan')) {
    terminal.tell(line);
  } else {
    printer.say({ beside: line });
  }
  if (way.kind === 'mark') {
    if (!call.flags.has('plan')) {
      await session.engine.mark(way.request, entry.id);
    }
    const vm = session.infoOf(session.view(view));
    return { answer: { vm, result: { state: vm.state, durationMs: 0 } } satisfies Answers['operation'], text: [] };
  }
  const { request } = way;
  if (request.kind === 'delete' && call.operands[1] === undefined && call.flags.has('yes')) {
    // Who said yes before may have meant the revert before it.
    throw new CliError(
      'unanswered',
      t(
        'This would delete a snapshot. Specify the operation: {0}',
        `virt-rewind ${call.command} ${displayLine(view.vm.name)} ${entry.id} --yes`,
      ),
    );
  }
  const snapshot =
    request.kind === 'revert' ? findSnapshot(await session.engine.readTree(view.ref), request.snapshot) : undefined;
  if (request.kind !== 'revert' || snapshot === undefined) {
    return carryOut(context, view, request, {}, entry.id);
  }
  const { after } = request;
  const reverted = revertedTo(root, session.view(view));
  const about = reverted === undefined ? {} : { [does === 'undo' ? 'undoes' : 'redoes']: reverted };
  return revertTo(context, view, snapshot, { about, undoes: entry.id, after });
}

async function undoLastRevert(context: Context, view: VmView): Promise<CommandAnswer> {
  const { session } = context;
  const undone = await session.findUndoableRevert(view);
  if (undone === undefined) {
    throw new CliError('notFound', nothingInLogText(view.vm.name, 'undo'));
  }
  const { snapshot, target } = undone;
  return revertTo(
    context,
    view,
    snapshot,
    target === undefined ? {} : { about: { undoes: titleOf(session.view(view), target) } },
  );
}

function entryOf(look: UndoLook, { vm }: VmView, id: string): LoggedOperation {
  const entry = look.find(id.toLowerCase());
  if (entry === undefined) {
    throw new CliError(
      'notFound',
      t(
        'The log of {0} has no entry {1}. {2} shows them.',
        displayLine(vm.name),
        displayLine(id),
        `virt-rewind history ${displayLine(vm.name)}`,
      ),
    );
  }
  return entry;
}

function requireWay({ ref, vm }: VmView, { way }: UndoableOperation): UndoWay {
  if (way.kind === 'refusal') {
    throw new Failure('refused', { connection: ref.connection, vm: vm.name, refusal: way.refusal });
  }
  return way;
}
