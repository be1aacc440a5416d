// The first line of a question: what an operation brings back, or merges.
import { t } from '@vscode/l10n';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { Plan } from '../../operations/plan.js';
import { bytesText } from '../bytesText.js';
import { mergeTargets, withoutMergesOnTheWay } from '../operations/mergeTargets.js';
import { repairText } from '../problems/problemText.js';
import { agoText } from '../relativeAge.js';
import { type PlannedTarget, fileName, filesCount } from './shortLosses.js';

/** More files than this are counted. */
const mostFiles = 2;

export function effectLines({ plan, target }: PlannedTarget, now: number): readonly string[] {
  const { request } = plan;
  switch (request.kind) {
    case 'revert': {
      const snapshot = target.tree && findSnapshot(target.tree, request.snapshot);
      return snapshot === undefined ? [] : [restoredLine(snapshot, now)];
    }
    case 'repair':
      return [repairText(request.repair, target)];
    case 'delete':
    case 'prune':
    case 'consolidate':
      return mergeLine(plan);
    case 'clone':
    case 'discard':
    case 'power':
    case 'create':
    case 'describe':
    case 'rename':
      return [];
  }
}

function restoredLine({ kind, trailers, createdAt }: Snapshot, now: number): string {
  const ago = agoText(createdAt, now);
  switch (kind) {
    case 'memory':
      return t('Restores: disks and memory ({0}).', ago);
    case 'disk':
      return trailers.consistency === 'quiesced'
        ? t('Restores: disks with clean file systems, no memory ({0}).', ago)
        : t('Restores: disks as after a power cut, no memory ({0}).', ago);
    case 'offline':
      return t('Restores: disks of the VM when it was off ({0}).', ago);
  }
}

function mergeLine(plan: Plan): readonly string[] {
  const merges = withoutMergesOnTheWay(plan).flatMap((warning) => (warning.kind === 'merges' ? [warning] : []));
  const [first] = merges;
  if (first === undefined) {
    return [];
  }
  const sizes = merges.flatMap(({ bytes }) => bytes ?? []);
  const most = sizes.length < merges.length ? undefined : bytesText(sizes.reduce((sum, bytes) => sum + bytes, 0));
  const told = mergeTargets(plan);
  const files = told.length > 0 ? told : [...new Set(merges.flatMap(({ into }) => into ?? []))];
  const into =
    files.length > 0 && files.length <= mostFiles
      ? files.map((file) => fileName(file)).join(', ')
      : filesCount(Math.max(files.length, merges.length));
  return [
    most === undefined
      ? t('Merges later changes into {0}.', into)
      : t('Merges later changes into {0}, at most {1}.', into, most),
  ];
}
