// Consolidate on real guests: fewer layers, the same bytes. Chains that nobody's snapshots own, made by hand as backup
// programs and people leave them; chains of snapshots; what is cancelled leaves all as it was.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest, OperationResult } from '../../src/domain/operation.js';
import type { Plan } from '../../src/operations/plan.js';
import { allRows, itRarely } from '../allRows.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { GuestVm } from './guestVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

type Wish = Omit<Extract<OperationRequest, { kind: 'consolidate' }>, 'kind' | 'vm'>;

/** Blocks far from those of every write, so that a merge lasts. */
const many = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, at) => first + at);

/** A VM whose layers are created by hand, and merged. */
class Layered extends GuestVm {
  static async open(
    rig: LiveRig,
    name: string,
    more: Partial<Parameters<typeof OracleVm.define>[1]> = {},
  ): Promise<Layered> {
    const vm = await OracleVm.define(rig.daemon, { name, folder: join(rig.daemon.dir, name), ...more });
    await rig.engine.refresh({ connection: rig.uri });
    const stage = new Layered(rig.engine, vm, await rig.ref(name));
    rig.show(stage.ref);
    return stage;
  }

  file(name: string): string {
    return join(dirname(this.vm.guest.disks[0]!.file), name);
  }

  /** An overlay on each disk of the VM, which is on, without a snapshot that libvirt knows. */
  async overlay(suffix: string, targets = this.vm.guest.disks.map(({ target }) => target)): Promise<void> {
    const specs = this.vm.guest.disks.flatMap(({ target }) => {
      const spec = targets.includes(target) ? `file=${this.file(`${target}.${suffix}`)}` : 'snapshot=no';
      return ['--diskspec', `${target},${spec}`];
    });
    await this.virsh('snapshot-create-as', suffix, '--disk-only', '--no-metadata', '--atomic', ...specs);
  }

  /** The same of one that is off, as people do it. */
  async overlayOff(suffix: string): Promise<void> {
    let xml = await this.virsh('dumpxml', '--inactive', '--security-info');
    for (const [disk] of xml.matchAll(/<disk [^]*?<\/disk>/gu)) {
      const [source, target, format] = ["<source file='", "<target dev='", "<driver name='qemu' type='"].map(
        (start) => disk.split(start)[1]!.split("'")[0]!,
      ) as [string, string, string];
      const overlay = this.file(`${target}.${suffix}`);
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', source, overlay]);
      xml = xml.replace(disk, disk.replace(source, overlay).replace(`type='${format}'`, "type='qcow2'"));
    }
    await withXmlFile(xml, (file) => virshOk(this.vm.virsh, 'define', file));
    await this.engine.refresh({ vm: this.ref });
  }

  consolidate(wish: Wish = {}, signal?: AbortSignal): Promise<OperationResult> {
    return this.run({ kind: 'consolidate', ...wish }, signal);
  }

  async plan(wish: Wish = {}): Promise<Plan> {
    await this.engine.refresh({ vm: this.ref });
    const decision = await this.engine.plan({ kind: 'consolidate', vm: this.ref, ...wish });
    assert.ok(decision.kind === 'plan', JSON.stringify(decision));
    return decision;
  }

  async refusal(wish: Wish = {}): Promise<string> {
    try {
      await this.consolidate(wish);
      return 'done';
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error.details.refusal?.reason ?? error.kind;
    }
  }

  /** What each disk stands on, top first, as the images say. */
  async layers(): Promise<Readonly<Record<string, readonly string[]>>> {
    const { disks } = await this.vm.see();
    const of: Record<string, readonly string[]> = {};
    for (const [target, { file }] of disks) {
      const stdout = await runOk('qemu-img', ['info', '-U', '--backing-chain', '--output=json', file]);
      of[target] = (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => filename);
    }
    return of;
  }

  /** What its next start names. */
  async configured(): Promise<readonly string[]> {
    const xml = await this.virsh('dumpxml', '--inactive');
    return [...xml.matchAll(/<source file='([^']*)'/gu)].map(([, file]) => file!);
  }
}

describe('consolidate', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  describe('layers that no snapshot owns, while the VM runs', () => {
    let stage: Layered;

    before(async () => {
      stage = await Layered.open(r, 'hand', { disks: ['qcow2', 'raw'] });
      await stage.power('start');
      await stage.write();
      for (const suffix of ['one', 'two', 'three']) {
        await stage.overlay(suffix);
        await stage.write();
      }
    });

    it('says what will be done, to which file, and how much it is at most', async () => {
      const plan = await stage.plan();
      assert.deepEqual(
        plan.steps.map((step) => step.kind),
        ['blockCommit', 'blockCommit', 'removeFiles'],
      );
      assert.deepEqual([plan.progress, plan.losses], ['percent', []]);
      const bases = stage.vm.guest.disks.map(({ file }) => file);
      const merges = plan.warnings.flatMap((one) => (one.kind === 'merges' ? [one] : []));
      assert.deepEqual(
        merges.map(({ into }) => into),
        bases,
      );
      assert.ok(merges.every(({ bytes = 0 }) => bytes > 0) && plan.spaceBytes! > 0, JSON.stringify(merges));
      await stage.isWhole();
    });

    it('goes down to a chosen layer of one disk, and leaves the other', async () => {
      const before = await stage.layers();
      const down = stage.file('vda.one');
      await stage.consolidate({ targets: ['vda'], downTo: down });
      const after = await stage.layers();
      assert.deepEqual(after, { ...before, vda: [down, stage.vm.guest.disks[0]!.file] });
      assert.deepEqual([existsSync(stage.file('vda.two')), existsSync(stage.file('vda.three'))], [false, false]);
      await stage.isWhole();
    });

    it('merges the rest of all disks, and the next start names the bases', async () => {
      await stage.write();
      await stage.consolidate();
      const bases = stage.vm.guest.disks.map(({ file }) => file);
      assert.deepEqual(await stage.layers(), { vda: [bases[0]], vdb: [bases[1]] });
      assert.deepEqual(await stage.configured(), bases);
      await stage.isWhole();
      assert.equal(await stage.refusal(), 'nothingToConsolidate');
    });

    it('holds the same after the VM was switched off and on', async () => {
      await stage.write();
      await stage.power('forceOff');
      await stage.isWhole();
      await stage.power('start');
      await stage.write();
      await stage.isWhole();
    });
  });

  describe('a merge that takes a while', () => {
    let stage: Layered;

    before(async () => {
      stage = await Layered.open(r, 'slow');
      await stage.power('start');
      await stage.write();
      await stage.overlay('one');
      await stage.write(...many(200, 150));
    });

    itRarely('tells how far it is, can be cancelled, and leaves the chain as it was', async () => {
      const before = await stage.layers();
      const cancel = new AbortController();
      const seen: number[] = [];
      const listening = r.engine.onDidChange(() => {
        const progress = r.vm('slow')?.operation?.progress;
        if (progress?.step === 'blockCommit' && progress.fraction !== undefined && progress.cancellable) {
          seen.push(progress.fraction);
          if (progress.fraction > 0) {
            cancel.abort();
          }
        }
      });
      await assert.rejects(
        stage.consolidate({ bytesPerSecond: 64 * 1024 }, cancel.signal),
        (error) => error instanceof Failure && error.kind === 'cancelled' && error.details.byUs === true,
      );
      listening.dispose();
      assert.ok(
        seen.some((fraction) => fraction > 0 && fraction < 1),
        seen.join(' '),
      );
      assert.deepEqual(await stage.layers(), before);
      await stage.write();
      await stage.isWhole();
    });

    itRarely('can be begun again, while the guest writes', async () => {
      const running = stage.consolidate();
      await stage.write(...many(400, 20));
      await running;
      assert.deepEqual(
        Object.values(await stage.layers()).map((layers) => layers.length),
        [1, 1],
      );
      await stage.isWhole();
    });
  });

  describe('layers that no snapshot owns, while the VM is off', () => {
    let stage: Layered;

    before(async () => {
      stage = await Layered.open(r, 'cold', { disks: ['qcow2', 'raw'] });
      for (const suffix of ['one', 'two', 'three']) {
        await stage.power('start');
        await stage.write();
        await stage.power('forceOff');
        await stage.overlayOff(suffix);
      }
      await stage.power('start');
      await stage.write(...many(200, 50));
      await stage.power('forceOff');
    });

    it('can be cancelled, and leaves the chain as it was', async () => {
      const before = await stage.layers();
      const cancel = new AbortController();
      const listening = r.engine.onDidChange(() => {
        const progress = r.vm('cold')?.operation?.progress;
        if (progress?.step === 'commitImages' && (progress.fraction ?? 0) > 0) {
          cancel.abort();
        }
      });
      await assert.rejects(
        stage.consolidate({ bytesPerSecond: 64 * 1024 }, cancel.signal),
        (error) => error instanceof Failure && error.kind === 'cancelled',
      );
      listening.dispose();
      assert.deepEqual(await stage.layers(), before);
      await stage.isWhole();
    });

    it('goes down to a chosen layer', async () => {
      await stage.consolidate({ downTo: stage.file('vdb.one') });
      assert.equal((await stage.layers())['vdb']!.length, 2);
      await stage.isWhole();
    });

    it('merges all of it, and the VM starts on the bases', async () => {
      await stage.consolidate();
      const bases = stage.vm.guest.disks.map(({ file }) => file);
      assert.deepEqual(await stage.layers(), { vda: [bases[0]], vdb: [bases[1]] });
      assert.deepEqual(await stage.configured(), bases);
      await stage.isWhole();
      await stage.power('start');
      await stage.write();
      await stage.isWhole();
      await stage.power('forceOff');
    });

    it('is refused where another VM is built on the base, or any other file is', async () => {
      await stage.overlayOff('four');
      const base = stage.vm.guest.disks[0]!.file;
      const clone = stage.file('clone');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, clone]);
      const xml = (await r.virsh('dumpxml', 'cold', '--inactive'))
        .replace(/<uuid>.*<\/uuid>/u, '')
        .replace('<name>cold<', '<name>clone<')
        .replace(stage.file('vda.four'), clone);
      await withXmlFile(xml, (file) => r.virsh('define', file));
      await r.engine.refresh();
      assert.equal(await stage.refusal(), 'usedByOtherVm');
      await r.virsh('undefine', 'clone');
      await r.engine.refresh();
      // Nobody names it any more, and it is built on the base as before.
      assert.equal(await stage.refusal(), 'usedByImage');
      await rm(clone);
      await stage.isWhole();
    });

    it('is refused where an internal snapshot is inside a layer', async () => {
      const kept = stage.file('copy');
      await copyFile(stage.file('vda.four'), kept);
      await runOk('qemu-img', ['snapshot', '-c', 'inside', stage.file('vda.four')]);
      assert.equal(await stage.refusal(), 'tagInLayer');
      await rename(kept, stage.file('vda.four'));
      await stage.consolidate();
      await stage.isWhole();
    });
  });

  describe('layers that snapshots own', () => {
    for (const power of allRows ? (['running', 'off'] as const) : (['running'] as const)) {
      it(`go with these, oldest or newest first, ${power}`, async () => {
        const stage = await Layered.open(r, `owned-${power}`);
        const native = r.hypervisor().capabilities.externalRevert;
        await stage.power('start');
        for (const title of ['one', 'two', 'three', 'four']) {
          await stage.write();
          const { snapshot } = await r.engine.runOperation({
            kind: 'create',
            vm: stage.ref,
            snapshotKind: 'disk',
            style: 'external',
            title,
          });
          stage.model = stage.model.created({ name: snapshot!, title, kind: 'disk', style: 'external' });
        }
        await stage.write();
        if (power === 'off') {
          await stage.power('forceOff');
        }
        const plan = await stage.plan({ downTo: 'two' });
        const doomed = plan.losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : []));
        assert.deepEqual(doomed, power === 'running' || native ? ['three', 'four'] : ['four', 'three']);
        await stage.consolidate({ downTo: 'two' });
        for (const name of doomed) {
          stage.model = stage.model.deleted(name, 'one');
        }
        await stage.isWhole();
        await stage.consolidate();
        stage.model = stage.model.deleted('two', 'one').deleted('one', 'one');
        await stage.isWhole();
        assert.deepEqual(
          Object.values(await stage.layers()).map((layers) => layers.length),
          [1, 1],
        );
      });
    }
  });
});
