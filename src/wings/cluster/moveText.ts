// What a move does, and why it cannot be, as sentences.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { refuse } from '../../domain/refusal.js';
import { bytesText } from '../../text/bytesText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { measuredText } from '../../text/relativeAge.js';
import { snapshotCountText } from '../../text/words.js';
import type { MoveEnd } from './move/endMove.js';
import type { ResolvedMove } from './move/leftMoves.js';
import type { MoveRecord } from './move/moveStore.js';
import type { PlannedMove } from './move/plannedMove.js';

export function planLines(
  { view, documents, needs, live, send, shared, mediaMissing, standing }: PlannedMove,
  host: string,
): readonly string[] {
  const bytes = send.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0);
  const there = displayLine(host);
  return [
    t('Move {0} with {1} to {2}?', displayLine(view.vm.name), snapshotCountText(documents.snapshots.length), there),
    ...(live === undefined || view.vm.power === 'paused'
      ? []
      : [t('It goes on running there; {0} has tried to take it. It stands still for a moment at the end.', there)]),
    ...(send.length > 0
      ? [t('Files to send: {0}, {1}. Here they go to the trash beside them.', send.length, bytesText(bytes))]
      : []),
    ...(live?.copied === undefined
      ? []
      : [t('The VM runs on meanwhile, but its disks are slower until it runs on {0}.', there)]),
    ...(shared.length > 0
      ? [t('Files on storage that both hosts have: {0}. They stay where they are.', shared.length)]
      : []),
    ...(standing.isPersistent
      ? []
      : [t('The VM is transient: the VM and its snapshots no longer exist when it stops.')]),
    ...mediaMissing.map((file) =>
      t('{0} has no {1}: the VM would not start with it in its drive.', there, displayLine(file)),
    ),
    ...(needs.ofHost.length > 0
      ? [t('It uses parts of {0}: {1}', there, needs.ofHost.map((part) => displayLine(part)).join(', '))]
      : []),
    ...(needs.emulator === undefined ? [] : [t('There it runs with {0}.', displayLine(needs.emulator))]),
    ...(live === undefined ? [t('Networks that it uses must exist on {0} under the same names.', there)] : []),
  ];
}

/** One that broke off, and what is to be done about it. */
export function leftText({ vm: { name }, to }: MoveRecord): string {
  const { reason, nextStep } = refusalText(refuse('moveInterrupted', { vm: name, host: to }).refusal);
  return `${reason} ${nextStep}`;
}

export function resolveLines({ vm: { name }, from, to }: MoveRecord): readonly [string, string] {
  const vm = displayLine(name);
  return [
    t('Mark the interrupted move of {0} to {1} as resolved?', vm, displayLine(to)),
    t('{0} stays as it is on both hosts ({1}). Start it on one of them only.', vm, displayLine(from)),
  ];
}

export function resolvedLine({ kept, to, sent, isSeen }: ResolvedMove): string {
  const notes = t('The notes of the move are kept in “{0}”.', kept);
  const [host, files] = [displayLine(to), sent.map((file) => displayLine(file)).join(', ')];
  if (sent.length === 0) {
    return notes;
  }
  const told = isSeen
    ? t('Files that were sent stay on {0}: {1}', host, files)
    : t('{0} was not reached. Files that were sent may be there: {1}', host, files);
  return `${told}\n${notes}`;
}

export function movedLines(ended: MoveEnd, host: string): readonly string[] {
  const { end, again, record, trashed, kept, isOn, stopMs } = ended;
  const [vm, there] = [displayLine(record.vm.name), displayLine(host)];
  const definedAgain =
    again === undefined ? [] : [t('Neither host had {0} any more, so it was defined again with its snapshots.', vm)];
  if (end === 'undone') {
    return [t('Undid the move of {0}: it is where it was.', vm), ...definedAgain];
  }
  return [
    ['there', 'leaving'].includes(record.phase) && isOn === undefined
      ? t('Moved {0} to {1}. It is off.', vm, there)
      : t('Moved {0} to {1}.', vm, there),
    ...definedAgain,
    ...(stopMs === undefined ? [] : [t('The VM paused for {0}.', measuredText(stopMs))]),
    ...(trashed.length > 0
      ? [
          t(
            'Its files here are in {0} beside where they were; delete them when the VM works there.',
            '.virt-rewind-trash',
          ),
        ]
      : []),
    ...kept.map((file) =>
      t('{0} stays here: another VM uses it, or somebody changed it during the move.', displayLine(file)),
    ),
  ];
}
