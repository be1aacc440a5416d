// The door of what is made of the tables: package.json, pages of docs/, the manual page.
import { ownCommands } from './cli/commandTable.js';
import type { CommandTable } from './cli/context.js';
import { copiedDisks, copiesCommands } from './wings/copies/commands/copiesCommands.js';
import { insideCommands } from './wings/inside/commands/insideCommands.js';
export { editorTools } from './agents/toolTable.js';
export { commonOptions } from './cli/commandShape.js';
export { exitCodes } from './cli/exitCodes.js';
export { argumentTable } from './verbs/arguments.js';
export { submenus } from './verbs/submenus.js';
export { taskActions, taskShapes } from './verbs/tasks.js';

export const commands: CommandTable = { ...ownCommands, ...insideCommands(copiedDisks), ...copiesCommands };
