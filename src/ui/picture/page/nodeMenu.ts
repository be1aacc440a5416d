// Which entries of a menu a node has, and the keys that stand for them. Knows no page.
import type { PictureAction } from '../messages.js';
import { isMac } from './treeWalk.js';

/** A menu without entries is not shown. */
export function shownFor(tokens: ReadonlySet<string>, actions: readonly PictureAction[]): readonly PictureAction[] {
  return actions.flatMap((action): readonly PictureAction[] => {
    const items = action.items && shownFor(tokens, action.items);
    const isShown = action.is.every((any) => any.some((token) => tokens.has(token))) && items?.length !== 0;
    return isShown ? [{ ...action, ...(items !== undefined && { items }) }] : [];
  });
}

export function findByKey(actions: readonly PictureAction[], key: string): PictureAction | undefined {
  return actions
    .flatMap((action) => (action.items === undefined ? action : (findByKey(action.items, key) ?? [])))
    .find(({ keys }) => keys?.includes(key));
}

export function keyOf({ keys = [] }: PictureAction): { readonly key?: string } {
  const key = keys[isMac(navigator.platform) ? 1 : 0];
  return key === undefined ? {} : { key };
}
