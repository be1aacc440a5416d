// What is told before a snapshot follows what the same VM took for the one before.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { Plan } from '../../src/operations/plan.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a forecast', () => {
  let r: LiveRig;
  let web: VmRef;

  before(async () => {
    r = await startLiveRig();
    await r.guest({ name: 'web', agent: false });
    await r.virsh('start', 'web');
    await r.engine.connect(r.uri);
    web = await r.ref('web');
  });
  after(() => r.stop());

  const request = (title: string) =>
    ({ kind: 'create', vm: web, snapshotKind: 'memory', style: 'internal', title }) as const;
  const told = async (): Promise<readonly (number | undefined)[]> => {
    const plan = (await r.engine.plan(request('next'))) as Plan;
    const still = plan.warnings.find((one) => one.kind === 'guestStandsStill');
    return [still?.estimateMs, plan.estimateMs];
  };

  it('of the pause and of the time is what was measured on this VM', async () => {
    const { guestPausedMs } = await r.engine.runOperation(request('one'));
    const { trailers } = (await r.engine.readTree(web)).snapshots[0]!;
    assert.equal(trailers.guestPausedMs, Math.round(guestPausedMs!));
    assert.deepEqual(await told(), [trailers.guestPausedMs, trailers.guestPausedMs]);
  });

  it('of a live one is what another live one took, and tells nothing of the other ways', async () => {
    await r.guest({ name: 'db', agent: false });
    await r.virsh('start', 'db');
    await r.engine.refresh({ connection: r.uri });
    const db = await r.ref('db');
    const live = {
      kind: 'create',
      vm: db,
      snapshotKind: 'memory',
      style: 'external',
      live: true,
      title: 'one',
    } as const;
    const still = async (asked: OperationRequest): Promise<number | undefined> => {
      const plan = (await r.engine.plan(asked)) as Plan;
      return plan.warnings.find((one) => one.kind === 'guestStandsStill')?.estimateMs;
    };
    const { live: _, ...stopped } = { ...live, title: 'next' };
    const before = await still(stopped);
    await r.engine.runOperation(live);
    const { trailers } = (await r.engine.readTree(db)).snapshots[0]!;
    assert.equal(trailers.ramWritten, 'live');
    assert.equal(await still({ ...live, title: 'next' }), trailers.guestPausedMs);
    assert.equal(await still(stopped), before);
  });

  it('of a revert, and of a delete inside of images, is what one like it took on this VM', async () => {
    await r.guest({ name: 'mail', agent: false });
    await r.virsh('start', 'mail');
    await r.engine.refresh({ connection: r.uri });
    const mail = await r.ref('mail');
    for (const title of ['a', 'b']) {
      await r.engine.runOperation({
        kind: 'create',
        vm: mail,
        snapshotKind: 'memory',
        style: 'internal',
        title,
      });
    }
    const forecast = async (asked: OperationRequest): Promise<number | undefined> =>
      ((await r.engine.plan(asked)) as Plan).estimateMs;
    const lastTook = async (): Promise<number | undefined> => (await r.engine.readLog(mail)).at(-1)?.took?.ms;

    const revert = { kind: 'revert', vm: mail, snapshot: 'a', after: 'asSnapshot' } as const;
    await r.engine.runOperation(revert);
    const reverted = await lastTook();
    assert.ok(reverted !== undefined && reverted > 0);
    assert.equal(await forecast({ ...revert, snapshot: 'b' }), reverted);

    await r.engine.runOperation({ kind: 'delete', vm: mail, snapshot: 'b', scope: 'one' });
    const deleted = await lastTook();
    assert.ok(deleted !== undefined && deleted > 0);
    assert.equal(await forecast({ kind: 'delete', vm: mail, snapshot: 'a', scope: 'one' }), deleted);
  });
});
