// How far a running operation is, as a row says it. Never claims more than libvirt tells.
import { t } from '@vscode/l10n';
import type { RunningOperation, VmView } from '../../live/views.js';
import type { VmTurn } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmRef } from '../../domain/vm.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { elapsedText } from '../relativeAge.js';
import { operationWords } from './operationText.js';

/** Shorter estimates, in milliseconds, are over before they are read. */
const worthTelling = 3_000;

/**
 * | libvirt tells | estimate       | text                              |
 * |---------------|----------------|-----------------------------------|
 * | a fraction    | any            | deleting old… 42 %                |
 * | nothing       | none, short or passed | reverting to clean… 3 s    |
 * | nothing       | not yet passed | reverting to clean… 3 of about 8 s |
 *
 * @param now milliseconds since 1970
 */
export function operationProgress(view: VmView, operation: RunningOperation, now: number): string {
  const { startedAt, progress } = operation;
  const doing = doingWords(view, operation);
  if (progress.fraction !== undefined) {
    return t('{0}… {1} %', doing, Math.floor(progress.fraction * 100));
  }
  const elapsed = now - startedAt;
  const estimate = progress.estimateMs;
  return estimate === undefined || estimate < worthTelling || elapsed >= estimate
    ? t('{0}… {1}', doing, elapsedText(elapsed))
    : t('{0}… {1} of about {2}', doing, elapsedText(elapsed), elapsedText(estimate));
}

/** An undo is called so: the checkpoint that it goes back to is nobody's word for it. */
export function doingWords(view: Pick<VmView, 'tree'>, { request, does }: RunningOperation): string {
  return does === undefined
    ? operationWords(request, displayLine(titleIn(view, request)))
    : does === 'undo'
      ? t('undoing')
      : t('redoing');
}

/** The title of the snapshot that a request makes or names; its name where no more is known; empty for none. */
export function titleIn(view: Pick<VmView, 'tree'>, request: VmTurn): string {
  switch (request.kind) {
    case 'create':
    case 'describe':
    case 'rename':
      return request.title;
    case 'revert':
    case 'delete':
      return titleOf(view, request.snapshot);
    case 'clone':
    case 'discard':
    case 'disk':
    case 'power':
    case 'repair':
    case 'consolidate':
    case 'prune':
    case 'speed':
    case 'debug':
    case 'wing':
      return '';
  }
}

/** What people call a snapshot; its name where the tree does not tell. */
export function titleOf(view: Pick<VmView, 'tree'>, name: string): string {
  return (view.tree && findSnapshot(view.tree, name)?.title) ?? name;
}

/** `web-test: reverting to clean-install`; the UUID where the VM is not known. */
export function requestWords(known: { findVm(vm: VmRef): VmView | undefined }, request: VmTurn): string {
  const view = known.findVm(request.vm);
  return `${view?.vm.name ?? request.vm.uuid}: ${operationWords(request, titleIn(view ?? {}, request))}`;
}
