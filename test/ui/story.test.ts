// The story of a first hour with the extension, on real guests: once by mouse, once by keyboard alone.
import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { defineTestGuest, type TestGuest } from '../../scripts/guest/testGuest.mjs';
import { openStage, pictureOfFailure, testDaemon, type Stage } from './stage.js';

for (const by of ['mouse', 'keyboard'] as const) {
  describe(`the story by ${by}`, () => {
    let stage: Stage;
    let web: TestGuest;
    let db: TestGuest;
    const ends: (() => Promise<void>)[] = [];

    before('two VMs, one in each style', async () => {
      const daemon = testDaemon();
      // The overlays of an earlier story stay where its VMs were.
      const folder = await mkdtemp(join(daemon.dir, by));
      web = await defineTestGuest(daemon, { name: 'web-test', folder });
      db = await defineTestGuest(daemon, { name: 'db-test', folder });
      ends.push(web.remove, db.remove);
      await Promise.all([web.start(), db.start()]);
      const seeded = await daemon.virsh(['snapshot-create-as', 'db-test', 'fresh-install', '--disk-only']);
      assert.equal(seeded.code, 0, seeded.stderr);
      stage = await openStage(by);
      ends.push(stage.stop);
    });
    let broken = false;
    beforeEach(function () {
      // One step stands on the other; what comes after a failure would only fail slowly.
      if (broken) this.skip();
    });
    afterEach(async function () {
      broken ||= this.currentTest?.isFailed() === true;
      await pictureOfFailure(stage, this.currentTest);
    });
    after(async () => {
      for (const end of ends.reverse()) await end();
    });

    const row = (label: string | RegExp) => stage.workbench.row(label);
    const picture = (name: string) => stage.workbench.picture(`${by}-${name}`);

    async function createSnapshot(vm: string, kind: string, title: string): Promise<void> {
      const { hands } = stage;
      await hands.menu(vm, 'Create Snapshot');
      await hands.pick(kind);
      await hands.type('Title of the Snapshot', title);
      await hands.enter();
      await hands.type('Description of the Snapshot', `Taken by ${by}`);
      await hands.enter();
    }

    it('shows the VMs, their states in words', async () => {
      await stage.hands.showView('Virt Rewind', 'VMs');
      await row(/^web-test, VM, running/).waitFor();
      await row(/^db-test, VM, running, 1 snapshot/).waitFor();
      await picture('1-vms');
    });

    it('takes a memory snapshot and stands right under it', async () => {
      await web.setCounters(7);
      await createSnapshot('web-test', 'Memory', 'Before the upgrade');
      await row(/^Before the upgrade, snapshot, memory/).waitFor();
      await row('You are here').waitFor();
      const rows = await stage.workbench.rows();
      const at = rows.findIndex(({ label }) => label.startsWith('Before the upgrade'));
      assert.match(rows[at + 1]?.label ?? '', /^You are here/);
      assert.equal(rows[at + 1]?.level, (rows[at]?.level ?? 0) + 1);
      await picture('2-memory-snapshot');
    });

    it('reverts to it: the old counters, and the VM runs', async () => {
      await web.setCounters(99);
      await stage.hands.menu('Before the upgrade', 'Revert');
      await stage.workbench.dialog.waitFor();
      await picture('3-revert-asks');
      await stage.hands.answer('Revert and Run');
      await stage.workbench.statusBar(/^Reverted web-test/).waitFor();
      await web.waitForAgent();
      const { memory, disk } = await web.counters();
      assert.deepEqual({ memory, disk, state: await web.state() }, { memory: 7, disk: 7, state: 'running' });
      await picture('4-reverted');
    });

    it('does the same with an offline snapshot', async () => {
      await stage.hands.menu('web-test', 'Shut Down');
      await row(/^web-test, VM, off/).waitFor();
      await createSnapshot('web-test', 'Offline', 'Clean shutdown');
      await row(/^Clean shutdown, snapshot, offline/).waitFor();
      await stage.hands.menu('web-test', 'Start');
      await row(/^web-test, VM, running/).waitFor();
      await web.waitForAgent();
      await web.setCounters(55);
      await stage.hands.menu('Clean shutdown', 'Revert');
      await stage.hands.answer('Revert and Leave Off');
      await row(/^web-test, VM, off/).waitFor();
      await stage.hands.menu('web-test', 'Start');
      await row(/^web-test, VM, running/).waitFor();
      await web.waitForAgent();
      assert.equal((await web.counters()).disk, 7);
      await picture('5-offline');
    });

    it('takes a disk-only snapshot of a VM in the external style', async () => {
      await stage.hands.expand('db-test');
      await createSnapshot('db-test', 'Disk-only', 'Before the import');
      await row(/^Before the import, snapshot, disk-only/).waitFor();
      await picture('6-disk-only');
    });

    it('takes a checkpoint without a question, and undoes it', async () => {
      await stage.hands.inline('web-test', 'Quick Checkpoint');
      const checkpoint = row(/^checkpoint .*, snapshot, memory/);
      await checkpoint.waitFor();
      await picture('7-checkpoint');
      await stage.hands.notification(/checkpoint/i, 'Undo');
      await checkpoint.waitFor({ state: 'detached' });
    });

    it('deletes a snapshot after a question', async () => {
      await stage.hands.menu('Clean shutdown', 'Delete Snapshot');
      await stage.workbench.dialog.waitFor();
      await picture('8-delete-asks');
      await stage.hands.answer('Delete');
      await row('Clean shutdown').waitFor({ state: 'detached' });
    });

    it('shows what another client does, by itself', async () => {
      const made = await stage.daemon.virsh(['snapshot-create-as', 'web-test', 'from-a-terminal']);
      assert.equal(made.code, 0, made.stderr);
      await row(/^from-a-terminal, snapshot, memory/).waitFor();
      const stopped = await stage.daemon.virsh(['destroy', 'db-test']);
      assert.equal(stopped.code, 0, stopped.stderr);
      await row(/^db-test, VM, off/).waitFor();
      await picture('9-beside-virsh');
    });
  });
}
