// Whether a file can be removed by us: its folder is in reach, and nobody else uses it.
import type { Facts } from '../facts.js';
import { findOutsideUser } from './otherVms.js';
import { folderOf } from './overlayFiles.js';

/** Where it could not, or somebody else uses it, it stays. */
export function canRemove(file: string, facts: Facts): boolean {
  return inReach(file, facts) && findOutsideUser([file], facts) === undefined;
}

export function inReach(file: string, { files }: Facts): boolean {
  return files?.canAct.get(folderOf(file)) === 'yes';
}
