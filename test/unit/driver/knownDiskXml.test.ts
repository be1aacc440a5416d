// What nobody here knows of a disk: it is left as it is, or the document is not written.
import assert from 'node:assert/strict';
import { writeAdoptedXml } from '../../../src/driver/xml/adoptedXml.js';
import { readDisks } from '../../../src/driver/xml/diskXml.js';
import { foreignIn, foreignInOverlay, strangersIn } from '../../../src/driver/xml/knownDiskXml.js';
import { onFiles, writeDefinition, writeSavedDomain } from '../../../src/driver/xml/retarget.js';
import {
  onFrozenFiles,
  redescribe,
  renameSnapshot,
  withOverlays,
  withoutRam,
  withParent,
} from '../../../src/driver/xml/snapshotChange.js';
import { parseFrozenDisks, parseSnapshotHead } from '../../../src/driver/xml/snapshotXml.js';
import { isElement } from '../../../src/driver/xml/xmlChange.js';
import { find, parseXml, writeXml, XmlError, type XmlElement } from '../../../src/driver/xml/xmlTree.js';
import { diskCorpus } from './diskCorpus.js';

const vm = { name: 'vm', uuid: '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10' };
const onNew = [{ target: 'vda', file: '/new' }];
const other = '<disk type="file"><source file="/o"/><target dev="vdb"/></disk>';
const domain = (disk: string): string =>
  `<domain type="qemu"><name>${vm.name}</name><uuid>${vm.uuid}</uuid><devices>${disk}${other}</devices></domain>`;
const overlay = '<disk name="vda" snapshot="external" type="file"><driver type="qcow2"/><source file="/a.s"/></disk>';
const snapshot = (disk: string, own = overlay): string =>
  '<domainsnapshot><name>s</name><state>running</state><memory snapshot="external" file="/r"/>' +
  `<disks>${own}</disks>${domain(disk)}${domain(disk).replaceAll(/(<\/?)domain/g, '$1inactiveDomain')}</domainsnapshot>`;
const adopt = (disk: string): string =>
  writeAdoptedXml(
    {
      kind: 'adoptSnapshot',
      made: {
        kind: 'createSnapshot',
        name: 's',
        description: '',
        snapshotKind: 'disk',
        style: 'external',
        quiesce: false,
        disks: [{ target: 'vda', file: '/a.s' }],
      },
      below: [{ target: 'vda', file: '/new', format: 'qcow2' }],
      state: 'running',
      createdAt: 1,
    },
    domain(disk),
    domain(disk),
  );

/** Each writes a document in which the disk has another file. */
const moving: Readonly<Record<string, (disk: string) => string>> = {
  'a definition out of a snapshot': (disk) => writeDefinition(snapshot(disk), vm, onNew),
  'RAM on other files': (disk) => writeSavedDomain(domain(disk), vm, onNew),
  'what a VM starts with': (disk) => onFiles(domain(disk), [{ target: 'vda', file: '/new', format: 'raw' }]),
  'a snapshot on other files': (disk) =>
    onFrozenFiles(snapshot(disk), [{ target: 'vda', file: '/new', format: 'raw' }]),
  'a snapshot that is adopted': adopt,
};

/** Each writes a document in which the disk stays as it is. */
const staying: Readonly<Record<string, (disk: string) => string>> = {
  'another description': (disk) => redescribe(snapshot(disk), 'x'),
  'another name': (disk) => renameSnapshot(snapshot(disk), 'n', 'x'),
  'another parent': (disk) => withParent(snapshot(disk), 'p'),
  'no RAM': (disk) => withoutRam(snapshot(disk)),
  'other overlays': (disk) => withOverlays(snapshot(disk), onNew),
  'another disk on another file': (disk) => onFiles(domain(disk), [{ target: 'vdb', file: '/new', format: 'raw' }]),
};

/** The same tree with one thing more, at each of its elements in turn. */
function* withOneMore(of: XmlElement): Generator<XmlElement> {
  yield { ...of, attributes: { ...of.attributes, wonder: 'w' } };
  yield { ...of, children: [...of.children, { name: 'wonder', attributes: { of: 'w' }, children: [] }] };
  for (const [at, child] of of.children.entries()) {
    if (isElement(child)) {
      for (const changed of withOneMore(child)) {
        yield { ...of, children: of.children.map((node, index) => (index === at ? changed : node)) };
      }
    }
  }
}

/** All disks with that target, wherever they stand. */
function disksIn(of: XmlElement): readonly XmlElement[] {
  return of.children.flatMap((node) =>
    !isElement(node)
      ? []
      : node.name === 'disk' && find(node, 'target')?.attributes['dev'] === 'vda'
        ? [node]
        : disksIn(node),
  );
}

describe('what nobody knows of a disk', () => {
  for (const [number, xml] of diskCorpus.entries()) {
    it(`${number + 1} of the corpus is known`, () => {
      assert.deepEqual(foreignIn(parseXml(xml)), []);
    });

    for (const [what, write] of Object.entries(moving)) {
      it(`${number + 1} of the corpus keeps it, or is not written: ${what}`, () => {
        let refused = 0;
        let kept = 0;
        const plain = strangersIn(parseXml(xml)).length === 0 ? write(xml) : undefined;
        for (const strange of withOneMore(parseXml(xml))) {
          try {
            const written = write(writeXml(strange));
            const disks = disksIn(parseXml(written)).map(writeXml);
            assert.ok(disks.length > 0 && disks.every((disk) => disk.includes('wonder')), written);
            kept++;
          } catch (error) {
            assert.ok(error instanceof XmlError, String(error));
            refused++;
          }
        }
        assert.ok(refused > 0);
        assert.ok(plain === undefined || kept > 0);
      });
    }

    for (const [what, write] of Object.entries(staying)) {
      it(`${number + 1} of the corpus stays as it is, whatever it has: ${what}`, () => {
        for (const strange of withOneMore(parseXml(xml))) {
          const disk = writeXml(strange);
          const times = what === 'another disk on another file' ? 1 : 2;
          assert.equal(write(disk).split(disk).length - 1, times);
        }
      });
    }
  }

  it('is told to the rules', () => {
    for (const strange of withOneMore(parseXml(diskCorpus[0]!))) {
      const foreign = foreignIn(strange);
      const [disk] = readDisks(parseXml(domain(writeXml(strange))));
      assert.deepEqual(disk?.foreign ?? [], foreign);
      // What stands inside of what is kept whole is kept whole.
      assert.ok(foreign.length > 0 || /<target[^>]*wonder|<target[^>]*><wonder/.test(writeXml(strange)));
    }
  });

  it('is told of what a snapshot froze, be it in what ran or in the configuration beside it', () => {
    const strange = diskCorpus[0]!.replace('<source', '<source wonder="w"');
    const beside = snapshot(diskCorpus[0]!).replace(/(<inactiveDomain.*?<source)/, '$1 wonder="w"');
    for (const xml of [snapshot(strange), beside]) {
      assert.deepEqual(parseFrozenDisks(xml)[0]?.foreign, ['source@wonder']);
    }
  });

  it('is told of the overlay that a snapshot names, and that stays on its file', () => {
    for (const strange of withOneMore(parseXml(overlay))) {
      const own = writeXml(strange);
      const head = parseSnapshotHead(Buffer.from(snapshot(diskCorpus[0]!, own)));
      assert.deepEqual(head.disks[0]?.foreign, foreignInOverlay(strange));
      assert.throws(() => withOverlays(snapshot(diskCorpus[0]!, own), onNew), XmlError);
    }
    assert.deepEqual(foreignInOverlay(parseXml(overlay)), []);
  });
});
