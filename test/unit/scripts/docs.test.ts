// The pages of docs/: what the manifest says in them is up to date, and no link between pages is dead.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { marks, replacePart } from '../../../scripts/docs/generatedPart.mjs';
import { anchorsOf, deadLinks, linksOf } from '../../../scripts/docs/links.mjs';
import { missingNames, unknownWords } from '../../../scripts/docs/namesInCode.mjs';
import { commandsTable, settingsList, valuesTaken } from '../../../scripts/docs/manifestTables.mjs';
import { root } from '../../../scripts/rig/root.mjs';
import { parseCall } from '../../../src/ui/commands/commandArguments.js';
import { argumentTable } from '../../../src/verbs/arguments.js';
import type { Verb } from '../../../src/verbs/verb.js';
import { verbs } from '../../../src/tables.js';

describe('the documents', () => {
  it('are short where somebody begins to read', () => {
    assert.ok(statSync(join(root, 'README.md')).size <= 8 * 1024);
    assert.ok(statSync(join(root, 'ARCHITECTURE.md')).size <= 6 * 1024);
  });

  it('have a row for each room of the code, and for no other', () => {
    const rows = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8').matchAll(/^\| `(\w+)\/` +\|/gm);
    const entries = readdirSync(join(root, 'src'), { withFileTypes: true });
    assert.deepEqual(
      [...rows].map(([, room]) => room).toSorted(),
      entries
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .toSorted(),
    );
  });
});

describe('the arguments in docs/commands.md', () => {
  const samples: Readonly<Record<string, unknown>> = {
    text: 'a',
    boolean: true,
    number: 1.5,
    'whole number': 2,
    'list of texts': ['a'],
  };

  it('are each taken by a command', () => {
    const named = Object.values(verbs).flatMap((verb) => verb.arguments);
    assert.deepEqual([...new Set<string>([...named, 'connection'])].toSorted(), Object.keys(argumentTable).toSorted());
  });

  for (const [name, { shape }] of Object.entries(argumentTable)) {
    const takes = valuesTaken(shape);
    it(`${name} takes what is said, and nothing of another sort`, () => {
      const parse = (value: unknown) => parseCall({ [name]: value }, undefined, () => []);
      for (const value of typeof takes === 'string' ? [samples[takes]] : takes) {
        assert.doesNotThrow(() => parse(value));
      }
      const others = Object.entries(samples).filter(([sort]) => sort !== takes && !sort.includes('number'));
      for (const [sort, value] of others) assert.throws(() => parse(value), sort);
    });
  }
});

describe('what package.json contributes, in Markdown', () => {
  const manifest = {
    capabilities: { untrustedWorkspaces: { restrictedConfigurations: ['virtRewind.b'] } },
    contributes: {
      keybindings: [
        { command: 'virtRewind.go', key: 'ctrl+alt+g' },
        { command: 'virtRewind.go', key: 'ctrl+alt+g', when: 'focusedView == virtRewind.vms' },
        { command: 'virtRewind.go', key: 'pagedown', when: 'focusedView == virtRewind.vms' },
        { command: 'virtRewind.other', key: 'f2' },
      ],
      configuration: {
        properties: {
          'virtRewind.b': { type: 'integer', default: 3, minimum: 0, maximum: 9, description: '%b%', order: 2 },
          'virtRewind.a': {
            ...{ type: 'string', default: 'x', description: '%a%', order: 1, scope: 'application' },
            ...{ enum: ['x'], enumDescriptions: ['%a.x%'] },
          },
          'virtRewind.c': { type: 'string', default: '', description: '%b%', order: 3, scope: 'machine' },
          'virtRewind.d': { type: 'string', default: '', description: '%b%', order: 4, scope: 'machine-overridable' },
        },
      },
    },
  };
  const texts = { a: 'One | two.', 'a.x': 'The usual.', b: 'How many.' };

  it('have the titles, the arguments and the keys', () => {
    const go: Verb = { title: 'Go | on', icon: 'play', arguments: ['vm'], remark: 'without it: all' };
    const [, , row] = commandsTable({ go }, manifest.contributes.keybindings).split('\n');
    assert.equal(row, '| Go \\| on | `virtRewind.go` | `vm`; without it: all | Ctrl+Alt+G; Page Down (in the view) |');
  });

  it('have the values in the order of the settings page, and who may set them', () => {
    const [first, second, ...others] = settingsList(manifest, texts).split(/\n\n(?=## )/);
    assert.deepEqual(first?.split('\n\n'), [
      '## virtRewind.a',
      'One | two.',
      '- Default: `"x"`\n- `x`: The usual.\n- Set by the user alone.',
    ]);
    assert.match(second ?? '', /integer from 0 to 9\.$/);
    assert.deepEqual(
      others.map((one) => one.split('\n').at(-1)),
      ['- Set by the user alone, for each machine on its own.', '- Set by any workspace too.'],
    );
  });
});

describe('a generated part of a page', () => {
  const between = marks('the part', 'npm run docs');
  const { begin, end } = between;
  const text = `before\n${begin}\nold\n${end}\nafter\n`;

  it('is between the marks, and stays there when it is written again', () => {
    const once = replacePart(text, between, 'new');
    assert.equal(once, `before\n${begin}\n\nnew\n\n${end}\nafter\n`);
    assert.equal(replacePart(once, between, 'new'), once);
  });

  it('must have its place, and one', () => {
    for (const wrong of ['', begin, [end, begin].join('\n'), `${text}${text}`]) {
      assert.throws(() => replacePart(wrong, between, 'new'), wrong);
    }
  });

  it('is in its page where a run of the tests writes it', () => {
    const of = marks('the table of what works', 'npm run test:versions -- --write-table');
    assert.doesNotThrow(() => replacePart(readFileSync(join(root, 'docs/support-matrix.md'), 'utf8'), of, 'new'));
  });
});

describe('links between pages', () => {
  const check = (text: string): readonly string[] =>
    deadLinks(
      new Map([
        ['docs/a.md', text],
        ['docs/b.md', '# One\n\n## What is `lost`, and why\n\n```sh\n# no heading\n```\n\n## One\n'],
        ['README.md', '# Top\n'],
      ]),
      (path) => ['docs/a.md', 'docs/b.md', 'README.md', 'docs/c.png'].includes(path),
    );

  it('are alive where the file is there, and the heading', () => {
    const links = ['b.md', '../README.md', 'b.md#what-is-lost-and-why', 'b.md#one', 'b.md#one-1', '#own', 'c.png'];
    assert.deepEqual(check(`# Own\n${links.map((link) => `[x](${link})`).join(' ')}`), []);
  });

  it('are dead otherwise', () => {
    for (const link of ['c.md', 'b.md#two', 'b.md#no-heading', '#other', '../../etc/passwd', 'c.png#x']) {
      assert.equal(check(`# Own\n[x](${link})`).length, 1, link);
    }
    assert.equal(check('![x](d.png)').length, 1);
    assert.equal(check('<img alt="x" src="d.png">').length, 1);
  });

  it('are not looked for on the web, nor in code', () => {
    const text = '[x](https://example.org/y) `[x](y)`\n```\n[x](y)\n```\n[x](mailto:y@example.org)';
    assert.deepEqual(linksOf(text), []);
  });

  it('name headings as GitHub does', () => {
    assert.deepEqual([...anchorsOf("# A *b*, c's [d](e) / f_g\n")], ['a-b-cs-d--f_g']);
  });
});

describe('what pages name of the code', () => {
  const files = ['src/domain/plan.ts', 'src/domain/chains/tags.ts', 'scripts/docs.mjs'];
  const missing = (text: string): readonly string[] => missingNames(new Map([['a.md', text]]), files);

  it('is there by its name, its path, or the end of it', () => {
    const names = ['plan.ts', 'domain/plan.ts', 'src/domain/plan.ts', 'chains/', 'domain/chains/', 'scripts/docs.mjs'];
    assert.deepEqual(missing(names.map((name) => `\`${name}\``).join(' ')), []);
  });

  it('is missing otherwise', () => {
    for (const name of ['lan.ts', 'model/plan.ts', 'hains/', 'plans/', 'docs.ts']) {
      assert.equal(missing(`see \`${name}\``).length, 1, name);
    }
  });

  it('is not looked for where it is no file of the repository', () => {
    assert.deepEqual(missing('`libvirtd.conf` `/proc/locks` `npm run docs` plan2.ts\n```\n`plan2.ts`\n```\n'), []);
  });

  it('is in the code, word for word, where the glossary says so', () => {
    const glossary = '| word | meaning | in the code |\n| --- | --- | --- |\n| `x` | y | `Plan`, `planOf` |\n';
    assert.deepEqual(unknownWords(glossary, 'interface Plan {} planOf()'), []);
    assert.equal(unknownWords(glossary, 'interface Plans {} planOf()').length, 1);
  });
});
