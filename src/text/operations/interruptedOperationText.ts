// What had broken off on a VM and what would be done about it, for the person who is to decide.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import { displayLine } from '../../domain/plainText.js';
import type { InterruptedPreview } from '../../operations/interrupted.js';
import { titleIn } from './operationProgress.js';
import { refusalText } from '../refusals/refusalText.js';
import { agoText } from '../relativeAge.js';
import { operationWords } from './operationText.js';

/** The longest command in a line of a question. */
const longestCommand = 170;
/** The longest title of a snapshot in a line of a question. */
const longestTitle = 48;

/** More are in no dialog that anybody reads to its end. */
const mostCommands = 12;

/**
 * | what would be done    | says |
 * |-----------------------|------|
 * | nothing               | that nothing is left to do |
 * | steps                 | whether they lead to before or after it, and the commands |
 * | only a person can     | why, what helps, and the commands |
 *
 * @param now milliseconds since 1970
 */
function interruptedOperationText(
  { request, vm, startedAt, recovery, commands }: InterruptedPreview,
  view: VmView,
  now: number,
): string {
  const what = operationWords(request, displayLine(titleIn(view, request)));
  const began = t('{0}: {1} was interrupted (started {2}).', displayLine(vm), what, agoText(startedAt, now));
  switch (recovery.kind) {
    case 'settled':
      return [began, t('No action is needed.')].join('\n');
    case 'explain': {
      const { reason, nextStep } = refusalText(recovery.why, vm);
      return [began, reason, nextStep, ...commandsText(commands)].filter((line) => line !== '').join('\n');
    }
    case 'steps':
      return [
        began,
        recovery.to === 'before'
          ? t('This undoes the operation. Virt Rewind checks the VM again, then runs:')
          : t('This finishes the operation. Virt Rewind checks the VM again, then runs:'),
        ...commandsText(commands),
      ].join('\n');
  }
}

function commandsText(commands: readonly string[]): readonly string[] {
  const more = commands.length - mostCommands;
  return [
    ...commands.slice(0, mostCommands).map((command) => displayLine(command)),
    ...(more > 0 ? [t('and {0} more', more)] : []),
  ];
}

export function interruptedOperationsText(
  unfinished: readonly InterruptedPreview[],
  view: VmView,
  now: number,
): string {
  return unfinished.map((one) => interruptedOperationText(one, view, now)).join('\n\n');
}

/** What is asked of a wing's before it is left as it is. */
export function dismissal(vm: string): { readonly lines: readonly string[]; readonly confirm: string } {
  return { lines: [dismissTitle(displayLine(vm))], confirm: t('Mark as Resolved') };
}

/** @param vm its name as it is shown */
export function dismissTitle(vm: string): string {
  return t('Mark the interrupted operation on {0} as resolved?', vm);
}

/** What is told before it is left as it is. */
export function dismissedLines(
  unfinished: readonly InterruptedPreview[],
  view: VmView,
  now: number,
): readonly string[] {
  return [
    ...interruptedOperationLines(unfinished, view, now).slice(0, 2),
    t('Virt Rewind will not finish that operation. If you are not sure, diagnose {0} first.', view.vm.name),
  ];
}

/**
 * The same, as short as a question: what was interrupted, and what would become of it.
 * @param now milliseconds since 1970
 */
export function interruptedOperationLines(
  unfinished: readonly InterruptedPreview[],
  view: VmView,
  now: number,
): readonly string[] {
  const [first] = unfinished;
  if (first === undefined) {
    return [];
  }
  const what = operationWords(first.request, displayLine(titleIn(view, first.request), longestTitle));
  const began = t('Interrupted: {0}, started {1}.', what, agoText(first.startedAt, now));
  const others = unfinished.length === 1 ? '' : ` ${moreText(unfinished.length - 1)}`;
  const count = (of: (one: InterruptedPreview['recovery']) => boolean): number =>
    unfinished.filter(({ recovery }) => of(recovery)).length;
  const [undone, finished, explained] = [
    count((one) => one.kind === 'steps' && one.to === 'before'),
    count((one) => one.kind === 'settled' || (one.kind === 'steps' && one.to !== 'before')),
    count((one) => one.kind === 'explain'),
  ];
  const ends = [
    ...(finished > 0 ? [t('To be finished: {0}.', finished)] : []),
    ...(undone > 0 ? [t('To be undone: {0}.', undone)] : []),
    ...(explained > 0 ? [t('To decide manually: {0}.', explained)] : []),
  ];
  return [
    `${began}${others}`,
    ...(ends.length === 0 ? [] : [ends.join(' ')]),
    ...commandLine(unfinished.flatMap((one) => (one.recovery.kind === 'steps' ? one.commands : []))),
  ];
}

function commandLine(commands: readonly string[]): readonly string[] {
  const [only, ...others] = commands;
  if (only === undefined) {
    return [];
  }
  return [
    others.length === 0
      ? t('Runs: {0}', displayLine(only, longestCommand))
      : t('Details shows the {0} commands to run.', commands.length),
  ];
}

function moreText(count: number): string {
  return count === 1 ? t('1 more operation.') : t('{0} more operations.', count);
}
