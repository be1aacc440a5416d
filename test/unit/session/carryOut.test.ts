// What an operation asks before it runs, and what its run is held to. No VM is there.
import assert from 'node:assert/strict';
import type { OperationRequest } from '../../../src/domain/operation.js';
import { Failure } from '../../../src/domain/failure.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { Plan } from '../../../src/operations/plan.js';
import { type Asker, carryOut, type WantedOperation } from '../../../src/session/carryOut.js';
import { requirePlan, type Session } from '../../../src/session/session.js';
import { before } from '../domain/someFacts.js';
import { ref, vmView } from '../ui/samples.js';

const revert: OperationRequest = { kind: 'revert', vm: ref, snapshot: 'clean', after: 'asSnapshot' };
const start: OperationRequest = { kind: 'power', vm: ref, action: 'start' };
const pause: OperationRequest = { kind: 'power', vm: ref, action: 'pause' };

const planOf = (request: OperationRequest): Plan => ({
  ...({ kind: 'plan', progress: 'timeOnly', before, steps: [], losses: [], warnings: [] } as const),
  request,
});

/** What happened, in its order. */
async function eventsOf(
  wanted: Omit<WantedOperation, 'view'>,
  { isProtected = false, refuses = false, wish = new AbortController() } = {},
): Promise<readonly string[]> {
  const events: string[] = [];
  const view = vmView();
  const plan = (request: OperationRequest): Promise<unknown> => {
    events.push('planned');
    return Promise.resolve(
      refuses ? refuse('unfinishedOperation', { vm: 'web', operation: 'revert' }) : planOf(request),
    );
  };
  const end = (held: string, signal: AbortSignal | undefined): Promise<unknown> => {
    events.push(`run, held to ${held}${signal?.aborted === true ? ', cancelled' : ''}`);
    return Promise.resolve({ state: 'off', durationMs: 1 });
  };
  const session = {
    view: () => view,
    isProtected: () => isProtected,
    needsName: (_: unknown, { request }: Plan) => isProtected && request !== start,
    plan: async (_: unknown, request: OperationRequest) =>
      requirePlan(view, request, (await plan(request)) as ReturnType<typeof planOf>),
    run: (_: unknown, { signal }: { readonly signal?: AbortSignal }) => end('the plan', signal),
    engine: {
      plan,
      findVm: () => view,
      onDidChange: () => ({ dispose: () => undefined }),
      runOperation: (_: unknown, { signal }: { readonly signal?: AbortSignal }) => end('nothing', signal),
    },
  } as unknown as Session;
  const asker: Asker = {
    agree: ({ asks, needsName }) => {
      events.push(...(asks ? ['asked'] : []), ...(needsName ? ['named'] : []));
    },
    follow: () => ({ waitFor: () => undefined, dispose: () => events.push('over') }),
  };
  try {
    await carryOut(session, { view, ...wanted }, asker, wish.signal);
  } catch (error) {
    assert.ok(error instanceof Failure);
    events.push(error.kind);
  }
  return events;
}

describe('an operation that somebody wants', () => {
  const held = ['run, held to the plan', 'over'];
  const free = ['run, held to nothing', 'over'];
  const agreed = planOf(revert);
  const rows: readonly (readonly [string, Omit<WantedOperation, 'view'>, object, readonly string[]])[] = [
    ['is planned and asked about', { request: revert }, {}, ['planned', 'asked', ...held]],
    ['is not asked about where it loses nothing', { request: start }, {}, ['planned', ...held]],
    [
      'is asked about where its asker wants that',
      { request: start, asks: 'always' },
      {},
      ['planned', 'asked', ...held],
    ],
    ['is asked about once', { request: revert, agreed }, {}, held],
    ['has no plan where nothing is asked', { request: pause, agreed: 'anything' }, {}, free],
    [
      'needs the name of a protected VM',
      { request: revert },
      { isProtected: true },
      ['planned', 'asked', 'named', ...held],
    ],
    ['needs it also when it was agreed to', { request: revert, agreed }, { isProtected: true }, ['named', ...held]],
    [
      'needs it of whoever may do anything',
      { request: pause, agreed: 'anything' },
      { isProtected: true },
      ['planned', 'named', ...free],
    ],
    [
      'never runs without it',
      { request: pause, agreed: 'anything' },
      { isProtected: true, refuses: true },
      ['planned', 'refused'],
    ],
    [
      'waits for its turn where it needs none',
      { request: start, agreed: 'anything' },
      { isProtected: true, refuses: true },
      ['planned', ...free],
    ],
  ];
  for (const [title, wanted, options, events] of rows) {
    it(title, async () => {
      assert.deepEqual(await eventsOf(wanted, options), events);
    });
  }

  it('is cancelled by a wish of before', async () => {
    const wish = new AbortController();
    wish.abort();
    assert.deepEqual(await eventsOf({ request: pause, agreed: 'anything' }, { wish }), [
      'run, held to nothing, cancelled',
      'over',
    ]);
  });
});
