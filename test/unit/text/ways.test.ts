// What advice names exists in the shell that says it: the commands of the editor by their titles, those of the command
// line as they are typed, the methods of the library.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LibrarySession } from '../../../src/api/librarySession.js';
import { SessionVm } from '../../../src/api/sessionVm.js';
import { parseCommandLine } from '../../../src/cli/arguments.js';
import { commands } from '../../../src/tables.js';
import { failureMessage } from '../../../src/text/failures/failureMessage.js';
import { Failure } from '../../../src/domain/failure.js';
import { refuse } from '../../../src/domain/refusal.js';
import { repairBy, speakIn, ways, wayTo } from '../../../src/text/ways.js';
import { vmView } from '../ui/samples.js';

const read = (file: string): Readonly<Record<string, string>> =>
  JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, string>>;
const all = Object.keys(ways) as readonly (keyof typeof ways)[];
const shells = ['editor', 'commandLine', 'library'] as const;
/** The sentences of these are the editor's alone. */
const ofEditor = /^src\/(?:ui|lesson|extension)\b|^src\/wings\/\w+\/editor\b|\/scheduleNews\.ts$/u;
/** Titles of buttons, which the editor alone has, and what a page is about. */
const buttons = [
  'src/text/problems/problemRemedies.ts',
  'src/text/failures/failureText.ts',
  'src/text/ways.ts',
  'src/text/failures/powerRemedy.ts',
];

describe('a way that advice names', () => {
  afterEach(() => speakIn('editor'));

  it('is a command of the editor by its title, in each language', () => {
    const titles = (file: string): readonly string[] =>
      Object.entries(read(file)).flatMap(([key, title]) =>
        key.startsWith('command.') ? [title.replace(/…$/u, '')] : [],
      );
    for (const [bundle, manifest] of [
      ['l10n/bundle.l10n.json', 'package.nls.json'],
      ['l10n/bundle.l10n.de.json', 'package.nls.de.json'],
      ['l10n/bundle.l10n.zh-cn.json', 'package.nls.zh-cn.json'],
    ] as const) {
      const [said, there] = [read(bundle), titles(manifest)];
      assert.deepEqual(
        all.map((way) => said[ways[way].editor()] ?? '').filter((title) => !there.includes(title)),
        [],
        bundle,
      );
    }
  });

  it('is a command line that is understood, with the name of the VM in quotes, on the same libvirt', () => {
    speakIn('commandLine', 'qemu+ssh://a host/system');
    for (const said of [...all.map((way) => wayTo(way, "bob's web")), repairBy('thawGuest', "bob's web")]) {
      for (const line of said.split(', ')) {
        const words = [...line.matchAll(/'(?:[^']|'\\'')*'|\S+/gu)].map(([word]) =>
          word.replaceAll("'\\''", '\u0000').replaceAll("'", '').replaceAll('\u0000', "'"),
        );
        const parsed = parseCommandLine(commands, words.slice(1));
        assert.ok(words[0] === 'virt-rewind' && parsed.kind === 'call', line);
        assert.equal(parsed.call.texts['connect'], 'qemu+ssh://a host/system');
        assert.ok(
          parsed.call.operands.every((one) => one === "bob's web" || one === 'SNAPSHOT'),
          line,
        );
      }
    }
  });

  it('is a method of the library', () => {
    const vm = new SessionVm({} as unknown as LibrarySession, vmView());
    for (const call of [...all.flatMap((way): readonly string[] => ways[way].library), repairBy('thawGuest')]) {
      const [, method] = /^vm\.(\w+)\(/u.exec(call) ?? [];
      assert.ok(method === undefined || typeof Reflect.get(vm, method) === 'function', call);
    }
  });

  it('stands in a refusal as its shell has it', () => {
    const { refusal } = refuse('contentChanged', { snapshot: 'a', disk: 'vda', file: '/a', was: '' });
    const said = shells.map((shell) => {
      speakIn(shell);
      return failureMessage(new Failure('refused', { vm: 'my web', refusal }));
    });
    const has = (words: string): readonly boolean[] => said.map((one) => one.includes(words));
    assert.deepEqual(has('Repair'), [true, false, false]);
    assert.deepEqual(has("virt-rewind doctor 'my web'"), [false, true, false]);
    assert.deepEqual(has('vm.doctor()'), [false, false, true]);
  });

  it('is no title of the editor in a sentence that other shells say, too', () => {
    const titles = Object.values(read('package.nls.json')).flatMap((title) => title.replace(/…$/u, ''));
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).flatMap((file) => {
      const path = join('src', file).replaceAll('\\', '/');
      return path.endsWith('.ts') && !ofEditor.test(path) && !buttons.includes(path) ? [path] : [];
    });
    const wrong = sources.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\bt\(\s*(["'])((?:\\.|(?!\1).)*)\1/gsu)].flatMap(
        ([, , sentence = '']) =>
          /\b[Dd]octor\b|\bExamine\b(?! it: )|\bRefresh\b|\b[Tt]he (?:view|menu|tooltip|page|log (?:has|shows))\b/u.test(
            sentence,
          ) || [...sentence.matchAll(/“([^”{]+)”/gu)].some(([, name = '']) => titles.includes(name.replace(/…$/u, '')))
            ? [`${path}: ${sentence}`]
            : [],
      ),
    );
    assert.deepEqual(wrong, []);
  });
});
