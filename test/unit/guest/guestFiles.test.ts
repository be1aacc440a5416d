// What the demo guest's makers write: the initramfs archive, domain XML, the counters' line, and npm's lock compared.
import assert from 'node:assert/strict';
import { SaxesParser } from 'saxes';
import { writeCpio } from '../../../scripts/guest/cpio.mjs';
import { domainXml } from '../../../scripts/guest/defineVm.mjs';
import { parseCounters } from '../../../scripts/guest/inGuest.mjs';
import { isUpToDate } from '../../../scripts/rig/npmState.mjs';

interface Read {
  readonly name: string;
  readonly mode: number;
  readonly content: string;
}

/** Reads the archive as the kernel does: init/initramfs.c, names and contents aligned to four bytes. */
function readCpio(archive: Buffer): Read[] {
  const entries: Read[] = [];
  const align = (at: number) => (at + 3) & ~3;
  for (let at = 0; ;) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701');
    const field = (index: number) => parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameEnd = at + 110 + field(11);
    const name = archive.toString('utf8', at + 110, nameEnd - 1);
    assert.equal(archive[nameEnd - 1], 0);
    const data = align(nameEnd);
    if (name === 'TRAILER!!!') {
      return entries;
    }
    entries.push({ name, mode: field(1), content: archive.toString('utf8', data, data + field(6)) });
    at = align(data + field(6));
  }
}

describe('the initramfs archive', () => {
  it('gives back every entry, whatever the length of its name and content', () => {
    const files = [0, 1, 2, 3, 4, 5].flatMap((size) =>
      ['a', 'ab', 'abc', 'abcd'].map((name) => ({
        path: `${name}${size}`,
        kind: 'file' as const,
        content: 'x'.repeat(size),
      })),
    );
    const read = readCpio(writeCpio(files));
    assert.deepEqual(
      read.map(({ name, content }) => ({ path: name, content })),
      files.map(({ path, content }) => ({ path, content })),
    );
  });

  it('tells folders, links and programs apart', () => {
    const read = readCpio(
      writeCpio([
        { path: 'bin', kind: 'folder' },
        { path: 'bin/sh', kind: 'link', content: 'busybox' },
        { path: 'init', kind: 'file', mode: 0o755, content: '#!' },
      ]),
    );
    assert.deepEqual(
      read.map(({ mode }) => mode.toString(8)),
      ['40755', '120777', '100755'],
    );
    assert.equal(read[1]?.content, 'busybox');
  });
});

describe('domain XML of a demo VM', () => {
  it('keeps markup in names and paths as text', () => {
    const name = `<&"'>\né`;
    const file = '/tmp/a&b<c>"d\'\n.qcow2';
    const xml = domainXml({
      name,
      guest: { kernel: '/k', initrd: '/i' },
      disks: [{ file, format: 'qcow2' }],
      consoleLog: '/log',
      kvm: false,
    });
    const texts = new Map<string, string>();
    const sources: string[] = [];
    const parser = new SaxesParser();
    const open: string[] = [];
    parser.on('opentag', (tag) => {
      open.push(tag.name);
      if (tag.name === 'source') sources.push(String(tag.attributes['file']));
    });
    parser.on('text', (text) => texts.set(open.join('/'), text));
    parser.on('closetag', () => open.pop());
    parser.write(xml).close();
    assert.equal(texts.get('domain/name'), name);
    assert.deepEqual(sources, [file]);
  });

  it('numbers disks and CD-ROMs apart', () => {
    const disk = { file: '/d', format: 'qcow2' as const };
    const cdrom = { file: '/c', format: 'raw' as const, device: 'cdrom' as const };
    const guest = { kernel: '/k', initrd: '/i' };
    const xml = domainXml({ name: 'a', guest, disks: [disk, cdrom, disk], consoleLog: '/log', kvm: false });
    assert.deepEqual(
      [...xml.matchAll(/<target dev="(\w+)"/g)].map((match) => match[1]),
      ['vda', 'sda', 'vdb'],
    );
  });
});

describe('the counters on the console', () => {
  it('are those of the last whole line', () => {
    const text = 'memory 1 | disk 2 | boot 3\r\nnoise\r\nmemory 41 | disk 40 | boot 2\r\nmemory 4';
    assert.deepEqual(parseCounters(text), { memory: 41, disk: 40, boot: 2 });
  });

  it('lack what a guest without a disk lacks', () => {
    assert.deepEqual(parseCounters('memory 7 | disk - | boot -'), { memory: 7, disk: undefined, boot: undefined });
    assert.equal(parseCounters('no counters'), undefined);
  });
});

describe('installed npm packages', () => {
  const wanted = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '2.0.0', optional: true },
    },
  };
  const cases = [
    { what: 'all there', installed: { 'node_modules/a': { version: '1.0.0' } }, upToDate: true },
    { what: 'another version', installed: { 'node_modules/a': { version: '1.0.1' } }, upToDate: false },
    { what: 'one missing', installed: { 'node_modules/b': { version: '2.0.0' } }, upToDate: false },
    { what: 'none', installed: {}, upToDate: false },
  ];
  for (const { what, installed, upToDate } of cases) {
    it(`${what}: ${upToDate ? 'nothing to do' : 'npm ci'}`, () => {
      assert.equal(isUpToDate(wanted, { packages: installed }), upToDate);
    });
  }
});
