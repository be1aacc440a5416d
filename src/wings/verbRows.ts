// What the wings add to the editor's commands: a row for each.
import { copiesVerbs } from './copies/copiesVerbs.js';
import { insideVerbs } from './inside/insideVerbs.js';

export const wingVerbs = { ...insideVerbs, ...copiesVerbs } as const;
