// What a person should know before an operation, as short as a question has room for.
import { t } from '@vscode/l10n';
import type { Warning } from '../../domain/consequences.js';
import { displayLine } from '../../domain/plainText.js';
import { estimateText } from '../relativeAge.js';
import { fileName } from './lossText.js';

/** The longest name of a VM. */
const longestName = 32;

type Kind = Warning['kind'];
type Phrase<K extends Kind> = (warnings: readonly Extract<Warning, { readonly kind: K }>[]) => string;

/**
 * Each kind, those first by which somebody may lose something. `elsewhere`: the question has other words for it.
 * `details`: nobody answers another way for it.
 */
const phrases: { readonly [K in Kind]: Phrase<K> | 'elsewhere' | 'details' } = {
  runsOnAfterCheckpoint: () => t('anything the guest writes between that save and the revert is lost'),
  unreadVms: (all) => {
    const [only = '', ...others] = new Set(all.flatMap(({ vms }) => vms));
    return others.length === 0
      ? t('{0} may use these files', displayLine(only, longestName))
      : t('{0} other VMs may use these files', others.length + 1);
  },
  otherHostsUnseen: () => t('VMs of other hosts may use these files'),
  unaskedConnections: () => t('VMs of other connections may use these files'),
  leftByCluster: ([first]) =>
    first?.then === 'starts'
      ? t('the cluster starts it again afterwards')
      : first?.then === 'stops'
        ? t('the cluster stops it afterwards')
        : t('the cluster leaves it alone meanwhile'),
  clusterUnseen: () => t('the cluster of the host may interfere'),
  tagsNotSeen: () => t('snapshots that other tools created in these files may also be deleted'),
  imageDamaged: ([first]) => t('{0} is damaged', fileName(first?.file ?? '')),
  notChecked: (all) => {
    const files = count(all, (one) => one.files);
    return files === 1 ? t('not checked: 1 file') : t('not checked: {0} files', files);
  },
  changesBase: ([first]) => t('{0} changes: it can no longer serve as a template', fileName(first?.file ?? '')),
  vanishesWhenStopped: () => t('the VM and its snapshots no longer exist when it stops'),
  knownBadVersion: ([first]) => t('libvirt {0} has a known bug here', first?.version ?? ''),
  cannotRevertHere: ([first]) => t('libvirt {0} cannot revert to it', first?.version ?? ''),
  cannotBeDeleted: () => t('it can never be deleted'),
  hardwareChanges: () => t('the VM gets the hardware of that time'),
  configuredAsNow: () => t('the hardware of that time is not known'),
  nvramNotCaptured: () => t('its UEFI variables are not reverted'),
  tpmNotCaptured: () => t('the state of its TPM is not reverted'),
  notInSnapshot: () => t('parts of the VM are not reverted'),
  ownerLeftOut: (all) => {
    const disks = count(all, (one) => one.disks);
    return disks === 1 ? t('excluded: 1 disk') : t('excluded: {0} disks', disks);
  },
  skipped: (all) =>
    all.length === 1 ? t('1 snapshot cannot be deleted') : t('{0} snapshots cannot be deleted', all.length),
  cloneGoes: () => t('the clone is deleted with its files'),
  leavesFile: (all) => stayBehind(all.length),
  filesStay: (all) => stayBehind(count(all, ({ files }) => files)),
  goesToTrash: (all) =>
    t(
      'files moved to a trash folder: {0}',
      count(all, ({ files }) => files),
    ),
  repairsImages: () => t('an image is repaired first'),
  bitmapsStayBehind: () => t('the next backup must be a full one'),
  mediaChanged: ([first]) => t('{0} has changed since', fileName(first?.files[0] ?? '')),
  bitmapsStopRevert: () => t('remove the backup bitmaps before a revert'),
  guestStandsStill: (all) => {
    const longest = Math.max(...all.map(({ estimateMs = -1 }) => estimateMs));
    return longest < 0
      ? t('the VM pauses during this operation')
      : t('the VM pauses for about {0}', estimateText(longest));
  },
  mayBeStopped: ([first]) => t('the VM may pause for about {0}', estimateText(first?.estimateMs ?? 0)),
  agentMissing: () => t('the guest agent does not respond'),
  cloneWithoutRam: () => t('it starts as after a power cut'),
  cloneWithoutDisks: () => t('without the disks that only the running VM had'),
  cloneWithoutTpm: () => t('its TPM is empty'),
  cloneKeepsTpm: 'details',
  freezesForClone: () => t('a snapshot of the VM is created first'),
  cloneKeepsIdentity: 'details',
  needsSpace: 'details',
  keptWhileRunning: 'details',
  mayBeKeptWhileRunning: 'details',
  notKeptWhileRunning: 'details',
  startsQemu: 'details',
  doneByUs: 'details',
  makesLeaf: 'details',
  titleOnly: 'details',
  crashConsistent: 'elsewhere',
  checkpointWithoutRam: 'elsewhere',
  noCheckpointNeeded: 'elsewhere',
  merges: 'elsewhere',
  frees: 'elsewhere',
};

/** One phrase for each kind that is there and worth a place in a question; the one that weighs most first. */
export function shortWarnings(warnings: readonly Warning[]): readonly string[] {
  return (Object.keys(phrases) as readonly Kind[]).flatMap((kind) => phraseOf(kind, warnings));
}

function phraseOf(kind: Kind, warnings: readonly Warning[]): readonly string[] {
  // The record has a row for each kind, and is given warnings of that kind alone.
  const phrase = phrases[kind] as Phrase<Kind> | 'elsewhere' | 'details';
  const ofKind = warnings.filter((one) => one.kind === kind);
  return ofKind.length === 0 || typeof phrase === 'string' ? [] : [phrase(ofKind)];
}

function stayBehind(files: number): string {
  return files === 1 ? t('1 file is not deleted') : t('{0} files are not deleted', files);
}

function count<W>(all: readonly W[], of: (one: W) => readonly string[]): number {
  return new Set(all.flatMap(of)).size;
}
