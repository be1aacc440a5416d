// Names, titles and paths are data wherever they go: XML, the editor's texts, the file system, qemu-img's arguments,
// the tags in an image. Random ones of what any of these reads for something else; the shell's are in virshCommand.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../../scripts/rig/run.mjs';
import { localFiles } from '../../../src/driver/files/directFiles.js';
import { writeSnapshotXml } from '../../../src/driver/xml/snapshotXml.js';
import { writeFolderPool, writeImageVolume } from '../../../src/driver/xml/storageXml.js';
import { attribute, find, parseXml, textOf } from '../../../src/driver/xml/xmlTree.js';
import type { ImageFacts } from '../../../src/domain/hostFiles.js';
import { storableText } from '../../../src/domain/plainText.js';
import { isSafeName, looksLikeTagId, nameFromTitle } from '../../../src/domain/snapshotName.js';
import { factsMarkdown, markdownText } from '../../../src/text/markdown.js';
import { noticeText, withoutIcons } from '../../../src/text/noticeText.js';
import { now, pick, seeded } from '../../unit/domain/someFacts.js';

const pieces = [
  ...Array.from(`a1 .-_,:;#%&<>'"\\$\`!|(){}[]*?~=@+^é🙂\u202E`),
  '](command:x)',
  '[y](command:z)',
  '$(error)',
  ']]>',
  '<!--',
  '&amp;',
  '&#10;',
  'json:',
  'nbd:',
  'file:',
  '--',
  '..',
  '%s',
];

const texts = (seed: number, count: number, most: number): readonly string[] => {
  const random = seeded(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(random, pieces)).join(''),
  );
};

/** As the editor finds links (vs/base/common/linkedText.ts) and icons (vs/base/browser/ui/iconLabel/iconLabels.ts). */
const link = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)[^)\s]+(?: ["'].+?["'])?\)/iu;
const icons = (text: string): number =>
  [...text.matchAll(/(\\)?\$\([A-Za-z0-9-]+(?:~[A-Za-z]+)?\)/gu)].filter(([, escaped]) => escaped === undefined).length;

describe('names are data', () => {
  it('in the names that are made of titles', () => {
    const taken = new Set<string>();
    for (const title of [...texts(1, 2_000, 6), ...Array.from({ length: 50 }, (_, at) => String(at))]) {
      const name = nameFromTitle(title, taken, now);
      assert.ok(isSafeName(name) && !looksLikeTagId(name) && !taken.has(name), JSON.stringify([title, name]));
      taken.add(name);
    }
  });

  it('in XML', () => {
    for (const text of texts(2, 1_000, 8)) {
      const stored = storableText(text);
      const file = `/img/${stored}`;
      const snapshot = parseXml(
        writeSnapshotXml(
          {
            kind: 'createSnapshot',
            name: stored,
            description: stored,
            snapshotKind: 'memory',
            style: 'external',
            quiesce: false,
            memoryFile: file,
            disks: [{ target: 'vda', file }],
          },
          ['vda', stored],
        ),
      );
      assert.equal(textOf(find(snapshot, 'name')), stored);
      assert.equal(textOf(find(snapshot, 'description')), stored);
      assert.equal(attribute(find(snapshot, 'memory'), 'file'), file);
      assert.equal(attribute(find(snapshot, 'disks', 'disk', 'source'), 'file'), file);
      const volume = parseXml(
        writeImageVolume(stored, { file: stored, backing: file, backingFormat: 'qcow2' }, undefined),
      );
      assert.deepEqual([textOf(find(volume, 'name')), textOf(find(volume, 'backingStore', 'path'))], [stored, file]);
      assert.equal(textOf(find(parseXml(writeFolderPool('p', file)), 'target', 'path')), file);
    }
  });

  it('in what the editor reads for links, icons and markup', () => {
    let hostile = 0;
    for (const text of texts(3, 3_000, 10)) {
      hostile += link.test(text) || icons(text) > 0 ? 1 : 0;
      assert.doesNotMatch(noticeText(text), link);
      assert.equal(icons(withoutIcons(text)), 0, text);
      const markdown = [
        markdownText(text),
        factsMarkdown({ heading: text, text, lines: [{ name: 'n', value: text }] }),
      ];
      for (const shown of markdown) {
        // What is left without its backslash are the heading's own stars and the colon of a fact.
        assert.doesNotMatch(shown.replace(/\\[!-/:-@[-`{-~]/gu, ''), /[!-)+-/;-@[-`{-~]/u, text);
      }
    }
    assert.ok(hostile > 100, String(hostile));
  });

  describe('on the file system and in images', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'names-'));
    });
    after(() => rm(folder, { recursive: true }));

    it('an overlay stands where it is to, and on what it is to', async () => {
      const files = localFiles(process.env);
      const bases = [...new Set(texts(4, 25, 5))].filter((name) => !/^\.{1,2}$/u.test(name));
      for (const name of bases) {
        const [base, top] = [join(folder, name), join(folder, `${name}.top`)];
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '--', base, '1M']);
        await files.createOverlay({ file: top, backing: base, backingFormat: 'qcow2' });
        const facts = (await files.image(top, 'qcow2')) as ImageFacts;
        assert.deepEqual(facts.backing, { file: base, format: 'qcow2' });
        assert.equal(facts.empty, true);
        const copy = `${top}.copy`;
        await files.copy(top, copy, 'keep');
        assert.equal(((await files.image(copy, 'qcow2')) as ImageFacts).virtualBytes, 2 ** 20);
      }
      assert.deepEqual(
        (await readdir(folder)).toSorted(),
        bases.flatMap((name) => [name, `${name}.top`, `${name}.top.copy`]).toSorted(),
      );
      for (const name of bases) {
        await files.remove(join(folder, `${name}.top`));
      }
      assert.equal((await readdir(folder)).length, 2 * bases.length);
    });

    it('the tag that is named goes, and no other', async () => {
      const files = localFiles(process.env);
      const file = join(folder, 'tags');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '1M']);
      const tags = [
        ...new Set(['base', '3', '1', '-x', '--', 'snapshot.id=1', 'snapshot.name=base', ...texts(5, 15, 4)]),
      ];
      for (const tag of tags) {
        await runOk('qemu-img', ['snapshot', '-q', '-c', tag, file]);
      }
      const left = new Set(tags);
      for (const tag of tags) {
        assert.deepEqual(((await files.image(file, 'qcow2')) as ImageFacts).tags, [...left]);
        await files.removeTag(file, tag);
        left.delete(tag);
      }
      assert.deepEqual(((await files.image(file, 'qcow2')) as ImageFacts).tags, []);
    });
  });
});
