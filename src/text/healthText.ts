// What a health check found, for people: what it is, why it matters, what to do. Plain text; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { CheckId, Found, HealthFinding } from '../diagnosis/healthFinding.js';
import type { VmView } from '../inventory/views.js';
import { displayLine } from '../domain/plainText.js';
import { bytesText } from './bytesText.js';
import { type FindingText, findingText } from './findingText.js';
import { titleOf } from './operationProgress.js';
import { relativeAge } from './relativeAge.js';

/** @param now milliseconds since 1970 */
export function healthText(finding: HealthFinding, view: Pick<VmView, 'vm' | 'tree'>, now: number): FindingText {
  if ('finding' in finding) {
    return findingText(finding.finding, view);
  }
  const [what, means, todo] = sentences(finding, view, now);
  return { what, means, todo };
}

function sentences(
  finding: Exclude<HealthFinding, { readonly finding: unknown }>,
  view: Pick<VmView, 'vm' | 'tree'>,
  now: number,
): readonly [what: string, means: string, todo: string] {
  const vm = displayLine(view.vm.name);
  const consolidate = t('Consolidate the chain, or delete snapshots that nobody needs.');
  switch (finding.kind) {
    case 'chainTooDeep':
      return [
        t(
          'Disk {0} of {1} is built of {2} deltas; {3} are meant to be enough.',
          displayLine(finding.disk),
          vm,
          finding.deltas,
          finding.limit,
        ),
        t('Each delta makes reading slower, and one file that is lost or damaged takes all above it with it.'),
        consolidate,
      ];
    case 'chainTooDeepToStart':
      return [
        t(
          'Disk {0} of {1} is built of {2} files, more than libvirt {3} can start.',
          displayLine(finding.disk),
          vm,
          finding.files,
          finding.version,
        ),
        t('libvirt 10.8 to 11.10 fail to start a VM with more than about 25. As long as it runs, it goes on.'),
        t('Consolidate the chain before the VM is stopped, or use libvirt 12.0 or newer.'),
      ];
    case 'deltaTooOld':
      return [
        finding.snapshot === undefined
          ? t('The oldest delta of {0} is {1} old.', vm, relativeAge(finding.since, now / 1_000))
          : t(
              '{0} has been written beside “{1}” for {2}.',
              vm,
              displayLine(titleOf(view, finding.snapshot)),
              relativeAge(finding.since, now / 1_000),
            ),
        t(
          'A snapshot is no backup: its delta grows with each write, and the longer it stands the more a revert loses. {0} h are meant to be enough.',
          finding.limitHours,
        ),
        t('Consolidate, delete the snapshot, or mark it as one to keep.'),
      ];
    case 'deltaTooLarge':
      return [
        'bytes' in finding.limit
          ? t(
              'A delta of disk {0} of {1} takes {2}, more than {3}.',
              displayLine(finding.disk),
              vm,
              bytesText(finding.bytes),
              bytesText(finding.limit.bytes),
            )
          : t(
              'A delta of disk {0} of {1} takes {2}, more than {3} % of its base.',
              displayLine(finding.disk),
              vm,
              bytesText(finding.bytes),
              finding.limit.percent,
            ),
        t('It is {0}. To merge it takes as long as writing it again.', path(finding.file)),
        consolidate,
      ];
    case 'deltasTooLarge':
      return [
        t(
          'All deltas of {0} together take {1}, more than {2}.',
          vm,
          bytesText(finding.bytes),
          bytesText(finding.limitBytes),
        ),
        t('They hold what was written since the snapshots that they came after.'),
        consolidate,
      ];
    case 'freeSpaceLow':
      return [
        t(
          'Of {0} only {1} of {2} are free.',
          path(finding.folder),
          bytesText(finding.freeBytes),
          bytesText(finding.totalBytes),
        ),
        t('When it is full, every VM that writes there stops, and snapshots can neither be taken nor merged.'),
        t('Make room: delete snapshots and files that nobody needs, or make the file system larger.'),
      ];
    case 'freeSpaceRunsOut':
      return [
        finding.days < 1
          ? t('{0} will be full within a day if it goes on like this.', path(finding.folder))
          : t(
              '{0} will be full in about {1} days if it goes on like this.',
              path(finding.folder),
              Math.floor(finding.days),
            ),
        t(
          '{0} are free, and {1} a day were taken lately.',
          bytesText(finding.freeBytes),
          bytesText(finding.bytesPerDay),
        ),
        t('Make room: delete snapshots and files that nobody needs, or make the file system larger.'),
      ];
    case 'backingMissing':
      return [
        t('A file that disk {0} of {1} is built on is gone: {2}.', displayLine(finding.disk), vm, path(finding.file)),
        t('The VM cannot start without it. As long as it runs, it still holds the file open.'),
        t('Put the file back. If the VM runs, do not stop it: take an external snapshot or copy its disk first.'),
      ];
    case 'mixedUndeletable':
      return [
        t(
          '{0} has internal and external snapshots, and {1} of them cannot be deleted here.',
          vm,
          finding.snapshots.length,
        ),
        t('libvirt cannot handle a mix: what would do damage is refused.'),
        t('Delete what can be deleted of one style first; the doctor says for each what stands against it.'),
      ];
    case 'notQuiesced':
      return [
        t(
          '{0} was taken of a running guest without freezing its file systems.',
          displayLine(titleOf(view, finding.snapshot)),
        ),
        t('Reverting to it is like starting after a power cut. Whether the guest was writing just then is not known.'),
        t('Take quiesced snapshots where a guest agent is there, or snapshots with RAM.'),
      ];
  }
}

/** A word or two for a row: how many things, and how bad. Empty for none but notes. */
export function healthMark(found: readonly Found[]): string {
  const errors = found.filter(({ severity }) => severity === 'error').length;
  const warnings = found.filter(({ severity }) => severity === 'warning').length;
  const parts = [
    ...(errors === 0 ? [] : [errors === 1 ? t('1 error') : t('{0} errors', errors)]),
    ...(warnings === 0 ? [] : [warnings === 1 ? t('1 warning') : t('{0} warnings', warnings)]),
  ];
  return parts.length === 0 ? '' : `⚠ ${parts.join(', ')}`;
}

export function wrongCountText(count: number): string {
  return count === 1 ? t('1 thing is wrong with a VM') : t('{0} things are wrong with VMs', count);
}

export function severityWord(severity: Found['severity']): string {
  return severity === 'error' ? t('Error') : severity === 'warning' ? t('Warning') : t('Note');
}

/** What a report says of a check that could not be judged. */
export function checkName(check: CheckId): string {
  switch (check) {
    case 'chainTooDeep':
    case 'chainTooDeepToStart':
      return t('how deep the chains are');
    case 'deltaTooOld':
      return t('how old the deltas are');
    case 'deltaTooLarge':
    case 'deltasTooLarge':
      return t('how large the deltas are');
    case 'freeSpaceLow':
      return t('how much space is free');
    case 'freeSpaceRunsOut':
      return t('when the space is used up');
    case 'backingMissing':
    case 'backingLost':
      return t('whether all files are there');
    case 'backingChanged':
      return t('whether a base was written to');
    case 'mixedUndeletable':
    case 'notQuiesced':
    case 'noCurrent':
    case 'unfinishedDelete':
      return t('the snapshots');
    case 'orphan':
      return t('what is left over');
    case 'metadataWithoutFile':
      return t('whether snapshots have their files');
    case 'nvramNotHeld':
      return t('the UEFI variables of snapshots');
    case 'knownBadLibvirt':
      return t('this libvirt');
    case 'damaged':
      return t('whether images are damaged');
    case 'standsStill':
      return t('whether the guest stands still');
  }
}

function path(file: string): string {
  return `“${displayLine(file, 500)}”`;
}
