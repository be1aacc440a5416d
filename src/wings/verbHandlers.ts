// What the commands of the wings do in the editor.
import { insideCommands } from './inside/editor/browseFiles.js';

export const wingVerbHandlers = { ...insideCommands } as const;
