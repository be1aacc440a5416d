// Clones that are tried: what becomes of one whose guest does not come up. No VM is there.
import assert from 'node:assert/strict';
import { CloneProbes, type ProbesEngine } from '../../../src/bisect/cloneProbes.js';
import type { Failure } from '../../../src/domain/failure.js';
import type { Bisect, BisectCheck, BisectTry } from '../../../src/domain/bisect.js';
import type { AgreedRecovery } from '../../../src/operations/interrupted.js';
import { external, ref, vm } from '../domain/someFacts.js';
import { vmView } from '../ui/samples.js';

const point = { name: 'a', title: 'A', createdAt: external('a').createdAt };
const probe = { point: 0, name: 'bisect-web', uuid: 'probe-uuid' };

describe('a clone that was left', () => {
  it('stays written down where its making cannot be ended', async () => {
    for (const outcome of ['failed', 'explained']) {
      const engine = {
        refresh: () => Promise.resolve(),
        findVm: () => undefined,
        readInterrupted: () =>
          Promise.resolve([
            {
              id: '1',
              request: { kind: 'clone', vm: ref, clone: { uuid: probe.uuid, name: 'x' } },
              recovery: { kind: 'settled', to: 'after' },
            },
          ]),
        finishInterrupted: () => Promise.resolve([outcome]),
      } as unknown as ProbesEngine;
      const probes = new CloneProbes({ engine, bisect: { vm: ref } as Bisect, environment: {} });
      await assert.rejects(probes.remove(probe), ({ kind }: Failure) => kind === 'failed');
    }
  });

  it('is removed where another one has just brought it to its end', async () => {
    const done: string[] = [];
    let wasEnded = false;
    let isSeen = false;
    const engine = {
      refresh: () => Promise.resolve((isSeen = wasEnded)),
      findVm: () => (isSeen ? vmView() : undefined),
      readInterrupted: () => {
        wasEnded = true;
        return Promise.resolve([]);
      },
      usesSinceMade: () => Promise.resolve([]),
      runOperation: ({ kind }: { readonly kind: string }) => Promise.resolve(done.push(kind)),
    } as unknown as ProbesEngine;
    await new CloneProbes({ engine, bisect: { vm: ref } as Bisect, environment: {} }).remove(probe);
    assert.deepEqual(done, ['discard']);
  });

  it('is brought to its end before it is removed where its making was interrupted, and no other is', async () => {
    const done: string[] = [];
    let isThere = false;
    const step = { kind: 'power', action: 'resume' } as const;
    const madeOf = (id: string, uuid: string) => ({
      ...{ id, vm: 'web', startedAt: 0, commands: [], request: { kind: 'clone', vm: ref, clone: { uuid, name: 'x' } } },
      recovery: { kind: 'steps', to: 'after', plan: { steps: [step] } },
    });
    const engine = {
      refresh: () => Promise.resolve(),
      findVm: () => (isThere ? vmView() : undefined),
      readInterrupted: () => Promise.resolve([madeOf('1', 'of-another'), madeOf('2', probe.uuid)]),
      finishInterrupted: (_: unknown, agreed: readonly AgreedRecovery[]) => {
        done.push(...agreed.map(({ id, steps }) => `finish ${id} ${steps.length}`));
        isThere = true;
        return Promise.resolve(['after']);
      },
      usesSinceMade: () => Promise.resolve([]),
      runOperation: ({ kind }: { readonly kind: string }) => Promise.resolve(done.push(kind)),
    } as unknown as ProbesEngine;
    await new CloneProbes({ engine, bisect: { vm: ref } as Bisect, environment: {} }).remove(probe);
    assert.deepEqual(done, ['finish 2 1', 'discard']);
  });
});

describe('a clone whose guest does not come up', () => {
  const tried = async (check: BisectCheck): Promise<BisectTry | undefined> => {
    const asked: string[] = [];
    const view = vmView({ vm: vm({ power: 'running', agentChannel: true, agentConnected: false }) });
    const engine = {
      readTree: () => Promise.resolve({ snapshots: [external('a')] }),
      refresh: () => Promise.resolve(),
      findVm: () => view,
      guests: { addressesOf: () => Promise.resolve([]) },
      runOperation: ({ kind }: { readonly kind: string }) => Promise.resolve(asked.push(kind)),
    } as unknown as ProbesEngine;
    const bisect: Bisect = {
      ...{ vm: ref, vmName: 'web', startedAt: 0, line: [point], check, network: 'unplugged', start: 'started' },
      ...{ tries: 1, checkMs: 20_000, startMs: 0, answers: [], probes: [] },
    };
    const probes = new CloneProbes({ engine, bisect, environment: process.env });
    const answer = await probes.judge(point, probe, new AbortController().signal);
    assert.deepEqual(asked, ['clone', 'power']);
    return answer;
  };

  it('is judged by a program on this computer, and by none that would run in it', async () => {
    const host = { kind: 'host', program: 'sh', args: ['-c', 'exit 1'] } as const;
    assert.deepEqual(await tried(host), { verdict: 'bad', exit: 1 });
    assert.deepEqual(await tried({ kind: 'guest', program: 'true', args: [] }), { verdict: 'skip', why: 'noStart' });
  });
});
