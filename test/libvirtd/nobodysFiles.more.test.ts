// Files that nobody seems to name: the newest data of a VM that was defined again on an older file, leftovers, and what
// something does name after all.
import assert from 'node:assert/strict';
import { copyFile, link, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import type { ProblemKind } from '../../src/diagnosis/problem.js';
import { fileOf } from '../../src/diagnosis/problemTable.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('files that no VM seems to name', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const overlay = async (file: string, base: string, content: 'empty' | 'data'): Promise<string> => {
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, file]);
    if (content === 'data') {
      await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 0 1M', file]);
    }
    return file;
  };

  /** A VM that is off, in a folder of its own. */
  const made = async (name: string): Promise<string> => {
    const file = join(r.daemon.dir, name, `${name}.qcow2`);
    await mkdir(dirname(file));
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '64M']);
    await defineDiskVm(r, name, [{ file, format: 'qcow2' }]);
    return file;
  };

  const looked = async (name: string, ...kinds: readonly ProblemKind[]): Promise<readonly string[]> => {
    await r.engine.refresh({ connection: r.uri });
    const [view] = r.engine.findVms(name, r.uri);
    const { diagnoses } = await r.engine.examine(view!.ref);
    const found = diagnoses.flatMap(({ problem }) =>
      kinds.includes(problem.kind)
        ? [`${problem.kind} ${String('overlay' in problem ? problem.overlay : fileOf(problem))}`]
        : [],
    );
    return found.sort();
  };
  const leftovers = (name: string): Promise<readonly string[]> => looked(name, 'orphanFile', 'unusedOverlay');

  const planOfStart = async (name: string) => {
    const [view] = r.engine.findVms(name, r.uri);
    const plan = await r.engine.plan({ kind: 'power', vm: view!.ref, action: 'start' });
    assert.ok(plan.kind === 'plan');
    return plan.losses;
  };

  it('are the newest data, where a VM was defined again on its old base', async () => {
    const base = await made('again');
    await r.virsh('snapshot-create-as', 'again', 's', '--disk-only');
    const newest = base.replace('.qcow2', '.s');
    await runOk('qemu-io', ['-f', 'qcow2', '-c', 'write -P 2 0 1M', newest]);
    assert.deepEqual(await leftovers('again'), []);
    assert.deepEqual(await planOfStart('again'), []);
    await r.virsh('undefine', '--snapshots-metadata', 'again');
    await defineDiskVm(r, 'again', [{ file: base, format: 'qcow2' }]);
    assert.deepEqual(await leftovers('again'), [`unusedOverlay ${newest}`]);
    assert.deepEqual(await planOfStart('again'), [{ kind: 'unusedOverlays', files: [newest] }]);
    const [view] = r.engine.findVms('again', r.uri);
    const repair = { kind: 'removeFiles', files: [newest] } as const;
    const refused = await r.engine.plan({ kind: 'repair', vm: view!.ref, repair });
    assert.ok(refused.kind === 'refusal' && refused.refusal.reason === 'fileNotOrphan');
    // As the advice says.
    await r.virsh('undefine', 'again');
    await defineDiskVm(r, 'again', [{ file: newest, format: 'qcow2' }]);
    assert.deepEqual(await leftovers('again'), []);
    assert.deepEqual(await planOfStart('again'), []);
  });

  it('are what another VM is built on, of which each start of the writer asks', async () => {
    const base = await made('writer');
    const [top, apart] = [base.replace('.qcow2', '.top'), base.replace('.qcow2', '.apart')];
    await overlay(top, base, 'empty');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', apart, '64M']);
    await defineDiskVm(
      r,
      'reader',
      [top, apart].map((file) => ({ file, format: 'qcow2' })),
    );
    await r.engine.refresh({ connection: r.uri });
    for (let start = 0; start < 2; start++) {
      assert.deepEqual(await planOfStart('writer'), [{ kind: 'unusedOverlays', files: [top] }]);
      await r.virsh('start', 'writer');
      await r.virsh('destroy', 'writer');
    }
    assert.deepEqual(await planOfStart('reader'), []);
    await r.virsh('undefine', 'reader');
    await r.virsh('undefine', 'writer');
  });

  it('are leftovers, where they are empty', async () => {
    const base = await made('broken');
    const left = await overlay(base.replace('.qcow2', '.broken'), base, 'empty');
    assert.deepEqual(await leftovers('broken'), [`orphanFile ${left}`]);
    assert.deepEqual(await planOfStart('broken'), []);
  });

  it('are no leftovers, where the VM was defined on a copy of that name', async () => {
    const base = await made('away');
    const old = await overlay(base.replace('.qcow2', '.s'), base, 'data');
    const copy = join(r.daemon.dir, basename(old));
    await copyFile(old, copy);
    await r.virsh('undefine', 'away');
    await defineDiskVm(r, 'away', [{ file: copy, format: 'qcow2' }]);
    assert.deepEqual(await leftovers('away'), []);
    const [view] = r.engine.findVms('away', r.uri);
    const repair = { kind: 'removeFiles', files: [old] } as const;
    const refused = await r.engine.plan({ kind: 'repair', vm: view!.ref, repair });
    assert.ok(refused.kind === 'refusal' && refused.refusal.reason === 'fileNotOrphan');
  });

  it('are deleted where they hold RAM of the VM, and put away where they are only named so', async () => {
    const base = await made('ram');
    const uuid = (await r.virsh('domuuid', 'ram')).trim();
    const named = (second: number): string => base.replace('.qcow2', `-180000000${second}-${uuid.slice(0, 8)}.mem`);
    const [whole, other] = [named(1), named(2)];
    await r.virsh('start', 'ram');
    await r.virsh('save', 'ram', whole);
    await writeFile(other, 'precious');
    assert.deepEqual(await leftovers('ram'), [`orphanFile ${whole}`, `orphanFile ${other}`]);
    const [view] = r.engine.findVms('ram', r.uri);
    for (const file of [whole, other]) {
      await r.engine.runOperation({ kind: 'repair', vm: view!.ref, repair: { kind: 'removeFiles', files: [file] } });
    }
    const folder = dirname(base);
    assert.deepEqual((await readdir(folder)).sort(), ['.virt-rewind-trash', 'ram.qcow2']);
    const kept = await readdir(join(folder, '.virt-rewind-trash'));
    assert.deepEqual(
      kept.map((name) => name.startsWith(basename(other))),
      [true, true],
      kept.join(),
    );
  });

  it('are in use, where a VM names them by another path, in whatever place', async () => {
    const base = await made('paths');
    const folder = dirname(base);
    const linked = `${folder}-link`;
    await symlink(folder, linked);
    const named = (name: string): Promise<string> => overlay(join(folder, `paths.${name}`), base, 'empty');
    const free = await named('free');
    const other = await named('other');
    await defineDiskVm(r, 'other', [{ file: join(linked, 'paths.other'), format: 'qcow2' }]);
    const hard = await named('hard');
    await link(hard, join(r.daemon.dir, 'hard'));
    await defineDiskVm(r, 'hard', [{ file: join(r.daemon.dir, 'hard'), format: 'qcow2' }]);
    await named('firmware');
    await named('argument');
    const xml = (await r.virsh('dumpxml', 'paths'))
      .replace('</os>', `<kernel>${linked}/paths.firmware</kernel></os>`)
      .replace(/<domain type='qemu'/u, `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'`)
      .replace(
        '</domain>',
        `<qemu:commandline><qemu:arg value='-drive'/><qemu:arg value='file=${folder}//paths.argument,if=none'/></qemu:commandline></domain>`,
      );
    const file = join(r.daemon.dir, 'paths.xml');
    await writeFile(file, xml);
    await r.virsh('define', file);
    assert.deepEqual(await leftovers('paths'), [`orphanFile ${free}`]);
    await r.virsh('undefine', 'other');
    assert.deepEqual(await leftovers('paths'), [`orphanFile ${free}`, `orphanFile ${other}`]);
  });

  it('are in use by the saved state of a VM, and by the next start of one that runs', async () => {
    const base = await made('saved');
    const folder = dirname(base);
    const kept = await overlay(join(folder, 'saved.kept'), base, 'empty');
    const next = await overlay(join(folder, 'saved.next'), base, 'empty');
    await defineDiskVm(r, 'keeper', [{ file: kept, format: 'qcow2' }]);
    await r.virsh('start', 'keeper');
    await r.virsh('managedsave', 'keeper');
    const redefined = async (name: string, file: string): Promise<void> => {
      const xml = join(r.daemon.dir, `${name}.xml`);
      const before = await r.virsh('dumpxml', '--inactive', name);
      await writeFile(xml, before.replace(/source file='[^']*'/u, `source file='${file}'`));
      await r.virsh('define', xml);
    };
    const elsewhere = join(r.daemon.dir, 'elsewhere.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', elsewhere, '64M']);
    await redefined('keeper', elsewhere);
    await defineDiskVm(r, 'runner', [{ file: elsewhere, format: 'qcow2' }]);
    await r.virsh('start', 'runner');
    await redefined('runner', next);
    assert.deepEqual(await leftovers('saved'), []);
    await r.virsh('destroy', 'runner');
  });

  /** With two snapshots, all of it then moved into another folder. */
  const moved = async (name: string, backingStore: 'told' | 'untold'): Promise<string> => {
    const base = await made(name);
    await r.virsh('snapshot-create-as', name, 'one', '--disk-only');
    await r.virsh('snapshot-create-as', name, 'two', '--disk-only');
    const old = dirname(base);
    const now = `${old}-now`;
    if (backingStore === 'untold') {
      await rename(old, now);
    } else {
      await mkdir(now);
      for (const file of await readdir(old)) {
        await rename(join(old, file), join(now, file));
      }
    }
    const layer = (file: string, below: string): string =>
      `<backingStore type='file'><format type='qcow2'/><source file='${now}/${file}'/>${below}</backingStore>`;
    const below = layer(`${name}.one`, layer(`${name}.qcow2`, '<backingStore/>'));
    const xml = join(r.daemon.dir, `${name}.xml`);
    await writeFile(
      xml,
      (await r.virsh('dumpxml', name)).replace(
        `<source file='${old}/${name}.two'/>`,
        `<source file='${now}/${name}.two'/>${backingStore === 'told' ? below : ''}`,
      ),
    );
    await r.virsh('define', xml);
    return now;
  };
  const lost = ['fileMoved', 'overlayMissing', 'orphanFile', 'unusedOverlay', 'staleMetadata', 'notSeen'] as const;

  for (const backingStore of ['told', 'untold'] as const) {
    it(`were moved by hand, with their new place ${backingStore} in the XML, and are mended as the doctor says`, async () => {
      const name = `moved-${backingStore}`;
      const now = await moved(name, backingStore);
      const named = (file: string): string => `fileMoved ${now.replace(/-now$/u, '')}/${name}.${file}`;
      assert.deepEqual(await looked(name, ...lost), [named('one'), named('qcow2'), named('two')]);
      const [view] = r.engine.findVms(name, r.uri);
      for (const snapshot of ['one', 'two']) {
        const repair = { kind: 'forgetSnapshot', snapshot } as const;
        const decision = await r.engine.plan({ kind: 'repair', vm: view!.ref, repair });
        assert.ok(decision.kind === 'refusal' && decision.refusal.reason === 'snapshotWhole');
      }
      const rebase = (overlay: string, below: string): Promise<unknown> =>
        runOk('qemu-img', [
          'rebase',
          '-u',
          '-f',
          'qcow2',
          '-F',
          'qcow2',
          '-b',
          `${now}/${name}.${below}`,
          `${now}/${name}.${overlay}`,
        ]);
      await rebase('two', 'one');
      await rebase('one', 'qcow2');
      for (const snapshot of ['one', 'two']) {
        const file = join(r.daemon.dir, `${name}-${snapshot}.xml`);
        const xml = await r.virsh('snapshot-dumpxml', '--security-info', name, snapshot);
        await writeFile(file, xml.replaceAll(`${now.replace(/-now$/u, '')}/`, `${now}/`));
        await r.virsh('snapshot-create', name, file, '--redefine', ...(snapshot === 'two' ? ['--current'] : []));
      }
      assert.deepEqual(await looked(name, ...lost), []);
    });
  }
});
