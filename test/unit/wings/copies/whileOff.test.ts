// A VM that is shut down for its backup and does not do what it was asked for. A real guest obeys.
import assert from 'node:assert/strict';
import { Failure } from '../../../../src/domain/failure.js';
import type { VmView } from '../../../../src/live/views.js';
import { whileOff } from '../../../../src/wings/copies/commands/whileOff.js';
import { ofWing } from '../../../ofWing.js';

describe('a backup while the VM is off', () => {
  type Parts = Parameters<typeof whileOff>[0];
  const viewOf = (power: string): VmView =>
    ({ ref: { connection: 'c', uuid: 'u' }, vm: { name: 'web', uuid: 'u', power } }) as unknown as VmView;

  /** @param fails by the action. @param losses of the shutdown */
  function partsOf(
    fails: Readonly<Record<string, Failure>>,
    losses: readonly object[] = [],
  ): { readonly parts: Parts; readonly done: string[]; readonly said: string[] } {
    const [done, said]: [string[], string[]] = [[], []];
    let power = 'running';
    const session = {
      engine: { refresh: () => Promise.resolve() },
      view: () => viewOf(power),
      plan: (_: VmView, { action }: { readonly action: string }) => Promise.resolve({ action, losses, warnings: [] }),
      run: ({ action }: { action: string }) => {
        done.push(action);
        const failure = fails[action];
        power = failure !== undefined ? power : action === 'shutDown' ? 'off' : 'running';
        return failure === undefined ? Promise.resolve({}) : Promise.reject(failure);
      },
    };
    const terminal = { tell: (line: string) => said.push(line) };
    const interruption = { signal: new AbortController().signal };
    return { parts: { session, terminal, interruption } as unknown as Parts, done, said };
  }
  const backUp = (): Promise<string> => Promise.resolve('made');

  it('is not made where the guest does not shut down in time', async () => {
    const { parts, done } = partsOf({ shutDown: new Failure('failed', { silentMs: 60_000 }) });
    await assert.rejects(whileOff(parts, viewOf('running'), backUp), ofWing('stillOn', { seconds: 60 }));
    assert.deepEqual(done, ['shutDown']);
  });

  it('is not made where the VM would be gone', async () => {
    const { parts, done } = partsOf({}, [{ kind: 'configuration' }]);
    await assert.rejects(whileOff(parts, viewOf('running'), backUp), ofWing('goesWhenOff'));
    assert.deepEqual(done, []);
  });

  it('starts the VM again, and fails by its own failure', async () => {
    const own = new Error('own');
    const { parts, done } = partsOf({});
    await assert.rejects(
      whileOff(parts, viewOf('running'), () => Promise.reject(own)),
      own,
    );
    assert.deepEqual(done, ['shutDown', 'start']);
  });

  it('says that the VM did not start again, whether it was made or not', async () => {
    const fails = { start: new Failure('noSpace') };
    await assert.rejects(whileOff(partsOf(fails).parts, viewOf('running'), backUp), ofWing('notStarted'));
    const { parts, said } = partsOf(fails);
    const own = new Error('own');
    await assert.rejects(
      whileOff(parts, viewOf('running'), () => Promise.reject(own)),
      own,
    );
    assert.equal(said.length, 2);
  });

  it('leaves a VM that is off alone', async () => {
    const { parts, done } = partsOf({});
    assert.equal(await whileOff(parts, viewOf('off'), backUp), 'made');
    assert.deepEqual(done, []);
  });
});
