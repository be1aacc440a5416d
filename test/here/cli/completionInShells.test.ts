// What completes words, in the shells themselves, by the Tab key: words that need quotes, words begun in quotes, words
// that bash breaks at colons, and names that are commands where somebody forgets to quote them.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { completionScript } from '../../../src/cli/completion.js';

const hostile = "it's $(touch ran) `touch ran`";
const names = ['web', 'my snap', hostile, 'qemu:x'];

/** In place of the command line: answers as it does, keeps what it was asked, and says what it was called with. */
const program = `#!/bin/sh
if [ "$1" = complete-words ]; then
  shift 2
  { for typed; do printf '{%s}' "$typed"; done; echo; } >>asked
  while IFS= read -r name; do case $name in "$typed"*) printf '%s\\n' "$name" ;; esac; done <names
else
  printf CALLED; for word; do printf '{%s}' "$word"; done; echo
fi
`;

/** What is typed before Tab, and the words that it is. */
const rows: readonly (readonly [typed: string, asked: readonly string[], called: readonly string[]])[] = [
  ['tree w', ['tree', 'w'], ['tree', 'web']],
  ['tree my', ['tree', 'my'], ['tree', 'my snap']],
  ['tree my\\ ', ['tree', 'my '], ['tree', 'my snap']],
  ['tree "my ', ['tree', 'my '], ['tree', 'my snap']],
  ["tree 'my ", ['tree', 'my '], ['tree', 'my snap']],
  ['tree it', ['tree', 'it'], ['tree', hostile]],
  ['tree "it', ['tree', 'it'], ['tree', hostile]],
  ["tree 'it", ['tree', 'it'], ['tree', hostile]],
  ['tree qemu:', ['tree', 'qemu:'], ['tree', 'qemu:x']],
  ['tree -c qemu:///session w', ['tree', '-c', 'qemu:///session', 'w'], ['tree', '-c', 'qemu:///session', 'web']],
  ["revert 'my snap' w", ['revert', 'my snap', 'w'], ['revert', 'my snap', 'web']],
];

/**
 * How each is started without anybody's own settings, and what it is told first; script(1) may start it by another that
 * hands on no prompt.
 */
const shells: Readonly<Record<string, { readonly start: string; readonly before: string; readonly term: string }>> = {
  bash: { start: 'bash --norc --noprofile -i', before: "PS1='READY> '; ", term: 'dumb' },
  zsh: { start: 'zsh -f -i', before: "PS1='READY> '; autoload -U compinit; compinit -u -D; ", term: 'dumb' },
  fish: { start: 'fish --no-config -i', before: "function fish_prompt; echo 'READY> '; end; ", term: 'xterm' },
};

const isInstalled = (shell: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, shell)));

describe('completion in a shell', () => {
  let folder: string;
  let shell: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'virt-rewind-shell-'));
    writeFileSync(join(folder, 'virt-rewind'), program, { mode: 0o755 });
    writeFileSync(join(folder, 'names'), `${names.join('\n')}\n`);
  });
  afterEach(() => {
    shell?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  for (const [name, { start, before, term }] of Object.entries(shells)) {
    if (!isInstalled(name)) {
      process.stdout.write(`not tried, as it is not installed: completion of ${name}\n`);
      continue;
    }
    it(`of ${name} gives whole words, and runs none of them`, async () => {
      writeFileSync(join(folder, 'script'), completionScript(name));
      // script(1), which makes the terminal, is a part of each Debian and Fedora.
      const child = spawn('/usr/bin/script', ['-qec', start, '/dev/null'], {
        cwd: folder,
        env: {
          PATH: `${folder}:${process.env['PATH'] ?? ''}`,
          HOME: folder,
          HISTFILE: '/dev/null',
          TERM: term,
          LC_ALL: 'C.UTF-8',
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      });
      shell = child;
      let seen = '';
      let look = (): void => undefined;
      child.stdout.on('data', (data) => {
        seen += String(data);
        look();
      });
      const ended = once(child, 'close').then(() => Promise.reject(new Error(`the shell has ended: ${seen}`)));
      ended.catch(() => undefined);
      /** Resolves with the words of the call, when the shell is ready for the next line. */
      const typed = (keys: string): Promise<string> => {
        const called = new Promise<string>((resolve) => {
          seen = '';
          look = () => {
            const words = /CALLED((?:\{[^}]*\})*)[^]*READY> /u.exec(seen);
            if (words !== null) {
              resolve(words[1] ?? '');
            }
          };
        });
        child.stdin.write(keys);
        return Promise.race([called, ended]);
      };
      assert.equal(await typed(`${before}. ./script\nvirt-rewind ready\n`), '{ready}');
      for (const [line, asked, called] of rows) {
        writeFileSync(join(folder, 'asked'), '');
        assert.equal(await typed(`virt-rewind ${line}\t\n`), braced(called), line);
        const [first = ''] = readFileSync(join(folder, 'asked'), 'utf8').split('\n');
        assert.equal(first, braced(asked), line);
      }
      assert.equal(existsSync(join(folder, 'ran')), false);
      child.stdin.write('exit\n');
      await once(child, 'close');
    });
  }
});

function braced(words: readonly string[]): string {
  return words.map((word) => `{${word}}`).join('');
}
