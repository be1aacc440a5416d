// A plain copy that a restore reads while somebody damages or replaces it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainFolder } from '../../../../src/wings/copies/restore/plainFolder.js';
import { type CopiedFile, manifestName, writeManifest } from '../../../../src/transfer/manifest.js';
import { ofWing } from '../../../ofWing.js';

describe('a plain copy that is restored', () => {
  let dir: string;
  let file: string;

  const content = 'all that is on the disk';
  const disk: CopiedFile = {
    ...{ path: '/a/web.qcow2', stored: '/a/web.qcow2', place: 'web.qcow2', role: 'disk', content: 'stored' },
    ...{ bytes: content.length, allocatedBytes: 0, format: 'raw', virtualBytes: content.length },
    sha256: createHash('sha256').update(content).digest('hex'),
  };

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
    mkdirSync(join(dir, 'disks'));
    mkdirSync(join(dir, 'to'));
    file = join(dir, 'disks', 'web.qcow2');
    writeFileSync(file, content);
    write('first');
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  function write(replicaOf: string | undefined, madeAt = 0): void {
    const vm = { name: 'web', uuid: '00000000-0000-4000-8000-000000000001' };
    const own = { madeAt, libvirt: '9.0.0', present: true, definition: '<domain/>', snapshots: [], files: [disk] };
    writeFileSync(join(dir, manifestName), writeManifest({ vm, ...own, ...(replicaOf && { replicaOf }) }));
  }

  async function restore(meanwhile: () => void): Promise<void> {
    const source = await plainFolder(dir, new AbortController().signal);
    meanwhile();
    await source.fetch([disk], join(dir, 'to'));
  }

  const requireFault = (
    reason: string,
    facts: Readonly<Record<string, unknown>>,
    meanwhile: () => void,
  ): Promise<void> => assert.rejects(restore(meanwhile), ofWing(reason, facts));

  it('has the content that it had', async () => {
    await restore(() => undefined);
    assert.equal(readFileSync(join(dir, 'to/a/web.qcow2'), 'utf8'), content);
  });

  it('is not called damaged where it was updated meanwhile', async () => {
    for (const damage of [() => rmSync(file), () => writeFileSync(file, content.toUpperCase())]) {
      write('first');
      await requireFault('copyRuns', { folder: dir }, () => {
        damage();
        write('first', 1);
      });
      writeFileSync(file, content);
      rmSync(join(dir, 'to/a'), { recursive: true, force: true });
    }
  });

  it('names a file that is missing or damaged', async () => {
    for (const replicaOf of ['first', undefined]) {
      for (const damage of [
        () => rmSync(file),
        () => rmSync(join(dir, 'disks'), { recursive: true }),
        () => truncateSync(file, 1),
        () => writeFileSync(file, content.toUpperCase()),
      ]) {
        mkdirSync(join(dir, 'disks'), { recursive: true });
        writeFileSync(file, content);
        write(replicaOf);
        await requireFault('wrongChecksum', { file, ofReplica: replicaOf !== undefined }, damage);
        rmSync(join(dir, 'to/a'), { recursive: true, force: true });
      }
    }
  });
});
