// What a row of the table of verbs says of a command: what it is called, what can be given to it, and where it is
// found. Pure data: package.json and docs/commands.md are made from it.
import type { ArgumentName, CommandArguments } from './arguments.js';

export interface Verb {
  /** English; package.nls.*.json has it in other languages. */
  readonly title: string;
  /** The name of an icon of VS Code. */
  readonly icon: string;
  /** What can be given to it; `connection` can stand beside each `vm`. */
  readonly arguments: readonly ArgumentName[];
  /** What docs/commands.md says of the arguments beside their names. */
  readonly remark?: string;
  /** When-clause: where it cannot be called. */
  readonly enablement?: string;
  /** When-clause: the palette has it. Absent: always. */
  readonly palette?: string;
  readonly places?: readonly Place[];
  readonly keys?: readonly Key[];
}

/** A place in a menu. */
export interface Place {
  readonly menu: 'row' | 'title' | 'editor' | 'explorer' | 'files' | 'filesTitle' | SubmenuName;
  /** `GROUP@ORDER`, as VS Code sorts a menu. */
  readonly group: string;
  /** What a row has to be, each of them: tokens of `capabilityTokens`, `a|b` for either. */
  readonly is?: readonly string[];
  /** How many rows may be selected. Absent: any number. */
  readonly rows?: 'one' | 'several';
  /** When-clause beside these. */
  readonly when?: string;
}

export interface Key {
  /** For Windows and Linux; macOS has `cmd` in the place of `ctrl`, unless `mac` says otherwise. */
  readonly key: string;
  readonly mac?: string;
  /** It works on the row that has the focus of the view, there alone. */
  readonly on?: 'row';
  /** When-clause. Absent: everywhere. */
  readonly when?: string;
  readonly given?: CommandArguments;
}

export type SubmenuName = 'power' | 'guest' | 'clone' | 'show' | 'health' | 'more';

type RowPlace = Pick<Place, 'is' | 'rows' | 'when'>;

/** In the menu of a row of the view, or as a button on it (`inline@1`). */
export function onRow(group: string, place: RowPlace): Place {
  return { menu: 'row', group, ...place };
}

/** In a submenu of a row's menu. */
export function inMenu(menu: SubmenuName, group: string, place: RowPlace): Place {
  return { menu, group, ...place };
}

/** Above the view. */
export function inTitle(group: string, when?: string): Place {
  return { menu: 'title', group, ...(when !== undefined && { when }) };
}

/** Above an editor. */
export function inEditor(group: string, when: string): Place {
  return { menu: 'editor', group, when };
}

/** In the menu of a file in the explorer. */
export function inExplorer(group: string, when: string): Place {
  return { menu: 'explorer', group, when };
}

/** In the menu of a row of the view of guest files; that view has a title of its own: `filesTitle`. */
export function inFiles(group: string, when: string): Place {
  return { menu: 'files', group, when };
}

export const ofLabFile = 'resourceFilename == virt-rewind.yaml && resourceScheme == file';
