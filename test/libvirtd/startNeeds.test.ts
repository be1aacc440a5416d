// What the VM of a snapshot needs beside its disks and is gone: told before anything is touched, and where a revert
// fails all the same, the VM starts as before.
import assert from 'node:assert/strict';
import { copyFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { Failure } from '../../src/domain/failure.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { RefusalFacts } from '../../src/domain/refusal.js';
import { allRows } from '../allRows.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a snapshot whose VM needs what is gone', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  const definition = (name: string): Promise<string> => r.virsh('dumpxml', '--inactive', '--security-info', name);
  const redefine = async (name: string, edit: (xml: string) => string): Promise<void> => {
    const xml = edit(await definition(name));
    await withXmlFile(xml, (file) => virshOk(r.daemon.virsh, 'define', file));
    await r.engine.refresh({ connection: r.uri });
  };
  const decided = async (request: OperationRequest): Promise<RefusalFacts['startFileMissing'] | string> => {
    const decision = await r.engine.plan(request);
    return decision.kind === 'plan'
      ? 'plan'
      : decision.refusal.reason === 'startFileMissing'
        ? (decision.refusal.facts as unknown as RefusalFacts['startFileMissing'])
        : decision.refusal.reason;
  };

  for (const style of allRows ? (['internal', 'external'] as const) : (['external'] as const)) {
    it(`QEMU itself: refused with its path, whatever the end, and good again with another; ${style}`, async () => {
      const name = `qemu-${style}`;
      await r.guest({ name });
      const path = /<emulator>(.*)<\/emulator>/u.exec(await definition(name))?.[1] ?? '';
      const former = join(r.daemon.dir, `former-${style}`);
      await symlink(path, former);
      await redefine(name, (xml) => xml.replace(path, former));
      await r.virsh('start', name);
      const vm = await r.ref(name);
      const kept = { kind: 'create', vm, title: 'kept', style, snapshotKind: 'memory' } as const;
      const { snapshot = '' } = await r.engine.runOperation(kept);
      await r.virsh('destroy', name);
      await redefine(name, (xml) => xml.replace(former, path));
      await rm(former);
      const asked = { kind: 'revert', vm, snapshot, after: 'running', checkpointFirst: false } as const;
      const before = await definition(name);
      for (const request of [asked, { ...asked, after: 'off' }] as const) {
        const refused = await decided(request);
        assert.equal(typeof refused === 'object' && refused.file, former, JSON.stringify(refused));
      }
      await assert.rejects(r.engine.runOperation(asked), (failure: Failure) => failure.kind === 'refused');
      if (style === 'internal') {
        // As where it goes between the look and the step.
        const { vm: now } = r.vm(name)!;
        const step = { kind: 'revert', snapshot, to: 'asSnapshot' } as const;
        const run = r
          .hypervisor()
          .run(now, step, { signal: new AbortController().signal, onProgress: () => undefined });
        await assert.rejects(run, Failure);
        assert.equal(await definition(name), before);
        await r.virsh('start', name);
        await r.virsh('destroy', name);
      }
      assert.equal(await definition(name), before);
      // What the refusal advises.
      const described = await r.virsh('snapshot-dumpxml', '--security-info', name, snapshot);
      await withXmlFile(described.replaceAll(former, path), (file) =>
        virshOk(r.daemon.virsh, 'snapshot-create', name, file, '--redefine', '--current'),
      );
      await r.engine.refresh({ connection: r.uri });
      if (style === 'external') {
        // The file with its RAM names QEMU too.
        const refused = await decided(asked);
        assert.equal(typeof refused === 'object' && refused.ram, 'yes', JSON.stringify(refused));
      }
      const again = { ...asked, after: style === 'external' ? 'off' : 'running' } as const;
      const { state } = await r.engine.runOperation(again);
      assert.equal(state, again.after);
    });
  }

  it('firmware: refused where the VM is to start', async () => {
    await r.guest({ name: 'firmware' });
    const bios = join(r.daemon.dir, 'bios.bin');
    await copyFile('/usr/share/seabios/bios-256k.bin', bios);
    await redefine('firmware', (xml) =>
      xml.replace('</type>', `</type><loader readonly='yes' type='rom'>${bios}</loader>`),
    );
    const vm = await r.ref('firmware');
    const kept = { kind: 'create', vm, title: 'kept', style: 'external', snapshotKind: 'offline' } as const;
    const { snapshot = '' } = await r.engine.runOperation(kept);
    await redefine('firmware', (xml) => xml.replace(/<loader.*<\/loader>/u, ''));
    await rm(bios);
    const asked = { kind: 'revert', vm, snapshot, after: 'running', checkpointFirst: false } as const;
    const refused = await decided(asked);
    assert.equal(typeof refused === 'object' && refused.file, bios, JSON.stringify(refused));
    assert.equal(await decided({ ...asked, after: 'off' }), 'plan');
  });
});
