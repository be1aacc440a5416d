// A daemon that dies, hangs and comes back, while somebody looks: how soon that is seen.
import assert from 'node:assert/strict';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a daemon that is lost', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.guest({ name: 'web', agent: false });
    r.show();
    r.show(await r.ref('web'));
    await r.until(() => r.vm('web')?.tree !== undefined);
  });
  after(() => r.stop());

  const view = () => r.engine.connections[0]!;
  const isLost = (): boolean => view().lastSeenAt !== undefined;
  const isBack = (): boolean => view().state === 'connected' && !isLost();
  const tell = (what: string, ms: number): unknown => process.stdout.write(`      ${what}: ${Math.round(ms)} ms\n`);

  it('is known to be gone as soon as its socket closes, and to be back soon after it is', async () => {
    const noticed = r.until(isLost);
    await r.daemon.killDaemon();
    tell('gone', await noticed);
    assert.equal(view().state, 'failed');
    assert.notEqual(r.vm('web'), undefined);
    // It stays away for longer than a back-off that doubles would stay small.
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    await r.daemon.startDaemon();
    tell('back', await r.until(isBack));
  });

  it('is known to hang, is not given up, and goes on where it was', async () => {
    const hypervisor = r.hypervisor();
    const hangs = r.until(isLost);
    await r.daemon.hangDaemon();
    try {
      tell('hangs', await hangs);
      assert.equal(view().state, 'connected');
    } finally {
      await r.daemon.unhangDaemon();
    }
    tell('answers', await r.until(isBack));
    assert.equal(r.hypervisor(), hypervisor);
  });

  it('is asked nothing while nobody looks', async () => {
    r.hide();
    await r.daemon.killDaemon();
    await r.until(isLost);
    const { retryAt } = view();
    const before = r.callCount();
    await r.daemon.startDaemon();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.deepEqual([view().state, view().retryAt, r.callCount()], ['failed', retryAt, before]);
  });
});
