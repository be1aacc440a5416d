// Makes text from outside safe for the places where the editor itself knows links and icons.
import { displayText } from '../domain/plainText.js';

/**
 * For a notification: VS Code makes `[label](command:…)` in it a link that runs the command when it is clicked
 * (vs/base/common/linkedText.ts), and has no way to escape that. So the two brackets never touch.
 */
export function noticeText(text: string): string {
  return displayText(text).replaceAll('](', '] (');
}

/** For the status bar and for lists, which draw `$(name)` as an icon; a backslash before it stops that. */
export function withoutIcons(text: string): string {
  return text.replace(/(\\)?(\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\))/g, String.raw`\$2`);
}
