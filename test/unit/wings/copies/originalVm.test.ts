// What is asked of the host that the original of a replica is on.
import assert from 'node:assert/strict';
import { realpathSync, statSync } from 'node:fs';
import type { EnginePort } from '../../../../src/engine/enginePort.js';
import { restoredLines } from '../../../../src/wings/copies/doneText.js';
import { loginTo } from '../../../../src/transfer/loginTo.js';
import { lookAtOriginal } from '../../../../src/wings/copies/plain/originalVm.js';
import type { Manifest } from '../../../../src/transfer/manifest.js';
import { ofWing } from '../../../ofWing.js';

describe('the host of an original', () => {
  const connection = 'qemu+tls://other/system';
  const vm = { name: 'web', uuid: 'u', power: 'off', managedSave: false };
  const file = realpathSync(process.execPath);
  const { size, mtimeNs } = statSync(file, { bigint: true });
  const modified = `${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`;
  const kept = { path: file, stored: file, role: 'disk', content: 'stored', bytes: Number(size), modified } as const;
  const files: Manifest['files'] = [{ ...kept, allocatedBytes: 0 }];
  const manifest: Manifest = {
    ...{ vm, madeAt: 0, libvirt: '9.0.0', present: true, definition: '<domain/>', snapshots: [], files },
  };

  const withTime = (own: string): Manifest => ({ ...manifest, files: [{ ...files[0]!, modified: own }] });

  function engineOf(elsewhere: boolean, own: object = vm, definition = '<domain/>'): EnginePort {
    const copies = {
      elsewhere,
      readDocuments: () => Promise.resolve({ definition, snapshots: [] }),
      withoutVolumes: (documents: unknown) => Promise.resolve(documents),
    };
    return {
      connections: [{ uri: connection, capabilities: { hostname: 'other.example' } }],
      setConnections: () => undefined,
      connect: () => Promise.resolve(),
      findVm: () => ({ vm: own }),
      openHost: () => Promise.resolve(undefined),
      withCopies: (_: string, use: (some: typeof copies) => unknown) => Promise.resolve(use(copies)),
    } as unknown as EnginePort;
  }

  const look = (engine: EnginePort, of = manifest): Promise<unknown> =>
    lookAtOriginal(engine, of, connection, new AbortController().signal);

  it('is not taken for this computer without a login', async () => {
    const refused = ofWing('noLogin', { connection });
    await assert.rejects(loginTo(engineOf(true), connection, 'toRead'), refused);
    await assert.rejects(look(engineOf(true)), refused);
    assert.equal(await loginTo(engineOf(false), connection, 'toRead'), undefined);
  });

  it('lacks the VM only if it is the host that the replica names', async () => {
    const engine = { ...engineOf(false), findVm: () => undefined, setConnections: () => undefined } as EnginePort;
    assert.equal(await look(engine, { ...manifest, replicaOf: 'OTHER' }), 'gone');
    const wrong = ofWing('wrongOriginal', { vm: 'web', host: connection, of: 'first', there: 'other.example' });
    await assert.rejects(look(engine, { ...manifest, replicaOf: 'first' }), wrong);
    assert.equal(await look(engineOf(false), { ...manifest, replicaOf: 'first' }), 'same');
    const own = { name: 'web', uuid: 'u', folder: '/vms/web', restorePoints: 0, present: true };
    const use = { ...own, devices: [], secrets: [], leftOut: [], ofHost: [], ramInDoubt: [] };
    const restored = {
      ...own,
      use,
      withoutRam: 0,
      halfWritten: [],
      stays: [],
      inHistory: true,
      replica: { of: 'other', madeAt: 0 },
    };
    const told = restoredLines(restored, 'gone', connection).filter((line) => line.includes(connection));
    assert.equal(told.length, 1);
  });

  it('has the same VM only with the same configuration, and no saved RAM', async () => {
    const of = { vm: 'web', host: connection };
    assert.equal(await look(engineOf(false)), 'same');
    assert.equal(await look(engineOf(false, { ...vm, devices: ['tpm'] })), 'sameButTpm');
    const saved = engineOf(false, { ...vm, managedSave: true });
    await assert.rejects(look(saved), ofWing('originalSaved', of));
    assert.equal(await look(engineOf(false), { ...manifest, files: [] }), 'same');
    const newer = ofWing('originalNewer', of);
    await assert.rejects(look(engineOf(false, vm, '<domain><cpu/></domain>')), newer);
    // As earlier versions noted it of a host behind ssh.
    const micro = `${modified.slice(0, -3)}000`;
    assert.equal(await look(engineOf(false), withTime(micro)), 'same');
    await assert.rejects(look(engineOf(false), withTime(`9${micro}`)), newer);
  });
});
