// Plan → the words of its confirmation: what is lost, how long the guest stands still, which way a merge goes.
// Knows nothing of the editor.
import type { VmView } from '../inventory/views.js';
import type { OperationRequest, PowerAction } from '../model/operation.js';
import type { Loss, Plan, Warning } from '../model/plan.js';
import { displayLine } from '../model/plainText.js';
import type { Snapshot } from '../model/snapshot.js';
import { findSnapshot } from '../model/snapshotTree.js';
import { titleIn, titleOf } from './operationProgress.js';
import { agoText, durationText } from './relativeAge.js';
import type { Translate } from './translate.js';
import { kindSentence, powerWord, snapshotStateWord } from './words.js';

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
      : [
          t('{0} was taken {1}.', displayLine(snapshot.title), agoText(snapshot.createdAt, now, t)),
          kindSentence(snapshot, t),
        ]),
    ...lossLines(plan, target, now, t),
    ...(plan.warnings.length === 0
      ? []
      : ['', ...plan.warnings.map((warning) => warningText(warning, plan, target, t))]),
    ...(snapshot === undefined || plan.request.type !== 'revert' ? [] : ['', statesText(snapshot, target, t)]),
  ];
  return {
    title: question(plan.request, target, t),
    detail: lines.join('\n').trim(),
    confirm: confirmLabel(plan.request, t),
  };
}

function lossLines(plan: Plan, target: VmView, now: number, t: Translate): readonly string[] {
  if (plan.losses.length === 0) {
    return plan.request.type === 'delete' ? [t('The present state of the VM stays as it is.')] : [];
  }
  return ['', t('Lost for ever:'), ...plan.losses.map((loss) => `• ${lossText(loss, plan, target, now, t)}`)];
}

/** The state afterwards is chosen by the button, so only what is known is said of it. */
function statesText(snapshot: Snapshot, target: VmView, t: Translate): string {
  const then = snapshotStateWord(snapshot.state, t);
  return t('The VM is {0} now; when the snapshot was taken it was {1}.', powerWord(target.vm, t), then);
}

function snapshotOf(plan: Plan, target: VmView): Snapshot | undefined {
  return target.tree && plan.snapshot !== undefined ? findSnapshot(target.tree, plan.snapshot) : undefined;
}

function question(request: OperationRequest, target: VmView, t: Translate): string {
  const vm = displayLine(target.vm.name);
  const snapshot = displayLine(titleIn(target, request));
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
      return powerLabel(request.action, t);
  }
}

function powerLabel(action: PowerAction, t: Translate): string {
  switch (action) {
    case 'forceOff':
      return t('Force Off');
    case 'shutDown':
      return t('Shut Down');
    case 'restart':
      return t('Restart');
    case 'start':
    case 'pause':
    case 'resume':
      return t('Go On');
  }
}

function lossText(loss: Loss, plan: Plan, target: VmView, now: number, t: Translate): string {
  switch (loss.what) {
    case 'diskChanges': {
      const since = target.tree && loss.since !== undefined ? findSnapshot(target.tree, loss.since) : undefined;
      return since === undefined
        ? t('what was written to its disks since then')
        : t(
            'what was written to its disks since {0} ({1})',
            displayLine(since.title),
            agoText(since.createdAt, now, t),
          );
    }
    case 'ram':
      return t('its RAM: the programs that run in it now');
    case 'configuration':
      return plan.request.type === 'power'
        ? t('its configuration: the VM is transient, and gone when it is off')
        : t('changes of its configuration since then');
    case 'restorePoints': {
      const titles = loss.names.map((name) => displayLine(titleOf(target, name)));
      return titles.length <= longestList
        ? t('the way back to: {0}', titles.join(', '))
        : t('the way back to {0} snapshots: {1} …', titles.length, titles.slice(0, longestList).join(', '));
    }
    case 'unsavedWork':
      return t('what its programs have not written to disk yet');
  }
}

export function warningText(warning: Warning, plan: Plan, target: VmView, t: Translate): string {
  switch (warning.about) {
    case 'guestStandsStill':
      return warning.estimateMs === undefined
        ? t('The guest stands still while it is done.')
        : t('The guest stands still for about {0}.', durationText(warning.estimateMs, t));
    case 'crashConsistent':
      return t('The guest will find its disks as after a power cut.');
    case 'merges': {
      const from = displayLine(snapshotOf(plan, target)?.title ?? plan.snapshot ?? '');
      return warning.into === undefined
        ? t('What was written after {0} is merged down into the image below it; nothing of it is lost.', from)
        : t('What was written after {0} is merged into {1}; nothing of it is lost.', from, warning.into);
    }
    case 'startsQemu':
      return t('The VM is off: for a moment it is started without running, to change its image.');
    case 'knownBadVersion':
      return t('libvirt {0} is known to be bad at this: {1}', warning.version, warning.why);
    case 'agentMissing':
      return t('No guest agent answers, so the guest’s file systems are not frozen.');
    case 'cannotRevertHere':
      return t(
        'libvirt {0} makes this snapshot and cannot revert to it; libvirt {1} can.',
        warning.version,
        warning.needed,
      );
    case 'nvramNotCaptured':
      return t('The UEFI variables are not in the snapshot: they stay as they are.');
    case 'vanishesWhenStopped':
      return t('The VM is transient: it and its snapshots vanish when it stops.');
    case 'leavesFile':
      return t('This libvirt leaves the file {0} behind.', warning.file);
  }
}
