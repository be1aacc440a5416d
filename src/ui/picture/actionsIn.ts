// What stands in the menus of the picture, for its page and for the editor.
import type { PictureAction } from './messages.js';

/** Each command, however deep. */
export function actionsIn(actions: readonly PictureAction[]): readonly PictureAction[] {
  return actions.flatMap((action) => (action.items === undefined ? [action] : actionsIn(action.items)));
}
