// Which daemons are kept as read-only, whatever leads to them.
import assert from 'node:assert/strict';
import type { Capabilities } from '../../../src/domain/capabilities.js';
import { Failure } from '../../../src/domain/failure.js';
import { ReadOnlyDaemons } from '../../../src/live/readOnlyDaemons.js';
import { systemClock } from '../../../src/base/clock.js';
import { silentLog } from '../../silentLog.js';
import { FakeHypervisor, type FakeVm } from '../engine/fakeHypervisor.js';

type Traits = Partial<Capabilities> | Failure;
type Seen = Awaited<ReturnType<NonNullable<ConstructorParameters<typeof ReadOnlyDaemons>[0]['memory']>['read']>>;

const prod = 'qemu+ssh://prod/system';
const wanted = 'qemu+ssh://10.0.0.5/system';
const own = { hostname: 'prod', hostUuid: 'u', serves: '/system' } as const;
const never = new AbortController().signal;

describe('a daemon that is kept as read-only', () => {
  /** What each URI leads to, and what was opened. */
  function daemons(
    hosts: Readonly<Record<string, Traits>>,
    {
      remembered = [],
      vms = {},
    }: { readonly remembered?: Seen; readonly vms?: Readonly<Record<string, readonly string[]>> } = {},
  ): { readonly keeper: ReadOnlyDaemons; readonly opened: string[] } {
    const opened: string[] = [];
    const keeper = new ReadOnlyDaemons({
      open: (uri, _signal, _onLogin, readOnly = false) => {
        opened.push(`${uri}${readOnly ? ' read-only' : ''}`);
        const traits = hosts[uri];
        if (traits === undefined || traits instanceof Failure) {
          return Promise.reject(traits ?? new Failure('unreachable'));
        }
        const fakes = (vms[uri] ?? []).map((uuid) => [uuid, { vm: { uuid, name: uuid, power: 'off' }, snapshots: [] }]);
        const hypervisor = new FakeHypervisor(uri, new Map(fakes as unknown as [string, FakeVm][]));
        const capabilities = { ...hypervisor.capabilities, ...traits, readOnly };
        return Promise.resolve(Object.assign(hypervisor, { capabilities }));
      },
      clock: systemClock,
      log: silentLog,
      memory: { read: () => Promise.resolve(remembered), write: () => Promise.resolve() },
    });
    return { keeper, opened };
  }

  interface Row {
    readonly kept?: string;
    readonly uri?: string;
    readonly hosts: Readonly<Record<string, Traits>>;
    readonly remembered?: Seen;
    readonly vms?: Readonly<Record<string, readonly string[]>>;
    readonly isClosed: boolean;
    /** Whether the one that is kept was asked. */
    readonly asked?: false;
  }
  const away = new Failure('unreachable');
  const traits = { driver: 'qemu', ...own } as const;
  const session = { ...own, serves: '/session' };
  const rows: Readonly<Record<string, Row>> = {
    'under another name': { hosts: { [prod]: own, [wanted]: own }, isClosed: true },
    'under its short name': { hosts: { [prod]: { ...own, hostname: 'prod.lan' }, [wanted]: own }, isClosed: true },
    'and not another host': {
      hosts: { [prod]: own, [wanted]: { ...own, hostUuid: 'v', hostname: 'x' } },
      isClosed: false,
    },
    'and not another daemon of one name': {
      hosts: { [prod]: own, [wanted]: { ...own, hostUuid: 'v' } },
      isClosed: false,
    },
    'and not a container with its UUID': {
      hosts: { [prod]: own, [wanted]: { ...own, hostname: 'x' } },
      isClosed: false,
    },
    'and not its other driver': { hosts: { [prod]: own, [wanted]: { ...own, driver: 'test' } }, isClosed: false },
    'that has no UUID': {
      hosts: { [prod]: { hostname: 'prod' }, [wanted]: { hostname: 'prod' } },
      isClosed: true,
    },
    'and not the session of its user': {
      hosts: { [prod]: own, [wanted]: session },
      vms: { [prod]: ['a'], [wanted]: ['b'] },
      isClosed: false,
    },
    "by root's session, which is the system": {
      hosts: { [prod]: own, [wanted]: session },
      vms: { [prod]: ['a'], [wanted]: ['a'] },
      isClosed: true,
    },
    'and not the session of another user': {
      hosts: { [prod]: session, [wanted]: session },
      vms: { [prod]: ['a'], [wanted]: ['b'] },
      isClosed: false,
    },
    'and as a session of the same user': {
      hosts: { [prod]: session, [wanted]: session },
      vms: { [prod]: ['a'], [wanted]: ['a', 'b'] },
      isClosed: true,
    },
    'and gives no answer, but was seen': {
      hosts: { [prod]: away, [wanted]: own },
      remembered: [[prod, traits]],
      isClosed: true,
    },
    'and gives no answer, was seen, and has a UUID of each start': {
      hosts: { [prod]: away, [wanted]: { ...own, hostUuid: 'w' } },
      remembered: [[prod, traits]],
      isClosed: true,
    },
    'and was seen to be another': {
      hosts: { [prod]: away, [wanted]: { ...own, hostUuid: 'w', hostname: 'x' } },
      remembered: [[prod, traits]],
      isClosed: false,
      asked: false,
    },
    'and gives no answer, but its URI names the host': { hosts: { [prod]: away, [wanted]: own }, isClosed: true },
    'and gives no answer, and names another': {
      hosts: { [prod]: away, [wanted]: { ...own, hostname: 'x' } },
      isClosed: false,
    },
  };
  for (const [
    what,
    { kept = prod, uri = wanted, hosts, remembered = [], vms = {}, isClosed, asked = true },
  ] of Object.entries(rows)) {
    it(`${isClosed ? 'is known' : 'is told'} ${what}`, async () => {
      const { keeper, opened } = daemons(hosts, { remembered, vms });
      keeper.keep([{ uri: kept, readOnly: true }], []);
      const hypervisor = await keeper.open(uri, never);
      const isHeld = hypervisor.capabilities.readOnly;
      assert.equal(await keeper.isClosed(hypervisor), isClosed);
      assert.equal(opened.includes(`${kept} read-only`), asked && !isHeld);
      await hypervisor.openHost('toRead');
      for (const change of [() => hypervisor.dropLeftGuards(new Set()), () => hypervisor.openHost('toChange')]) {
        await (isClosed ? assert.rejects(change, { kind: 'refused' }) : change());
      }
    });
  }

  it('is opened as read-only by any URI, once it was seen', async () => {
    const { keeper, opened } = daemons({ [prod]: own, [wanted]: own });
    keeper.keep([{ uri: prod, readOnly: true }], []);
    (await keeper.open(prod, never)).close();
    const hypervisor = await keeper.open(wanted, never);
    assert.equal(hypervisor.capabilities.readOnly, true);
    assert.deepEqual(opened, [`${prod} read-only`, wanted, `${wanted} read-only`]);
  });

  it('is so for a connection that was open before', async () => {
    const { keeper } = daemons({ [prod]: own, [wanted]: own });
    const hypervisor = await keeper.open(wanted, never);
    assert.equal(await keeper.isClosed(hypervisor), false);
    keeper.keep([{ uri: prod, readOnly: true }], []);
    await assert.rejects(
      hypervisor.makeDemoVm({ connection: wanted, uuid: '', name: '', folder: '' }, '', () => Promise.resolve()),
      {
        kind: 'refused',
      },
    );
    keeper.keep([], []);
    assert.equal(await keeper.isClosed(hypervisor), false);
  });

  it('does not stop an operation that had begun', async () => {
    const { keeper } = daemons({ [wanted]: own }, { vms: { [wanted]: ['a'] } });
    const hypervisor = await keeper.open(wanted, never);
    const vm = await hypervisor.readVm('a');
    keeper.keep([{ uri: wanted, readOnly: true }], []);
    const run = (begun: boolean): Promise<unknown> =>
      hypervisor.run(vm, { kind: 'power', action: 'start' }, { signal: never, onProgress: () => undefined, begun });
    await assert.rejects(run(false), { kind: 'refused' });
    await run(true);
  });
});
