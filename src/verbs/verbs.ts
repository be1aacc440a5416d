// THE table of what the editor can be asked for: a row for each command; wings hand in theirs at the door. To add one,
// add a row and say in ui/commands what it does.
import { backVerbs } from './backVerbs.js';
import { careVerbs } from './careVerbs.js';
import { cloneVerbs } from './cloneVerbs.js';
import { guestVerbs } from './guestVerbs.js';
import { labVerbs, lessonVerbs } from './labVerbs.js';
import { powerVerbs } from './powerVerbs.js';
import { showVerbs } from './showVerbs.js';
import { snapshotVerbs } from './snapshotVerbs.js';
import { systemVerbs } from './systemVerbs.js';
import { viewVerbs } from './viewVerbs.js';

export const verbs = {
  ...backVerbs,
  ...snapshotVerbs,
  ...powerVerbs,
  ...guestVerbs,
  ...cloneVerbs,
  ...systemVerbs,
  ...labVerbs,
  ...careVerbs,
  ...showVerbs,
  ...viewVerbs,
  ...lessonVerbs,
} as const;

type VerbId = keyof typeof verbs;

/** Also of one that a wing hands in. */
export type AnyCommandId = `virtRewind.${string}`;

/** As the editor calls it. */
export type CommandId = `virtRewind.${VerbId}`;
