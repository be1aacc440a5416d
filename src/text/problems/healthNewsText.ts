// New things that are wrong, as one message: what, why, what to do; however many there are.
import { t } from '@vscode/l10n';
import type { Problem } from '../../diagnosis/problem.js';
import type { VmView } from '../../live/views.js';
import { problemText } from './problemText.js';

interface HealthNews {
  readonly problem: Problem;
  readonly view: Pick<VmView, 'vm' | 'tree' | 'ref'>;
}

/** What a message has room for. */
const mostTold = 3;

/**
 * | news of     | → |
 * |-------------|---|
 * | one VM      | what each is, and of the first why it matters and what to do |
 * | several VMs | how many, and the same of the first |
 */
export function healthNewsText([first, ...others]: readonly [HealthNews, ...HealthNews[]], now: number): string {
  const { what, means, todo } = problemText(first.problem, first.view, now);
  const vms = new Set([first, ...others].map(({ view }) => view.ref.uuid));
  if (vms.size > 1) {
    const count = t('{0} problems with {1} VMs. The first one:', others.length + 1, vms.size);
    return [count, what, means, todo].join(' ');
  }
  const told = others.slice(0, mostTold - 1).map(({ problem, view }) => problemText(problem, view, now).what);
  const untold = others.length - told.length;
  const more = untold === 0 ? [] : [untold === 1 ? t('1 more problem.') : t('{0} more problems.', untold)];
  return [what, means, ...told, ...more, todo].join(' ');
}
