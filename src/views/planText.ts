// Plan → the words of its confirmation: what is lost, how long the guest stands still, which way a merge goes.
// Knows nothing of the editor.
import type { VmView } from '../inventory/views.js';
import type { OperationRequest, PowerAction } from '../model/operation.js';
import type { Loss, Plan, Warning } from '../model/plan.js';
import { titleIn } from './operationProgress.js';
import { durationText, relativeAge } from './relativeAge.js';
import type { Translate } from './translate.js';
import { kindSentence, powerWord } from './words.js';

export interface PlanText {
  /** The question, naming VM and snapshot. */
  readonly title: string;
  /** Lines of plain text. */
  readonly detail: string;
  /** The label of the button that goes on. */
  readonly confirm: string;
}

/** More names than this are counted, not listed: a modal dialog does not scroll. */
const longestList = 8;

/** @param now seconds since 1970 */
export function planText(plan: Plan, target: VmView, now: number, t: Translate): PlanText {
  const snapshot = snapshotOf(plan, target);
  const lines = [
    ...(snapshot === undefined || plan.request.type !== 'revert'
      ? []
      : [t('{0} was taken {1}.', snapshot.title, agoText(snapshot.createdAt, now, t)), kindSentence(snapshot, t)]),
    ...(plan.losses.length === 0
      ? plan.request.type === 'delete'
        ? [t('The present state of the VM stays as it is.')]
        : []
      : ['', t('Lost for ever:'), ...plan.losses.map((loss) => `• ${lossText(loss, target, now, t)}`)]),
    ...(plan.warnings.length === 0
      ? []
      : ['', ...plan.warnings.map((warning) => warningText(warning, plan, target, t))]),
    ...(plan.request.type === 'revert' ? ['', afterText(plan.request, plan, target, t)] : []),
  ];
  return {
    title: question(plan.request, target, t),
    detail: lines
      .filter((line) => line !== undefined)
      .join('\n')
      .trim(),
    confirm: confirmLabel(plan.request, t),
  };
}

function snapshotOf(plan: Plan, target: VmView): NonNullable<VmView['tree']>['snapshots'][number] | undefined {
  return target.tree?.snapshots.find((snapshot) => snapshot.name === plan.snapshot);
}

function question(request: OperationRequest, target: VmView, t: Translate): string {
  const vm = target.vm.name;
  const snapshot = titleIn(target, request);
  switch (request.type) {
    case 'create':
      return t('Take the snapshot {0} of {1}?', snapshot, vm);
    case 'revert':
      return t('Revert {0} to {1}?', vm, snapshot);
    case 'delete':
      return request.scope === 'one'
        ? t('Delete the snapshot {0} of {1}?', snapshot, vm)
        : t('Delete the snapshot {0} of {1} and all its descendants?', snapshot, vm);
    case 'describe':
      return t('Change the title and description of {0}?', snapshot);
    case 'power':
      return powerQuestion(request.action, vm, t);
  }
}

function powerQuestion(action: PowerAction, vm: string, t: Translate): string {
  switch (action) {
    case 'start':
      return t('Start {0}?', vm);
    case 'shutDown':
      return t('Shut {0} down?', vm);
    case 'forceOff':
      return t('Force {0} off?', vm);
    case 'pause':
      return t('Pause {0}?', vm);
    case 'resume':
      return t('Resume {0}?', vm);
    case 'restart':
      return t('Restart {0}?', vm);
  }
}

function confirmLabel(request: OperationRequest, t: Translate): string {
  switch (request.type) {
    case 'create':
      return t('Take Snapshot');
    case 'revert':
      return t('Revert');
    case 'delete':
      return request.scope === 'one' ? t('Delete') : t('Delete All');
    case 'describe':
      return t('Change');
    case 'power':
      return request.action === 'forceOff' ? t('Force Off') : t('Go On');
  }
}

function lossText(loss: Loss, target: VmView, now: number, t: Translate): string {
  switch (loss.what) {
    case 'diskChanges': {
      const since = target.tree?.snapshots.find((snapshot) => snapshot.name === loss.since);
      return since === undefined
        ? t('what was written to its disks since then')
        : t('what was written to its disks since {0} ({1})', since.title, agoText(since.createdAt, now, t));
    }
    case 'ram':
      return t('its RAM: the programs that run in it now');
    case 'configuration':
      return t('changes of its configuration since then');
    case 'restorePoints': {
      const titles = loss.names.map(
        (name) => target.tree?.snapshots.find((snapshot) => snapshot.name === name)?.title ?? name,
      );
      return titles.length <= longestList
        ? t('the way back to: {0}', titles.join(', '))
        : t('the way back to {0} snapshots: {1} …', titles.length, titles.slice(0, longestList).join(', '));
    }
    case 'unsavedWork':
      return t('what its programs have not written to disk yet');
  }
}

function warningText(warning: Warning, plan: Plan, target: VmView, t: Translate): string {
  switch (warning.about) {
    case 'guestStandsStill':
      return warning.estimateMs === undefined
        ? t('The guest stands still while it is done.')
        : t('The guest stands still for about {0}.', durationText(warning.estimateMs, t));
    case 'crashConsistent':
      return t('The guest will find its disks as after a power cut.');
    case 'merges': {
      const from = snapshotOf(plan, target)?.title ?? plan.snapshot ?? '';
      const into = target.tree?.snapshots.find((snapshot) => snapshot.name === warning.into)?.title ?? warning.into;
      return into === undefined
        ? t('What was written after {0} is merged down into the image below it; nothing of it is lost.', from)
        : t('What was written after {0} is merged into {1}; nothing of it is lost.', from, into);
    }
    case 'startsQemu':
      return t('The VM is off: for a moment it is started without running, to change its image.');
    case 'knownBadVersion':
      return t('libvirt {0} is known to be bad at this: {1}', warning.version, warning.why);
    case 'agentMissing':
      return t('No guest agent answers, so the guest’s file systems are not frozen.');
  }
}

function afterText(
  request: Extract<OperationRequest, { type: 'revert' }>,
  plan: Plan,
  target: VmView,
  t: Translate,
): string {
  const now = powerWord(target.vm, t);
  const step = plan.steps.find((one) => one.do === 'revert');
  switch (request.after) {
    case 'running':
      return t('The VM is {0} now and will be running.', now);
    case 'paused':
      return t('The VM is {0} now and will be paused.', now);
    case 'off':
      return t('The VM is {0} now and will be off.', now);
    case 'asSnapshot':
    case 'asBefore':
      return step?.to === 'running'
        ? t('The VM is {0} now and will be running.', now)
        : step?.to === 'paused'
          ? t('The VM is {0} now and will be paused.', now)
          : t('The VM is {0} now and will be as it was when the snapshot was taken.', now);
  }
}

function agoText(at: number, now: number, t: Translate): string {
  return now - at < 60 ? t('just now') : t('{0} ago', relativeAge(at, now, t));
}
