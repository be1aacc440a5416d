// A lab takes with it what it made, and nothing of a person's own: VMs that were there before stay, with what somebody
// made on them.
import assert from 'node:assert/strict';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { Snapshot } from '../../../src/domain/snapshot.js';
import type { KeptBy } from '../../../src/domain/keeper.js';
import type { SystemPoint } from '../../../src/domain/system.js';
import { type LabRecord, LabStore } from '../../../src/journal/labStore.js';
import { failureText } from '../../../src/text/failures/failureText.js';
import { Labs } from '../../../src/lab/labs.js';
import type { LabPlan } from '../../../src/lab/labPlan.js';
import type { Session } from '../../../src/session/session.js';
import type { RecoveredSystem } from '../../../src/systems/systems.js';
import { silentLog } from '../../silentLog.js';
import { external, vm } from '../domain/someFacts.js';
import { ownFolders } from '../journal/samples.js';

const connection = 'qemu:///system';
const systemId = 'a'.repeat(32);
const file = '/project/virt-rewind.yaml';
const wish = { signal: new AbortController().signal, onStep: () => undefined };

const made = { key: 'db', connection, uuid: 'db-uuid', name: 'shop-db', folder: '/labs/1', parts: 'digest' };
const router = { key: 'router', connection, uuid: 'router-uuid', name: 'office-router', folder: '' };
const clone = { key: 'copy', connection, uuid: 'copy-uuid', name: 'shop-copy', folder: '', parts: 'digest' };
const record: LabRecord = {
  id: 'f'.repeat(32),
  file,
  name: 'shop',
  isProtected: false,
  phase: 'ready',
  vms: [made, router],
  system: systemId,
};

function snapshot(name: string, createdAt: number): Snapshot {
  return { ...external(name), createdAt };
}

function point(id: string, title: string, createdAt: number): SystemPoint {
  const members = [made, router].map(({ uuid, name }) => ({
    ...{ connection, uuid, name, createdAt },
    ...({ snapshot: title, kind: external(title).kind, state: 'off' } as const),
  }));
  return { id: id.repeat(32), title, createdAt, members };
}

const kept: KeptBy = {
  ...{ resource: 'shop', elsewhere: ['other'], mayRunOn: ['other'], rests: 'no', config: '/etc/vms/shop.xml' },
};
const network = {
  ...{ connection, name: 'virt-rewind-shop', uuid: 'n', filterUuid: 'f', bridge: 'vrl1' },
  ...{ address: '192.168.131.1', port: 20_000, folder: '/labs/proxy', allow: [], log: false },
};
const clean = point('1', 'clean', 1000);
const mine = point('2', 'mine', 5000);

interface Given {
  /** The snapshots of the VM that stays. */
  readonly snapshots?: readonly Snapshot[];
  readonly recovered?: RecoveredSystem['to'];
  readonly protectedVm?: string;
  /** Somebody is at work on one of its VMs. */
  readonly isBusy?: true;
  readonly keeper?: KeptBy;
  /** Beside those that go. */
  readonly networkUsers?: readonly Pick<typeof router, 'uuid' | 'name'>[];
}

describe('the removal of a lab', () => {
  const folder = ownFolders();
  const store = (): LabStore => new LabStore(folder(), silentLog);

  /** Where all is said to be gone, and nothing is. */
  function rig({
    snapshots = [],
    recovered = 'nothing',
    protectedVm,
    isBusy,
    keeper = 'nobody',
    networkUsers = [],
  }: Given): {
    readonly labs: Labs;
    readonly removed: string[];
  } {
    const removed: string[] = [];
    const members = [made, router].map(({ uuid, name }) => ({ connection, uuid, name }));
    const stored = { system: { id: systemId, name: 'shop', members }, points: [clean, mine] };
    const view = (one: Pick<typeof router, 'uuid' | 'name'>) => ({
      ref: { connection, uuid: one.uuid },
      vm: vm({ uuid: one.uuid, name: one.name }),
      tree: { snapshots },
    });
    const turn = {
      requireAlone: () => Promise.resolve(),
      run: (request: OperationRequest) => {
        removed.push(request.kind === 'delete' ? `snapshot ${request.snapshot}` : request.kind);
        return Promise.resolve();
      },
      remove: ({ name }: { readonly name: string }) => {
        removed.push(name);
        return Promise.resolve([]);
      },
    };
    const session = {
      folder: folder(),
      systems: () =>
        Promise.resolve({
          list: () => Promise.resolve({ systems: [stored], unreadable: [] }),
          find: () => Promise.resolve(stored),
          recover: () => Promise.resolve({ to: recovered, members: [] }),
          forget: () => Promise.resolve(),
          dismiss: () => Promise.resolve(removed.push('the interrupted operation')),
        }),
      reachMembers: () => undefined,
      reachAll: () => Promise.resolve({ views: [], unreachable: [] }),
      isProtected: ({ name }: { readonly name: string }) => name === protectedVm,
      engine: {
        connect: () => Promise.resolve(),
        refresh: () => Promise.resolve(),
        findVm: ({ uuid }: { readonly uuid: string }) =>
          [made, router, clone].filter((one) => one.uuid === uuid).map((one) => view(one))[0],
        filesInUse: () => Promise.resolve(new Map()),
        keeperOf: () => Promise.resolve(keeper),
        usesSinceMade: () => Promise.resolve([]),
        plan: () => Promise.resolve(refuse('usedByOtherVm', { vm: 'shop-copy', other: 'mine', file: '/img/copy' })),
        labVms: {
          networkUsers: () => Promise.resolve([made, ...networkUsers]),
          removeNetwork: () => Promise.resolve(),
          filesOf: () => Promise.resolve([]),
          whileHeld: (_: unknown, work: (turn: object) => Promise<unknown>) =>
            isBusy === true ? Promise.reject(new Failure('busy')) : work(turn),
        },
      },
      plan: (_: unknown, request: OperationRequest) => Promise.resolve(request),
    };
    const options = { session: session as unknown as Session, log: silentLog, shell: 'tests', environment: {} };
    return { labs: new Labs(options), removed };
  }

  const begun = async (more: Partial<LabRecord> = {}): Promise<LabRecord> => {
    const open = await store().begin({ ...record, ...more });
    await open.leave();
    return open.record;
  };

  it('takes the snapshots of its own restore points from a VM that stays', async () => {
    const { labs, removed } = rig({ snapshots: [snapshot('clean', 1000), snapshot('mine', 5000)] });
    await labs.destroy(await begun({ points: [clean.id] }), wish);
    assert.deepEqual(removed, ['snapshot clean', 'shop-db']);
    assert.deepEqual(await store().list(), []);
  });

  it('takes no others where it was never made whole', async () => {
    const { labs, removed } = rig({ snapshots: [snapshot('clean', 1000), snapshot('mine', 5000)] });
    await labs.destroy(await begun({ phase: 'making', points: [clean.id] }), wish);
    assert.deepEqual(removed, ['snapshot clean', 'shop-db']);
    const before = rig({ snapshots: [snapshot('clean', 1000), snapshot('mine', 5000)] });
    await before.labs.destroy(await begun({ phase: 'making' }), wish);
    assert.deepEqual(before.removed, ['shop-db']);
  });

  it('is refused unasked, for a new lab, where somebody keeps a snapshot in a VM that goes', async () => {
    const { labs, removed } = rig({ snapshots: [snapshot('clean', 1000), snapshot('mine', 9000)] });
    const left = await begun({ phase: 'making', points: [clean.id] });
    const plan = { left, record: { ...record, id: 'e'.repeat(32), phase: 'making' } } as unknown as LabPlan;
    await assert.rejects(
      labs.create(plan, wish),
      (error: Failure) => error.kind === 'refused' && /shop-db.*“mine”/u.test(failureText(error).sentence),
    );
    assert.deepEqual(removed, []);
    await labs.destroy(left, wish);
    assert.deepEqual(removed, ['snapshot clean', 'shop-db']);
  });

  it('is refused, for a new lab, where the attempt that left it went on meanwhile', async () => {
    const { labs, removed } = rig({});
    const left = await begun({ phase: 'making' });
    const open = await store().lock(left.id);
    assert.ok(typeof open !== 'string');
    await open.put({ phase: 'ready' });
    await open.leave();
    const plan = { left, record: { ...record, id: 'e'.repeat(32), phase: 'making' } } as unknown as LabPlan;
    await assert.rejects(
      labs.create(plan, wish),
      ({ kind, details }: Failure) => kind === 'refused' && details.refusal?.reason === 'stalePlan',
    );
    assert.deepEqual(removed, []);
  });

  it('leaves one that somebody renamed, and one that somebody made under the name', async () => {
    const renamed = rig({ snapshots: [snapshot('spotless', 1000)] });
    await renamed.labs.destroy(await begun({ points: [clean.id] }), wish);
    assert.deepEqual(renamed.removed, ['shop-db']);
    const anew = rig({ snapshots: [snapshot('clean', 9000)] });
    await anew.labs.destroy(await begun({ points: [clean.id] }), wish);
    assert.deepEqual(anew.removed, ['shop-db']);
  });

  it('is refused, before anything goes, while an operation on its system is left to a person', async () => {
    const { labs, removed } = rig({ snapshots: [snapshot('clean', 1000)], recovered: 'explain' });
    await assert.rejects(
      labs.destroy(await begun({ points: [clean.id] }), wish),
      ({ kind, details }: Failure) => kind === 'refused' && details.refusal?.reason === 'systemInterrupted',
    );
    assert.deepEqual(removed, []);
    assert.deepEqual(
      (await store().list()).map(({ phase }) => phase),
      ['ready'],
    );
  });

  const untouched: readonly (readonly [string, Partial<LabRecord>, Given, Failure['kind']])[] = [
    ['somebody is at work on one of its VMs', {}, { isBusy: true }, 'busy'],
    ['a cluster keeps one of its VMs', {}, { keeper: kept }, 'refused'],
    ['a cluster does not tell', {}, { keeper: 'unknown' }, 'refused'],
    ['another VM is in its network', { network }, { networkUsers: [{ uuid: 'x', name: 'beside' }] }, 'refused'],
    ['one that stays is in its network', { network }, { networkUsers: [router] }, 'refused'],
    ['a VM rests on one of its clones', { vms: [made, router, clone] }, {}, 'refused'],
  ];
  for (const [what, more, given, kind] of untouched) {
    it(`is refused, before anything goes, while ${what}`, async () => {
      const { labs, removed } = rig({ snapshots: [snapshot('clean', 1000)], ...given });
      await assert.rejects(labs.destroy(await begun({ points: [clean.id], ...more }), wish), { kind });
      assert.deepEqual(removed, []);
      assert.deepEqual(
        (await store().list()).map(({ phase }) => phase),
        ['ready'],
      );
    });
  }

  it('forgets such an operation where all its VMs go', async () => {
    const { labs, removed } = rig({ recovered: 'explain' });
    await labs.destroy(await begun({ vms: [made] }), wish);
    assert.deepEqual(removed, ['the interrupted operation', 'shop-db']);
  });

  it('asks for the name where a setting protects one of its VMs', async () => {
    await begun();
    assert.equal((await rig({}).labs.planDestroy(file))?.isProtected, false);
    assert.equal((await rig({ protectedVm: 'office-router' }).labs.planDestroy(file))?.isProtected, true);
  });

  it('is not made beside another one of the same file that was begun just then', async () => {
    await begun();
    const plan = { record: { ...record, id: 'e'.repeat(32), phase: 'making' } } as unknown as LabPlan;
    await assert.rejects(rig({}).labs.create(plan, wish), ({ kind }: Failure) => kind === 'busy');
    assert.deepEqual(
      (await store().list()).map(({ id }) => id),
      [record.id],
    );
  });
});
