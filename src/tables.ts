// The door of what is made of the tables: package.json, pages of docs/, schemas, the manual page.
import { answers as ownAnswers } from './cli/answers.js';
import { ownCommands } from './cli/commandTable.js';
import type { CommandTable } from './cli/context.js';
import { verbs as ownVerbs } from './verbs/verbs.js';
import { clusterAnswers } from './wings/cluster/commands/answers.js';
import { clusterCommands } from './wings/cluster/commands/clusterCommands.js';
import { clusterVerbs } from './wings/cluster/clusterVerbs.js';
import { copiesAnswers } from './wings/copies/commands/answers.js';
import { copiedDisks, copiesCommands } from './wings/copies/commands/copiesCommands.js';
import { copiesVerbs } from './wings/copies/copiesVerbs.js';
import { guestAnswers } from './wings/guest/commands/answers.js';
import { guestCommands } from './wings/guest/commands/guestCommands.js';
import { guestVerbs } from './wings/guest/guestVerbs.js';
import { insideAnswers } from './wings/inside/commands/answers.js';
import { insideCommands } from './wings/inside/commands/insideCommands.js';
import { insideVerbs } from './wings/inside/insideVerbs.js';
export { editorTools } from './agents/toolInput.js';
export { commonOptions } from './cli/commandShape.js';
export { exitCodes } from './cli/exitCodes.js';
export { labShape } from './lab/labShape.js';
export { formAt, keysAt, meaningAt } from './lab/shapeParts.js';
export { levelShape } from './lesson/levelShape.js';
export { publicShapes } from './session/publicTypes.js';
export { argumentTable } from './verbs/arguments.js';
export { submenus } from './verbs/submenus.js';
export { taskActions, taskShapes } from './verbs/tasks.js';

export const verbs = { ...ownVerbs, ...insideVerbs, ...copiesVerbs, ...guestVerbs, ...clusterVerbs };

export const commandIds = Object.keys(verbs).map((id) => `virtRewind.${id}` as const);

/** The commands of the command line, by their words. */
export const commands: CommandTable = {
  ...ownCommands,
  ...insideCommands(copiedDisks),
  ...copiesCommands,
  ...guestCommands,
  ...clusterCommands,
};

/** With --json, each by a name of its own. */
export const answers = { ...ownAnswers, ...insideAnswers, ...copiesAnswers, ...guestAnswers, ...clusterAnswers };
