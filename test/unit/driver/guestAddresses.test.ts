// Which addresses of a guest are taken for true, of whom.
import assert from 'node:assert/strict';
import { readAddresses } from '../../../src/driver/guest/guestAddresses.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { ConnectionLost, errorCodes, LibvirtError } from '../../../src/libvirt/libvirtError.js';

const uuid = '00000000-1111-2222-3333-444444444444';

type Answer = readonly string[] | 'no' | 'lost';

const [mac, otherMac] = ['52:54:00:00:00:01', '52:54:00:00:00:02'];
const card = (type: string, address: string, more = ''): string =>
  `<interface type='${type}'><mac address='${address}'/>${more}</interface>`;
const usual = [card('network', mac)];

/** Answers of the lease, the agent and the host's own table, by libvirt's numbers. */
function connection(
  answers: Readonly<Record<number, Answer>>,
  asked: number[] = [],
  cards: readonly string[] = usual,
  hwaddr?: string,
): Connection {
  const call = (name: string, args: { readonly source?: number }): Promise<unknown> => {
    if (name === 'domainLookupByUuid') {
      return Promise.resolve({ dom: { name: 'web', uuid, id: 1 } });
    }
    if (name === 'domainGetXmlDesc') {
      return Promise.resolve({ xml: `<domain><devices>${cards.join('')}</devices></domain>` });
    }
    const source = args.source ?? -1;
    asked.push(source);
    const answer = answers[source] ?? 'no';
    switch (answer) {
      case 'no':
        return Promise.reject(
          new LibvirtError(name, {
            code: errorCodes.VIR_ERR_AGENT_UNRESPONSIVE,
            domain: 10,
            message: 'no',
            level: 2,
            dom: undefined,
            str1: undefined,
            str2: undefined,
            str3: undefined,
            int1: 0,
            int2: 0,
            net: undefined,
          }),
        );
      case 'lost':
        return Promise.reject(new ConnectionLost('ended'));
      default:
        return Promise.resolve({
          ifaces: [{ name: 'eth0', hwaddr, addrs: answer.map((addr) => ({ type: 0, addr, prefix: 24 })) }],
        });
    }
  };
  return { call } as unknown as Connection;
}

const [lease, agent, arp] = [0, 1, 2];

describe('the addresses of a guest', () => {
  it('are the agent’s, and nobody else is asked then', async () => {
    const asked: number[] = [];
    const found = await readAddresses(connection({ [agent]: ['10.0.0.5'], [lease]: ['10.0.0.6'] }, asked), uuid);
    assert.deepEqual(found, [{ address: '10.0.0.5', from: 'agent' }]);
    assert.deepEqual(asked, [agent]);
  });

  it('are never the agent’s for whom the guest’s word is not enough', async () => {
    const asked: number[] = [];
    const told = connection({ [agent]: ['10.0.0.5'], [arp]: ['10.0.0.7'] }, asked);
    assert.deepEqual(await readAddresses(told, uuid, 'byHost'), [{ address: '10.0.0.7', from: 'arp' }]);
    assert.deepEqual(asked, [lease, arp]);
  });

  it('are those of the lease, then of the network, where the agent tells none', async () => {
    const { [0]: leased } = await readAddresses(connection({ [agent]: ['127.0.0.1'], [lease]: ['10.0.0.6'] }), uuid);
    assert.deepEqual(leased, { address: '10.0.0.6', from: 'lease' });
    const { [0]: met } = await readAddresses(connection({ [arp]: ['10.0.0.7'] }), uuid);
    assert.deepEqual(met, { address: '10.0.0.7', from: 'arp' });
    assert.deepEqual(await readAddresses(connection({}), uuid), []);
  });

  it('are addresses, whatever a guest says, and such as lead to it', async () => {
    const said = [
      '-oProxyCommand=rm',
      'evil.example',
      '::1',
      'fe80::1',
      '169.254.1.1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '127.1.2.3',
      '0.0.0.0',
      '224.0.0.1',
      'ff02::1',
      '::',
      '2001:db8::5',
      '10.0.0.5',
      '10.0.0.5',
    ];
    const found = await readAddresses(connection({ [agent]: said }), uuid);
    assert.deepEqual(
      found.map(({ address }) => address),
      ['10.0.0.5', '2001:db8::5'],
    );
  });

  it('are none of a card whose cable is out, or leads into a network of QEMU’s own', async () => {
    const asking = async (cards: readonly string[], of?: string): Promise<readonly string[]> =>
      (await readAddresses(connection({ [agent]: ['10.0.2.15'] }, [], cards, of), uuid)).map(({ address }) => address);
    const out = card('network', mac, "<link state='down'/>");
    const own = card('user', mac);
    for (const closed of [out, own]) {
      assert.deepEqual(await asking([closed], mac), []);
      assert.deepEqual(await asking([closed, card('bridge', otherMac)], mac), []);
      assert.deepEqual(await asking([closed, card('bridge', otherMac)]), []);
      assert.deepEqual(await asking([closed, card('bridge', otherMac)], otherMac.toUpperCase()), ['10.0.2.15']);
    }
    assert.deepEqual(await asking([]), []);
    assert.deepEqual(await asking([card('network', mac, "<link state='up'/>")], otherMac), ['10.0.2.15']);
  });

  it('cannot be had without the connection', async () => {
    await assert.rejects(readAddresses(connection({ [agent]: 'lost' }), uuid), ConnectionLost);
  });
});
