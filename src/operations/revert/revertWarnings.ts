// What is worth knowing before a revert beside what is lost. Knows no steps but those that were decided.
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Warning } from '../../domain/consequences.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { bitmapWarning } from '../diskRefusals.js';
import { notCheckedWarning } from '../../domain/chains/snapshotWhole.js';
import { notInSnapshot, nvramVerdict } from '../../domain/snapshotStyle.js';
import { snapshotableDisks } from '../../domain/vm.js';

export function revertWarnings(snapshot: Snapshot, steps: readonly Step[], facts: Facts): readonly Warning[] {
  const { vm, capabilities } = facts;
  const { kind, style, trailers } = snapshot;
  const warnings: Warning[] = [];
  if (kind === 'disk' && trailers.consistency !== 'quiesced') {
    warnings.push({ kind: 'crashConsistent' });
  }
  const verdict = nvramVerdict(vm, capabilities, kind === 'offline' ? 'off' : 'running');
  const putBack = steps.some((step) => step.kind === 'copyFile' && step.to === vm.nvram);
  if (!putBack && vm.firmware !== 'bios' && (style === 'external' || verdict !== 'captured')) {
    warnings.push({ kind: 'nvramNotCaptured' });
  }
  if (vm.devices?.includes('tpm') === true) {
    warnings.push({ kind: 'tpmNotCaptured' });
  }
  warnings.push(...notInSnapshot(vm));
  if (style === 'external') {
    warnings.push(...bitmapWarning(snapshotableDisks(vm), facts));
  }
  const changes = hardwareChanges(snapshot, facts);
  if (changes.length > 0) {
    warnings.push({ kind: 'hardwareChanges', what: changes });
  }
  return [...warnings, ...notCheckedWarning(snapshot, facts)];
}

/** Disks that come back or go, as far as the snapshot's own are known. */
function hardwareChanges(snapshot: Snapshot, { vm, frozenDisks }: Facts): readonly string[] {
  const then = frozenDisks?.get(snapshot.name);
  if (then === undefined || then.length === 0) {
    return [];
  }
  const before = new Set(snapshotableDisks({ disks: then }).map(({ target }) => target));
  const now = new Set(snapshotableDisks(vm).map(({ target }) => target));
  return [...before, ...now].filter((target) => !before.has(target) || !now.has(target));
}
