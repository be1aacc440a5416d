// What an exported lab file tells of VMs: from the lab that made them, from the mark of a clone, and why nothing where
// it cannot.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import type { CloneMark } from '../../../src/domain/clone.js';
import { Failure } from '../../../src/domain/failure.js';
import type { Hardware } from '../../../src/domain/hardware.js';
import type { VmLayers } from '../../../src/domain/layers.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import type { StoredSystem } from '../../../src/domain/system.js';
import type { VmView } from '../../../src/live/views.js';
import { LabStore } from '../../../src/journal/labStore.js';
import { exportLabFile } from '../../../src/lab/exportLab.js';
import type { Lab } from '../../../src/lab/labFile.js';
import { digestOf, checkParts } from '../../../src/lab/labPlaces.js';
import { readLab } from '../../../src/lab/readLab.js';
import { silentLog } from '../../silentLog.js';
import { external, tree, vm } from '../../unit/domain/someFacts.js';
import { connection, systemId, systemOf, vmsOf } from '../../unit/lab/labThere.js';

/** As much of one as is looked at. */
function qcow2(): Buffer {
  const header = Buffer.alloc(1024);
  header.writeUInt32BE(0x514649fb, 0);
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(1024n ** 2n, 24);
  return header;
}

const empty: VmLayers = { readAt: 0, from: 'files', disks: [], snapshots: [], rooms: [] };

describe('the export of a lab', () => {
  let folder: string;
  let project: string;
  let original: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-'));
    project = join(folder, 'project');
    mkdirSync(join(project, 'guest'), { recursive: true });
    original = join(project, 'virt-rewind.yaml');
    const example = readFileSync(join(root, 'examples/lab/virt-rewind.yaml'), 'utf8');
    writeFileSync(original, example.replace(/^( +)wait:/mu, '$1speed: hard-disk\n$1wait:'));
    for (const name of ['vmlinuz', 'initrd.img']) {
      writeFileSync(join(project, 'guest', name), name);
    }
    writeFileSync(join(project, 'guest/disk.qcow2'), qcow2());
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  type Options = Parameters<typeof exportLabFile>[3];
  const options = (views: readonly VmView[], more: Partial<Options['engine']> = {}): Options => ({
    engine: {
      findVm: ({ uuid }) => views.find(({ ref }) => ref.uuid === uuid),
      readTree: () => Promise.resolve(tree([])),
      readLayers: () => Promise.resolve(empty),
      readHardware: () => Promise.resolve({ xml: '', items: [] }),
      ...more,
    },
    folder,
    log: silentLog,
    environment: {},
  });

  /** Planned as a lab is, and written down as made. */
  const made = async (): Promise<{ lab: Lab; views: readonly VmView[]; stored: StoredSystem }> => {
    const { lab } = readLab(readFileSync(original, 'utf8'));
    assert.ok(lab !== undefined);
    const views = vmsOf(lab).map(({ vm: { uuid, name } }): VmView => ({
      ref: { connection, uuid },
      vm: vm({ uuid, name }),
    }));
    const vms = await Promise.all(
      lab.vms.map(async ({ key, source }, at) => {
        assert.ok(source.kind === 'made');
        const { kind: _, ...wanted } = source;
        const { parts } = await checkParts(wanted, original, {});
        const { ref, vm: there } = views[at]!;
        return { ...ref, key, name: there.name, folder: join(folder, key), parts: digestOf(parts) };
      }),
    );
    const record = { id: 'b'.repeat(32), file: original, name: lab.name, isProtected: false } as const;
    const store = new LabStore(folder, silentLog);
    const open = await store.begin({ ...record, phase: 'ready', vms, system: systemId });
    await open.leave();
    return { lab, views, stored: systemOf(lab) };
  };
  const sources = (text: string): readonly unknown[] => {
    const { lab, problems } = readLab(text);
    assert.deepEqual(problems, []);
    return (lab?.vms ?? []).map(({ source }) => source);
  };

  it('describes a lab that was made as its file does', async () => {
    const { lab, views, stored } = await made();
    const { text, problem } = await exportLabFile(views, stored, join(project, 'again.yaml'), options(views));
    assert.equal(problem, undefined);
    assert.ok(lab.vms.some(({ speed }) => speed === 'hardDisk'));
    assert.deepEqual(readLab(text).lab, lab);
  });

  it('describes its VMs without their system as well: order and waits, but no restore points', async () => {
    const { lab, views } = await made();
    const { text } = await exportLabFile(views, undefined, join(project, 'again.yaml'), options(views));
    assert.deepEqual(readLab(text).lab, { ...lab, name: 'lab', points: [] });
  });

  it('names files as they are found from the new place, where a lab may use them', async () => {
    const { lab, views, stored } = await made();
    const image = async (file: string, environment: NodeJS.ProcessEnv = {}): Promise<unknown> => {
      const { text } = await exportLabFile(views, stored, file, { ...options(views), environment });
      const [first] = readLab(text).lab?.vms ?? [];
      return first?.source.kind === 'made' ? [first.source.image?.path, first.source.boot?.initrd] : text;
    };
    assert.deepEqual(await image(join(folder, 'virt-rewind.yaml')), [
      'project/guest/disk.qcow2',
      'project/guest/initrd.img',
    ]);
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const file = join(elsewhere, 'virt-rewind.yaml');
    assert.deepEqual(await image(file, { VIRT_REWIND_IMAGES: project }), [
      join(project, 'guest/disk.qcow2'),
      join(project, 'guest/initrd.img'),
    ]);
    const refused = await image(file);
    assert.match(String(refused), /^ {2}# .*outside the folders.*\n {2}database:\n {4}existing: shop-database$/mu);
    assert.equal(lab.vms.length, sources(String(refused)).length);
  });

  it('only names what was made otherwise than its file says now, or of a file that is gone', async () => {
    const { views, stored } = await made();
    const text = readFileSync(original, 'utf8');
    const described = async (): Promise<string> => {
      const { text: exported } = await exportLabFile(views, stored, join(project, 'again.yaml'), options(views));
      return sources(exported)
        .map((source) => (source as { kind: string }).kind)
        .join(' ');
    };
    writeFileSync(original, text.replace('memory: 96 MiB', 'memory: 97 MiB'));
    assert.equal(await described(), 'existing made made');
    writeFileSync(original, text.replace('  client:', '  other:').replace('vm: client', 'vm: other'));
    assert.equal(await described(), 'made made existing');
    writeFileSync(original, 'version: 1\nname: [');
    assert.equal(await described(), 'existing existing existing');
    rmSync(original);
    assert.equal(await described(), 'existing existing existing');
    writeFileSync(original, text);
    assert.equal(await described(), 'made made made');
  });

  it('leaves alone what the file of a system names as a VM that is there, whoever made that', async () => {
    const { views } = await made();
    const [own, other] = views as [VmView, VmView];
    const clone = { of: other.ref.uuid, snapshot: '1', files: [] };
    const first: VmView = { ...own, vm: { ...own.vm, clone } };
    const file = join(folder, 'second.yaml');
    writeFileSync(file, 'version: 1\nname: second\nvms: { base: { existing: shop-database } }\n');
    const store = new LabStore(folder, silentLog);
    const id = 'c'.repeat(32);
    const vms = [{ ...first.ref, key: 'base', name: first.vm.name, folder: '' }];
    const record = { id, file, name: 'second', isProtected: false, phase: 'ready', vms, system: id } as const;
    await (await store.begin(record)).leave();
    const stored = { system: { id, name: 'second', members: [{ ...first.ref, name: first.vm.name }] }, points: [] };
    const asked = options(views, { readTree: () => Promise.resolve(tree([external('1')])) });
    const { text } = await exportLabFile([first], stored, join(project, 'again.yaml'), asked);
    assert.deepEqual(readLab(text).lab, readLab(readFileSync(file, 'utf8')).lab);
  });

  describe('of a clone', () => {
    const file = '/img/copy.vda.qcow2';
    const ofWeb: CloneMark = { of: 'web-uuid', snapshot: '1', files: [file] };
    const layersOf = (...files: readonly string[]): VmLayers => {
      const layer = { virtualBytes: 1, allocatedBytes: 1, seen: 'there', snapshots: [], sharedWith: [] } as const;
      return {
        ...empty,
        disks: [{ target: 'vda', whole: true, layers: files.map((one) => ({ ...layer, file: one })) }],
      };
    };
    const cards = (...links: readonly string[]): Hardware => ({
      xml: '',
      items: links.map((link) => ({ part: 'network', id: '', facts: {}, whole: `<interface>${link}</interface>` })),
    });
    const exported = async (
      clone: CloneMark,
      snapshots: readonly Snapshot[],
      more: Partial<Options['engine']> = {},
    ): Promise<readonly [source: unknown, text: string]> => {
      const web: VmView = { ref: { connection, uuid: 'web-uuid' }, vm: vm({ uuid: 'web-uuid', name: 'web' }) };
      const copy: VmView = { ref: { connection, uuid: 'copy' }, vm: vm({ uuid: 'copy', name: 'copy', clone }) };
      const readTree = (): Promise<ReturnType<typeof tree>> => Promise.resolve(tree(snapshots));
      const asked = options([web, copy], { readTree, ...more });
      const { text } = await exportLabFile([copy], undefined, join(project, 'again.yaml'), asked);
      return [sources(text)[0], text];
    };
    const linked = { kind: 'clone', of: 'web', point: 'clean', way: 'linked', network: 'unplugged' };
    const clean = external('1', undefined, { title: 'clean' });

    it('names what it stands on, by a title that only one has', async () => {
      assert.deepEqual((await exported(ofWeb, [clean]))[0], linked);
      const again = external('2', '1', { title: 'clean' });
      assert.deepEqual((await exported(ofWeb, [clean, again]))[0], { ...linked, point: '1' });
      const so = external('clean', '1', { title: 'other' });
      assert.deepEqual((await exported(ofWeb, [clean, so]))[0], { ...linked, point: '1' });
    });

    it('tells a copy from what stands on files of another, and whether its cables are in', async () => {
      const of = async (layers: VmLayers, hardware: Hardware): Promise<unknown> => {
        const readLayers = (): Promise<VmLayers> => Promise.resolve(layers);
        return (await exported(ofWeb, [clean], { readLayers, readHardware: () => Promise.resolve(hardware) }))[0];
      };
      assert.deepEqual(await of(layersOf('/img/copy.over', file), cards()), { ...linked, way: 'full' });
      assert.deepEqual(await of(layersOf(file, '/img/web.qcow2'), cards('<link state="down"/>')), linked);
      const plugged = await of(layersOf(file, '/img/web.qcow2'), cards('<link state="down"/>', ''));
      assert.deepEqual(plugged, { ...linked, network: 'same' });
    });

    it('only names it where that is gone, is itself, or cannot be looked at, and says so', async () => {
      const existing = { kind: 'existing', vm: 'copy' };
      for (const [mark, snapshots] of [
        [ofWeb, []],
        [{ ...ofWeb, of: 'gone' }, [clean]],
        [{ ...ofWeb, of: 'copy' }, [clean]],
        [{ of: 'web-uuid', files: [] }, [clean]],
      ] as const) {
        const [source, text] = await exported(mark, snapshots);
        assert.deepEqual(source, existing);
        assert.match(text, /# It is a clone, and the snapshot/u);
      }
      const readLayers = (): Promise<never> => Promise.reject(new Failure('lost', { connection }));
      const [source, text] = await exported(ofWeb, [clean], { readLayers });
      assert.deepEqual(source, existing);
      assert.match(text, /# \S/u);
    });

    it('only names it where a lab file cannot say what it stands on', async () => {
      const [source] = await exported(ofWeb, [external('1', undefined, { title: 'x'.repeat(201) })]);
      assert.deepEqual(source, { kind: 'existing', vm: 'copy' });
    });
  });

  it('says what is wrong where it is no lab file', async () => {
    const views = Array.from({ length: 33 }, (_, at): VmView => {
      const uuid = String(at);
      return { ref: { connection, uuid }, vm: vm({ uuid, name: `vm-${uuid}` }) };
    });
    const { problem } = await exportLabFile(views, undefined, join(project, 'again.yaml'), options(views));
    assert.match(problem ?? '', /for “vms”/u);
  });
});
