// The library as another extension has it, over what the editor has open: one journal, one set of locks and settings,
// no question.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { VirtRewindApi } from '../../src/library.js';
import { CommandRig, type Guest, untrustedly } from './commandRig.js';
import { Person } from './person.js';

const name = 'for-extensions';

async function apiOf(): Promise<VirtRewindApi> {
  const extension = vscode.extensions.getExtension<VirtRewindApi>('virt-rewind.virt-rewind');
  assert.ok(extension);
  return extension.activate();
}

async function rejects(call: Promise<unknown>, kind: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof Error && 'kind' in error, String(error));
    assert.equal(error.kind, kind, error.message);
    // It may end with the way out, which is no sentence.
    assert.match(error.message, /[.”]$/u);
    return true;
  });
}

describe('the API for other extensions', () => {
  let rig: CommandRig;
  let guest: Guest;
  let person: Person;

  before(async () => {
    rig = new CommandRig();
    guest = await rig.guest({ name, agent: false });
  });
  // Whatever is asked fails the test: the library asks nobody.
  beforeEach(() => {
    person = new Person();
  });
  afterEach(() => {
    assert.deepEqual(person.asked, []);
    person.leave();
  });
  after(() => rig.stop());

  it('lists, takes a checkpoint, reverts and undoes, and the editor knows of it', async () => {
    const api = await apiOf();
    assert.equal(api.version, 1);
    await using rewind = await api.connect();
    assert.ok((await rewind.list()).some((vm) => vm.name === name && vm.state === 'off'));
    const vm = await rewind.find(name);
    const { snapshot } = await vm.checkpoint('by another');
    assert.equal(snapshot, 'by-another');
    assert.deepEqual(await rig.snapshots(name), ['by-another']);
    // What runs is something to keep.
    await vm.start();
    const { checkpoint, state } = await vm.revert('by another');
    assert.equal(state, 'off');
    assert.ok(checkpoint !== undefined);
    assert.equal((await vm.undo({ checkpointFirst: false })).state, 'running');
    assert.equal((await vm.snapshots()).find(({ current }) => current)?.name, checkpoint);
    const { engine } = await rig.api();
    const { ref } = await rig.vmRow(name);
    const reverts = (await engine.readLog(ref)).filter(({ request }) => request.kind === 'revert');
    assert.equal(reverts.length, 2);
    assert.equal(reverts[1]?.undoes, reverts[0]?.id, 'else the next undo would undo the undo');
    await vm.delete('by another');
    assert.equal((await vm.stop({ force: true })).state, 'off');
    await rejects(rewind.find('nobody'), 'notFound');
    await rejects(vm.revert('nothing'), 'notFound');
    await rejects(vm.checkpoint('late', { signal: AbortSignal.abort() }), 'cancelled');
  });

  it('leaves a VM alone that was protected meanwhile, unless its name is said', async () => {
    await using rewind = await (await apiOf()).connect();
    const vm = await rewind.find(name);
    const { snapshot } = await vm.checkpoint('protected');
    assert.ok(snapshot !== undefined);
    await rig.withSettings({ protectedVms: [name] }, async () => {
      assert.equal((await vm.info()).protected, true);
      await rejects(vm.revert(snapshot), 'protected');
      await rejects(vm.delete(snapshot), 'protected');
      assert.ok((await rig.snapshots(name)).includes(snapshot));
      await vm.delete(snapshot, { name });
    });
    assert.ok(!(await rig.snapshots(name)).includes(snapshot));
  });

  it('looks, and does nothing, in a workspace that is not trusted', async () => {
    await using rewind = await (await apiOf()).connect();
    const folder = join(rig.dir, 'of-another');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'virt-rewind.yaml');
    writeFileSync(
      file,
      `version: 1\nname: of-another\nvms:\n  one:\n    existing: ${name}\npoints:\n  - title: clean\n`,
    );
    const vm = await rewind.find(name);
    const lab = rewind.lab(file);
    const before = await rig.snapshots(name);
    await untrustedly(async () => {
      assert.equal((await vm.info()).state, 'off');
      assert.equal((await vm.snapshots()).length, before.length);
      assert.equal((await lab.check()).length, 1);
      await rejects(vm.checkpoint(), 'refused');
      await rejects(vm.start(), 'refused');
      await rejects(lab.create(), 'refused');
    });
    assert.deepEqual(await rig.snapshots(name), before);
    assert.match(await guest.state(), /shut off/u);
  });

  it('is over when it is closed, and the editor goes on', async () => {
    const api = await apiOf();
    const rewind = await api.connect();
    const vm = await rewind.find(name);
    const waiting = rejects(vm.wait('running', { seconds: 600 }), 'cancelled');
    await rewind.close();
    await waiting;
    await rejects(rewind.list(), 'closed');
    await rejects(vm.checkpoint(), 'closed');
    await using another = await api.connect();
    assert.equal((await (await another.find(name)).info()).name, name);
  });
});
