// Whatever the editor could read as a link or an icon goes through the one file that takes both out.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(process.cwd(), 'src');
const door = 'views/notify.ts';
const guarded = {
  'a message': /\bshow(Information|Warning|Error)Message\b/,
  'a notification of progress': /\bProgressLocation\.Notification\b/,
  'the status bar': /\b(setStatusBarMessage|createStatusBarItem|ProgressLocation\.Window)\b/,
};

describe('the door to the editor’s notices', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const [what, call] of Object.entries(guarded)) {
    it(`is the only way to ${what}`, () => {
      const callers = files.filter((name) => call.test(readFileSync(join(root, name), 'utf8')));
      assert.deepEqual(callers, [door]);
    });
  }
});
