// THE table of what the editor can be asked for: a row for each command. To add one, add a row and say in ui/commands
// what it does.
import { backVerbs } from './backVerbs.js';
import { careVerbs } from './careVerbs.js';
import { cloneVerbs } from './cloneVerbs.js';
import { guestVerbs } from './guestVerbs.js';
import { labVerbs } from './labVerbs.js';
import { lessonVerbs } from './lessonVerbs.js';
import { powerVerbs } from './powerVerbs.js';
import { showVerbs } from './showVerbs.js';
import { snapshotVerbs } from './snapshotVerbs.js';
import { systemVerbs } from './systemVerbs.js';
import { viewVerbs } from './viewVerbs.js';
import { wingVerbs } from '../wings/verbRows.js';

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
  ...wingVerbs,
} as const;

type VerbId = keyof typeof verbs;

/** As the editor calls it. */
export type CommandId = `virtRewind.${VerbId}`;

export const commandIds = Object.keys(verbs).map((id) => `virtRewind.${id as VerbId}` as const);
