// What the wings add to the editor's commands: a row for each.
import { insideVerbs } from './inside/insideVerbs.js';

export const wingVerbs = { ...insideVerbs } as const;
