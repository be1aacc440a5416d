// Whether the ages in the rows of a VM read differently by now.
import type { VmView } from '../../live/views.js';
import { relativeAge } from '../relativeAge.js';

/** @param at, now milliseconds since 1970: when the rows were written, and the present */
export function ageTextChanged({ tree }: Pick<VmView, 'tree'>, at: number, now: number): boolean {
  const ageText = (createdAt: number, when: number): string => relativeAge(createdAt, when);
  return tree?.snapshots.some(({ createdAt }) => ageText(createdAt, at) !== ageText(createdAt, now)) === true;
}
