// The menus of nodes in the picture: what package.json has for such rows of the view, in the same order and by the same
// names. Pure; knows no page.
import type { AnyCommandId } from '../../verbs/verbs.js';
import type { PictureAction } from './messages.js';

interface MenuEntry {
  readonly command?: string;
  readonly submenu?: string;
  readonly when?: string;
  readonly group: string;
}

/** An object where the editor has translated it. */
type Words = string | { readonly value: string };

/** What package.json contributes, as the editor has it: in the language of the reader. */
export interface Contributions {
  readonly commands: readonly { readonly command: AnyCommandId; readonly title: Words }[];
  readonly submenus: readonly { readonly id: string; readonly label: Words }[];
  readonly keybindings: readonly {
    readonly command: string;
    readonly key: string;
    readonly mac?: string;
    readonly args?: readonly unknown[];
  }[];
  readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
}

/** What the picture shows before it runs. */
export const whatIfActions: ReadonlySet<string> = new Set([
  'virtRewind.revert',
  'virtRewind.revertToFavourite',
  'virtRewind.consolidate',
  'virtRewind.deleteSnapshot',
]);

/** @param holds a condition on nothing but the settings */
export function pictureMenu(
  contributed: Contributions,
  holds: (condition: string) => boolean,
  menu = 'view/item/context',
): readonly PictureAction[] {
  const titles = new Map<string, string>(contributed.commands.map(({ command, title }) => [command, textOf(title)]));
  const labels = new Map(contributed.submenus.map(({ id, label }) => [id, textOf(label)]));
  return (contributed.menus[menu] ?? [])
    .filter(({ group }) => !group.startsWith('inline'))
    .toSorted((one, other) => placeOf(one).localeCompare(placeOf(other)))
    .flatMap(({ command, submenu, when = '', group }): readonly PictureAction[] => {
      const is = tokensOf(when, holds);
      const id = command ?? submenu;
      if (is === undefined || id === undefined) {
        return [];
      }
      const place = { id, is, group: group.split('@')[0] ?? '' };
      if (command === undefined) {
        return [{ ...place, title: labels.get(id) ?? id, items: pictureMenu(contributed, holds, id) }];
      }
      const keys = keysOf(contributed, command);
      return [
        {
          ...place,
          title: titles.get(command) ?? command,
          ...(whatIfActions.has(command) && { shows: 'whatIf' as const }),
          ...(keys.length > 0 && { keys }),
        },
      ];
    });
}

/** Each command of the menus, however deep. */
export function actionsIn(actions: readonly PictureAction[]): readonly PictureAction[] {
  return actions.flatMap((action) => (action.items === undefined ? [action] : actionsIn(action.items)));
}

function textOf(words: Words): string {
  return typeof words === 'string' ? words : words.value;
}

function placeOf({ group }: MenuEntry): string {
  const [name = '', order = '0'] = group.split('@');
  return `${name}@${order.padStart(3, '0')}`;
}

/** What a node has to be, one of each; undefined: it stands in no menu of one row of the view. */
function tokensOf(when: string, holds: (condition: string) => boolean): PictureAction['is'] | undefined {
  const is: (readonly string[])[] = [];
  for (const condition of when.split(' && ')) {
    const tokens = /^viewItem =~ \/\\b\(?([\w|]+)\)?;\/$/u.exec(condition)?.[1];
    if (tokens !== undefined) {
      is.push(tokens.split('|'));
    } else if (!['', 'view == virtRewind.vms', '!listMultiSelection'].includes(condition) && !holds(condition)) {
      return undefined;
    }
  }
  return is;
}

/** Those of the row that has the focus. One that works everywhere is about another VM, and the editor takes it. */
function keysOf({ keybindings }: Contributions, command: string): readonly string[] {
  const own = keybindings.filter((one) => one.command === command);
  const everywhere = new Set(own.filter(({ args }) => args === undefined).map(({ key }) => key));
  const [found] = own.filter(({ key, args }) => args !== undefined && !everywhere.has(key));
  return found === undefined ? [] : [found.key, found.mac ?? found.key];
}
