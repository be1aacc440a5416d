// The words for states and kinds, so that a row, a tooltip and a message say the same.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import type { Snapshot, SnapshotState } from '../domain/snapshot.js';
import type { Vm } from '../domain/vm.js';

/** The state of a VM in words; never in colour alone. */
export function powerWord(vm: Pick<Vm, 'power' | 'powerReason' | 'managedSave'>): string {
  switch (vm.power) {
    case 'running':
      return t('running');
    case 'paused':
      return pausedWord(vm.powerReason);
    case 'off':
      if (vm.managedSave || vm.powerReason === 'saved') {
        return t('off, state saved');
      }
      return vm.powerReason === 'crashed' || vm.powerReason === 'failed' ? t('off (crashed)') : t('off');
    case 'shuttingDown':
      return t('shutting down');
    case 'crashed':
      return t('crashed');
    case 'asleep':
      return t('asleep');
    case 'unknown':
      return t('state unknown');
  }
}

/** Says that a temporary VM was used beyond its purpose. */
export function usedSinceText(name: string): string {
  return t('{0} stays: it has been used since it was created.', displayLine(name));
}

function pausedWord(reason: Vm['powerReason']): string {
  switch (reason) {
    case 'ioError':
      return t('paused by a disk error');
    case 'saving':
      return t('paused, saving');
    case 'snapshotting':
      return t('paused for a snapshot');
    case 'fromSnapshot':
    case 'crashed':
    case 'failed':
    case 'saved':
    case 'shutDown':
    case 'destroyed':
    case 'migrated':
    case 'other':
      return t('paused');
  }
}

/** What the snapshot holds: `memory`, `disk-only, quiesced`, `offline`. */
export function kindWords(snapshot: Pick<Snapshot, 'kind' | 'trailers'>): string {
  switch (snapshot.kind) {
    case 'memory':
      return t('memory');
    case 'disk':
      return snapshot.trailers.consistency === 'quiesced' ? t('disk-only, quiesced') : t('disk-only');
    case 'offline':
      return t('offline');
  }
}

/** One sentence on what reverting to it brings back. */
export function kindSentence(snapshot: Pick<Snapshot, 'kind' | 'trailers'>): string {
  switch (snapshot.kind) {
    case 'memory':
      return t('Disks and RAM: a revert restores the running programs.');
    case 'disk':
      return snapshot.trailers.consistency === 'quiesced'
        ? t('Disks only. The guest’s file systems were frozen, so they are clean.')
        : t('Disks only, created while the VM was running. A revert is like a start after a power cut.');
    case 'offline':
      return t('Disks, created while the VM was off.');
  }
}

export function styleSentence(style: Snapshot['style']): string {
  return style === 'internal' ? t('internal, inside the disk image') : t('external, in separate files');
}

export function snapshotStateWord(state: SnapshotState): string {
  switch (state) {
    case 'running':
    case 'disk-snapshot':
      return t('running');
    case 'paused':
      return t('paused');
    case 'off':
      return t('off');
    case 'crashed':
      return t('crashed');
    case 'pmsuspended':
      return t('asleep');
    case 'unknown':
      return t('unknown');
  }
}

/** @param state a PowerState or a SnapshotState; whatever else it is, is unknown */
export function stateWord(state: string): string {
  switch (state) {
    case 'running':
    case 'disk-snapshot':
      return t('running');
    case 'paused':
      return t('paused');
    case 'off':
      return t('off');
    case 'shuttingDown':
      return t('shutting down');
    case 'crashed':
      return t('crashed');
    case 'asleep':
    case 'pmsuspended':
      return t('asleep');
    default:
      return t('in an unknown state');
  }
}

export function vmCountText(count: number): string {
  return count === 1 ? t('1 VM') : t('{0} VMs', count);
}

export function pointCountText(count: number): string {
  return count === 1 ? t('1 restore point') : t('{0} restore points', count);
}

export function operationCountText(count: number): string {
  return count === 1 ? t('1 operation') : t('{0} operations', count);
}

export function snapshotCountText(count: number): string {
  if (count === 0) {
    return t('no snapshots');
  }
  return count === 1 ? t('1 snapshot') : t('{0} snapshots', count);
}
