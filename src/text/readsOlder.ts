// Whether the ages in the rows of a VM read differently by now. Knows nothing of the editor.
import type { VmView } from '../inventory/views.js';
import { relativeAge } from './relativeAge.js';

/** @param at, now milliseconds since 1970: when the rows were written, and the present */
export function readsOlder({ tree }: Pick<VmView, 'tree'>, at: number, now: number): boolean {
  const reads = (createdAt: number, when: number): string => relativeAge(createdAt, when);
  return tree?.snapshots.some(({ createdAt }) => reads(createdAt, at) !== reads(createdAt, now)) === true;
}
