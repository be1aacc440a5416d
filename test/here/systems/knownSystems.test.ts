// The systems that are written down, as a view knows them: read when somebody looks, and again when a file of them
// changed.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemStore } from '../../../src/journal/systemStore.js';
import { KnownSystems } from '../../../src/systems/knownSystems.js';
import { silentLog } from '../../silentLog.js';

const id = 'a'.repeat(32);
const system = { id, name: 'shop', members: [{ connection: 'test:///default', uuid: 'u', name: 'db' }] };

describe('known systems of VMs', () => {
  let folder: string;
  let store: SystemStore;
  let known: KnownSystems;
  const changed = (until: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const listening = known.onDidChange(() => {
        if (until()) {
          listening.dispose();
          resolve();
        }
      });
    });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'known-systems-'));
    store = new SystemStore(folder, silentLog);
    known = new KnownSystems(folder, silentLog);
  });
  afterEach(async () => {
    known.dispose();
    await rm(folder, { recursive: true });
  });

  it('are read when they are asked for, and say so only where something changed', async () => {
    let told = 0;
    known.onDidChange(() => (told += 1));
    await known.read();
    // There is no folder of systems yet, or it is away.
    assert.deepEqual([known.all, told, known.isRead], [[], 0, false]);
    await store.put(system);
    await known.read();
    await known.read();
    assert.equal(known.isRead, true);
    assert.deepEqual([known.find(id)?.system.name, told], ['shop', 1]);
  });

  it('show what another program writes while somebody looks: the first system, its name, its restore points', async () => {
    known.watch('me', true);
    await known.read();
    const first = changed(() => known.all.length === 1);
    await store.put(system);
    await first;
    const renamed = changed(() => known.find(id)?.system.name === 'store');
    await store.put({ ...system, name: 'store' });
    await renamed;
    const kept = changed(() => known.find(id)?.points.length === 1);
    const member = {
      ...system.members[0]!,
      snapshot: 'clean',
      createdAt: 1_000,
      kind: 'offline',
      state: 'off',
    } as const;
    await store.putPoint(id, { id: 'b'.repeat(32), title: 'clean', createdAt: 1_000, members: [member] });
    await kept;
    const gone = changed(() => known.all.length === 0);
    await store.forget(id);
    await gone;
  });

  it('show one whose folder was there before what is written into it', async () => {
    const own = join(folder, 'systems', id);
    await mkdir(own, { recursive: true });
    const written = join(folder, 'elsewhere');
    await new SystemStore(written, silentLog).put(system);
    known.watch('me', true);
    await known.read();
    const first = changed(() => known.all.length === 1);
    await rename(join(written, 'systems', id, 'system.json'), join(own, 'system.json'));
    await first;
  });

  it('follow no file while nobody looks', async () => {
    known.watch('me', true);
    await known.read();
    known.watch('me', false);
    await known.read();
    await store.put(system);
    assert.deepEqual(known.all, []);
    const shown = changed(() => known.all.length === 1);
    known.watch('me', true);
    await shown;
  });
});
