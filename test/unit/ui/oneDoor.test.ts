// Whatever the editor could read as a link or an icon goes through the one file that takes both out. The linter says the same
// of each call, and of other ways to name it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(process.cwd(), 'src');
const guarded = {
  'a message': [/\bshow(Information|Warning|Error)Message\b/, 'ui/prompts/notify.ts'],
  'a notification of progress': [/\bProgressLocation\.Notification\b/, 'ui/prompts/notify.ts'],
  'the status bar': [/\b(setStatusBarMessage|createStatusBarItem|ProgressLocation\.Window)\b/, 'ui/prompts/notify.ts'],
  'a box for text': [/\b(showInputBox|createInputBox)\b/, 'ui/prompts/ask.ts'],
  'a list': [/\b(showQuickPick|createQuickPick)\b/, 'ui/prompts/ask.ts'],
  'a row and its tooltip': [/\bnew vscode\.(TreeItem|MarkdownString)\b/, 'ui/tree/treeItems.ts'],
} as const;

describe('the doors to what the editor reads for links and icons', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const [what, [call, door]] of Object.entries(guarded)) {
    it(`is the only way to ${what}`, () => {
      const callers = files.filter((name) => call.test(readFileSync(join(root, name), 'utf8')));
      assert.deepEqual(callers, [door]);
    });
  }
});
