// Who would answer at the address of a guest: refused where another VM of the same origin may have it too.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../../src/domain/failure.js';
import type { GuestAddress } from '../../../../src/domain/guestAddress.js';
import type { VmRef } from '../../../../src/domain/vm.js';
import type { Session } from '../../../../src/session/session.js';
import { guestWay } from '../../../../src/wings/guest/ssh/guestWay.js';

interface OtherVm {
  readonly uuid: string;
  /** It was made of that one. */
  readonly of?: string;
  readonly power?: 'running' | 'off';
  readonly address?: string;
  readonly networks?: readonly string[];
  readonly connection?: string;
  readonly port?: number;
}

const [here, second, elsewhere] = ['qemu:///system', 'qemu+unix:///system', 'qemu+ssh://far/system'];
const hosts: Readonly<Record<string, string>> = { [here]: 'one', [second]: 'one', [elsewhere]: 'two' };
const own: OtherVm = { uuid: 'own', of: 'first', address: '192.0.2.7' };

describe('the way to a guest', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vr-'));
  });
  after(() => rm(folder, { recursive: true }));

  const refusal = async (...others: readonly OtherVm[]): Promise<string> => wayOf(own, ...others);
  const wayOf = async (first: OtherVm, ...others: readonly OtherVm[]): Promise<string> => {
    const vms = [first, ...others].map((one) => ({ ...one, connection: one.connection ?? here }));
    const of = ({ uuid }: VmRef): OtherVm => vms.find((one) => one.uuid === uuid) ?? first;
    const viewOf = ({ uuid, of: from, power = 'running', connection }: (typeof vms)[number]): object => ({
      ref: { connection, uuid },
      vm: { uuid, name: uuid, power, ...(from !== undefined && { clone: { of: from, files: [] } }) },
    });
    const connections = Object.keys(hosts).map((uri) => ({
      uri,
      capabilities: { hostUuid: hosts[uri], hostname: hosts[uri] },
      vms: vms.filter(({ connection }) => connection === uri).map(viewOf),
    }));
    const guests = {
      addressesOf: (ref: VmRef): Promise<readonly GuestAddress[]> => {
        const { address } = of(ref);
        return Promise.resolve(address === undefined ? [] : [{ address, from: 'lease' }]);
      },
      networksOf: (ref: VmRef) => Promise.resolve(of(ref).networks ?? ['virbr0']),
      portOf: (ref: VmRef) => Promise.resolve(of(ref).port && { address: '127.0.0.1', port: of(ref).port }),
    };
    const findVm = (ref: VmRef): object | undefined => vms.filter(({ uuid }) => uuid === ref.uuid).map(viewOf)[0];
    const engine = { connections, guests, findVm, openHost: () => Promise.resolve(undefined) };
    const session = { engine, folder } as unknown as Session;
    const wish = { session, environment: {}, signal: new AbortController().signal, atMostMs: 0 };
    const [view] = connections[0]!.vms as unknown as Parameters<typeof guestWay>[0][];
    try {
      const { address, port } = await guestWay(view!, wish);
      return port === undefined ? address : `${address}:${port}`;
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error.reason!;
    }
  };

  const passes = own.address!;
  for (const [title, others, expected] of [
    ['no other one', [], passes],
    ['the original with its own address', [{ uuid: 'first', address: '192.0.2.1' }], passes],
    ['the original with the same address', [{ uuid: 'first', address: passes }], 'sameAddress'],
    ['the original, whose address nobody knows', [{ uuid: 'first' }], 'maybeSameAddress'],
    ['the original, off', [{ uuid: 'first', power: 'off' }], passes],
    ['the original in another network', [{ uuid: 'first', networks: ['virbr1'] }], passes],
    ['the original, unplugged', [{ uuid: 'first', networks: [] }], passes],
    ['a clone of the same, which is gone', [{ uuid: 'sister', of: 'first' }], 'maybeSameAddress'],
    ['a clone of it', [{ uuid: 'child', of: 'own' }], 'maybeSameAddress'],
    [
      'a cousin',
      [
        { uuid: 'aunt', of: 'first', power: 'off' },
        { uuid: 'cousin', of: 'aunt' },
      ],
      'maybeSameAddress',
    ],
    ['one that is not of the family', [{ uuid: 'other' }, { uuid: 'third', of: 'other' }], passes],
    ['one over a second URI', [{ uuid: 'sister', of: 'first', connection: second }], 'maybeSameAddress'],
    ['itself over a second URI', [{ ...own, connection: second }], passes],
    ['one on another host', [{ uuid: 'sister', of: 'first', connection: elsewhere }], passes],
  ] as const satisfies readonly (readonly [string, readonly OtherVm[], string])[]) {
    it(`beside ${title}`, async () => assert.equal(await refusal(...others), expected));
  }

  it('leads by a port of the host to a guest whose network nobody else is in', async () => {
    const alone: OtherVm = { uuid: 'own', of: 'first', networks: [], port: 40_022 };
    assert.equal(await wayOf(alone, { uuid: 'first', networks: [], port: 40_023 }), '127.0.0.1:40022');
    assert.equal(await wayOf({ ...alone, networks: ['virbr0'], address: '192.0.2.7' }), '192.0.2.7');
    assert.equal(await wayOf({ uuid: 'own', networks: [] }), 'noAddress');
  });
});
