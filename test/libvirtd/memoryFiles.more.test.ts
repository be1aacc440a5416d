// What a snapshot names as its RAM and is something else: it stays, where libvirt or we would have removed it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('the file with the RAM of a snapshot', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  /** Its snapshot names another file from now on, as a client can who edits it. */
  const renamed = async (vm: GuestVm, name: string, file: string): Promise<string> => {
    const xml = await r.virsh('snapshot-dumpxml', vm.vm.name, name, '--security-info');
    const was = /<memory [^>]*file='([^']+)'/u.exec(xml)?.[1] ?? '';
    await withXmlFile(xml.replace(was, file), (path) =>
      r.virsh('snapshot-create', vm.vm.name, path, '--redefine', '--current'),
    );
    await r.engine.refresh({ vm: vm.ref });
    return was;
  };
  const grown = async (name: string): Promise<GuestVm> => {
    const vm = await GuestVm.define(r, name);
    await vm.power('start');
    await vm.write();
    await vm.create('ram', 'memory');
    await vm.write();
    return vm;
  };

  it('that is somebody’s document is not removed', async () => {
    const vm = await grown('document');
    const letter = join(r.daemon.dir, 'letter.odt');
    await writeFile(letter, 'Dear reader');
    const ram = await renamed(vm, 'ram', letter);
    await vm.isRefused({ kind: 'delete', snapshot: 'ram', scope: 'one' }, 'memoryFileForeign');
    assert.equal(await readFile(letter, 'utf8'), 'Dear reader');
    await renamed(vm, 'ram', ram);
    await vm.run({ kind: 'delete', snapshot: 'ram', scope: 'one' });
    assert.equal(existsSync(ram), false);
  });

  it('of another VM is not removed', async () => {
    const vm = await grown('stranger');
    const other = await grown('owner');
    const theirs = join(r.daemon.dir, 'owner.ram');
    await rename(await renamed(other, 'ram', theirs), theirs);
    await renamed(vm, 'ram', theirs);
    await vm.isRefused({ kind: 'delete', snapshot: 'ram', scope: 'one' }, 'memoryFileForeign');
    assert.ok(existsSync(theirs));
  });

  it('goes under whatever name, and is told as lost', async () => {
    const vm = await grown('moved');
    const file = join(r.daemon.dir, 'elsewhere.ram');
    await rename(await renamed(vm, 'ram', file), file);
    const request = { kind: 'delete', vm: vm.ref, snapshot: 'ram', scope: 'one' } as const;
    const decision = await r.engine.plan(request);
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    const lost = decision.losses.flatMap((loss) => (loss.kind === 'files' ? loss.files : []));
    assert.deepEqual(lost, [file]);
    await r.engine.runOperation(request);
    vm.model = vm.model.deleted('ram', 'one');
    await vm.isWhole();
    assert.equal(existsSync(file), false);
  });
});
