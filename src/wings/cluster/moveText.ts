// What a move does, and why it cannot be, as sentences.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { refuse } from '../../domain/refusal.js';
import { bytesText } from '../../text/bytesText.js';
import { obstacleText } from '../../text/failures/obstacleText.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { measuredText } from '../../text/relativeAge.js';
import { wayTo } from '../../text/ways.js';
import { snapshotCountText } from '../../text/words.js';
import type { MoveEnd } from './move/endMove.js';
import type { ResolvedMove } from './move/leftMoves.js';
import type { MoveRecord } from './move/moveStore.js';
import type { PlannedMove } from './move/plannedMove.js';
import type { MoveProblem } from './moveFault.js';

export interface MoveWords {
  readonly vm: string;
  /** The other host. */
  readonly host: string;
  /** Of its connection, where `host` is what a person calls it. */
  readonly uri?: string;
}

export function moveProblemText(problem: MoveProblem, { vm: name, host: there, uri = there }: MoveWords): string {
  const [vm, host] = [displayLine(name), displayLine(there)];
  switch (problem.kind) {
    case 'sameHost':
      return t('{0} is the host that {1} is on.', host, vm);
    case 'neitherOnNorOff':
      return t('{0} is neither running nor off. Start it, or shut it down, first.', vm);
    case 'cameHerePaused':
      return t(
        '{0} came to its host paused. If it is moved again before it runs, its QEMU ends and its RAM is lost. Resume it, and move it while it runs.',
        vm,
      );
    case 'notShared':
      return t(
        '{0} is running, and {1} does not have its file {2}. Shut the VM down first: then its files are sent.',
        vm,
        host,
        displayLine(problem.file),
      );
    case 'notTaken':
      return t('{0} does not take {1}: {2}', host, vm, displayLine(problem.said, 500));
    case 'noWay':
      return t(
        'The host of {0} knows no address of {1} ({2}). Say which it has: {3}',
        vm,
        host,
        problem.names.map((one) => displayLine(one)).join(', '),
        `virt-rewind move ${displayLine(name)} ${displayLine(uri)} --address 192.0.2.7`,
      );
    case 'checkpoints':
      return t(
        '{0} has checkpoints of libvirt, which a backup program goes by and which cannot be moved. Delete them first: {1}',
        vm,
        'virsh checkpoint-list',
      );
    case 'stateUnknown':
      return t(
        'The saved state or the TPM of {0} is in a file that cannot be found, so it cannot be moved. Connect with the usual URI of its host.',
        vm,
      );
    case 'changed':
      return t('{0} was started or changed during the move, so the move was undone.', vm);
    case 'nameTaken':
    case 'uuidTaken':
      return t('{0} already has a VM with the name or the UUID of {1}.', host, vm);
    case 'notQemu':
    case 'readOnly':
      return `${host}: ${obstacleText(problem.kind)}`;
    case 'folderMissing':
      return t(
        '{0} has no folder {1}, in which files of {2} are. Create it there first.',
        host,
        displayLine(problem.folder),
        vm,
      );
    case 'fileThere':
      return t('{0} already has a file {1}, which is not that of {2}.', host, displayLine(problem.file), vm);
    case 'linked':
      return t('{0} is a link or changed, so it cannot be moved.', displayLine(problem.file));
    case 'notSame':
      return t('{0} is not the same on {1} as here, so the move was undone.', displayLine(problem.file), host);
    case 'needed':
      return t(
        '{0} is also a file of {1}, which would lose it.',
        displayLine(problem.file),
        problem.vms.map((one) => displayLine(one)).join(', '),
      );
    case 'ofLab':
      return t('{0} is a VM of the lab {1}, which must stay on its host.', vm, displayLine(problem.lab));
    case 'ofSystem':
      return t(
        '{0} is a VM of the system {1}, which would lose it. Ungroup the system first: {2}. This deletes its restore points, but no snapshot.',
        vm,
        displayLine(problem.system),
        wayTo('ungroup', displayLine(problem.system)),
      );
    case 'ofCluster':
      if (problem.snapshots) {
        return t(
          'A cluster runs {0} as “{1}”, and does not move a VM with snapshots: it stops the VM and starts it elsewhere, without its RAM and its snapshots. Delete the snapshots first.',
          vm,
          displayLine(problem.resource),
        );
      }
      return t(
        'A cluster runs {0} as “{1}”, and decides where. Use the cluster: {2}',
        vm,
        displayLine(problem.resource),
        `crm_resource --resource ${displayLine(problem.resource)} --move --node ${host}`,
      );
    case 'lacking':
      return problem.lacking.what === 'machine'
        ? t('QEMU on {0} has no machine type {1}, which {2} has.', host, displayLine(problem.lacking.name), vm)
        : t('{0} cannot run {1}: it has no VMs of {2}.', host, vm, displayLine(problem.lacking.name));
    case 'noRoom':
      return `${host}: ${t(
        '{0} has {1} free, but the VM needs {2}.',
        displayLine(problem.folder),
        bytesText(problem.free),
        bytesText(problem.bytes),
      )}`;
    case 'cannotWrite':
      return `${host}: ${t('{0} cannot be written: {1}', displayLine(problem.folder), displayLine(problem.said, 500))}`;
    case 'busy':
      return `${t('Another operation is running on {0}.', vm)} ${t('Try again when it has finished.')}`;
    case 'bothOn':
      return t(
        'A move of {0} to {1} was interrupted, and {0} is on at both hosts. Nothing was changed. Look at both ({2}), and force off the one that you do not need. Then finish the move: {3}',
        vm,
        host,
        `virsh domstate --reason ${vm}`,
        wayTo('finish', vm),
      );
    case 'bothUsed':
      return t(
        'A move of {0} to {1} was interrupted, and the VM was used on both hosts since, or cannot be compared. Nothing was changed. Compare both, and undefine the one that you do not need. Then mark the move as resolved: {2}',
        vm,
        host,
        wayTo('dismiss', vm),
      );
    case 'othersDeed':
      return t(
        'A move of {0} to {1} was interrupted, and somebody else acted since: {2} no longer has {3}. Nothing was changed. Find out which host is to have {0}, and undefine it on the others. Then mark the move as resolved: {4}',
        vm,
        host,
        displayLine(problem.host),
        displayLine(problem.name),
        wayTo('dismiss', vm),
      );
    case 'movedByOther':
      return t(
        'The computer {0} is moving {1}, or was interrupted. Finish the move there: {2}. If that computer is gone for good, find out which hosts have {1}, and remove the folder {3} on {4}.',
        problem.by || '?',
        vm,
        wayTo('finish', vm),
        displayLine(problem.folder),
        displayLine(problem.host),
      );
  }
}

/** What was made on the other host is there still. */
export function staysText({ vm, host }: MoveWords): string {
  return t(
    'What was sent to {0} could not be removed. Do not start {1} there. Finish it when {0} can be reached: {2}',
    displayLine(host),
    displayLine(vm),
    wayTo('finish', displayLine(vm)),
  );
}

export function planLines(
  { view, documents, live, send, shared, mediaMissing, standing }: PlannedMove,
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
    ...(shared.length > 0
      ? [t('Files on storage that both hosts have: {0}. They stay where they are.', shared.length)]
      : []),
    ...(standing.isPersistent
      ? []
      : [t('The VM is transient: the VM and its snapshots no longer exist when it stops.')]),
    ...mediaMissing.map((file) =>
      t('{0} has no {1}: the VM would not start with it in its drive.', there, displayLine(file)),
    ),
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
