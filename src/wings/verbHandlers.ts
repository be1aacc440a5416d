// What the commands of the wings do in the editor.
import { copiesCommands } from './copies/editor/copiesCommands.js';
import { insideCommands } from './inside/editor/browseFiles.js';

export const wingVerbHandlers = { ...insideCommands, ...copiesCommands } as const;
