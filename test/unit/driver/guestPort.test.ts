// By which port of the host a guest is reached whose network nobody else is in, on QEMU's real answers.
import assert from 'node:assert/strict';
import { forwardIn, openPort } from '../../../src/driver/connection/guestPort.js';
import type { Connection } from '../../../src/libvirt/connection.js';

const uuid = '00000000-1111-2222-3333-444444444444';
const listing = (...forwards: readonly string[]): string =>
  [
    'Hub -1 (hostnet0):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[ESTABLISHED]   15       10.0.2.15 40022       192.0.2.1    22     0     0',
    ...forwards,
    'Hub -1 (hostnet1):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[HOST_FORWARD]  16       127.0.0.1 40001       10.0.2.15    22     0     0',
    '',
  ].join('\r\n');
const ours = '  TCP[HOST_FORWARD]  14       127.0.0.1 38899       10.0.2.15    22     0     0';

/** A VM whose QEMU opens what it is asked for, unless it says why not. */
function connection(cards: string, asked: string[], says = ''): Connection {
  let isOpen = false;
  const call = (name: string, { cmd = '' }: { readonly cmd?: string }): Promise<unknown> => {
    switch (name) {
      case 'domainLookupByUuid':
        return Promise.resolve({ dom: { name: 'web', uuid, id: 1 } });
      case 'domainGetXmlDesc':
        return Promise.resolve({ xml: `<domain><devices>${cards}</devices></domain>` });
      default: {
        const line = (JSON.parse(cmd) as { readonly arguments: Record<string, string> }).arguments['command-line']!;
        asked.push(line);
        isOpen ||= line.startsWith('hostfwd_add') && says === '';
        const answer = line === 'info usernet' ? listing(...(isOpen ? [ours] : [])) : says;
        return Promise.resolve({ result: JSON.stringify({ return: answer }) });
      }
    }
  };
  return { call } as unknown as Connection;
}

const slirp = "<interface type='user'><alias name='net0'/></interface>";
const passt = (forward: string, type = 'user'): string =>
  `<interface type='${type}'><backend type='passt'/>${forward}<alias name='net0'/></interface>`;
const range = (attributes: string, more = "proto='tcp' address='127.0.0.1'"): string =>
  `<portForward ${more}><range ${attributes}/></portForward>`;

describe('the port of the host that leads into a guest', () => {
  it('is opened by QEMU on the loopback, by a number that the kernel chooses, once', async () => {
    const asked: string[] = [];
    const one = connection(slirp, asked);
    const expected = { address: '127.0.0.1', port: 38_899, isTaken: false };
    assert.deepEqual(await openPort(one, uuid, 22), expected);
    assert.deepEqual(await openPort(one, uuid, 22), expected);
    assert.deepEqual(
      asked.filter((line) => line !== 'info usernet'),
      ['hostfwd_add hostnet0 tcp:127.0.0.1:0-:22'],
    );
  });

  it('is an error in the words of QEMU where that opens none', async () => {
    const refusing = connection(slirp, [], 'Could not set up host forwarding rule');
    await assert.rejects(openPort(refusing, uuid, 22), { kind: 'unsupported' });
  });

  for (const [title, cards, expected] of [
    ['one that stands in the XML', passt(range("start='42022' to='22'")), { address: '127.0.0.1', port: 42_022 }],
    ['by vhost-user too', passt(range("start='42022' to='22'"), 'vhostuser'), { address: '127.0.0.1', port: 42_022 }],
    ['in a range', passt(range("start='42000' end='42100' to='0'")), { address: '127.0.0.1', port: 42_022 }],
    ['the same number', passt(range("start='22'")), { address: '127.0.0.1', port: 22 }],
    [
      'on another address',
      passt(range("start='42022' to='22'", "proto='tcp' address='192.0.2.1'")),
      { address: '192.0.2.1', port: 42_022 },
    ],
    ['on all addresses', passt(range("start='42022' to='22'", "proto='tcp'")), { address: '127.0.0.1', port: 42_022 }],
    [
      'on none that is one',
      passt(range("start='42022' to='22'", "proto='tcp' address='-oX'")),
      { address: '127.0.0.1', port: 42_022 },
    ],
    ['another port', passt(range("start='8080' to='80'")), undefined],
    ['a range without it', passt(range("start='42000' end='42010' to='0'")), undefined],
    ['UDP', passt(range("start='42022' to='22'", "proto='udp'")), undefined],
    ['one device of the host', passt(range("start='42022' to='22'", "proto='tcp' dev='eth0'")), undefined],
    ['passt without a forward', passt(''), undefined],
    ['a cable that is out', "<interface type='user'><link state='down'/><alias name='net0'/></interface>", undefined],
    ['a bridge', "<interface type='bridge'><alias name='net0'/></interface>", undefined],
    ['an alias that is more than a word', "<interface type='user'><alias name='a b'/></interface>", undefined],
  ] as const) {
    it(`${expected === undefined ? 'is none' : 'is found'}: ${title}`, async () => {
      const asked: string[] = [];
      assert.deepEqual(await openPort(connection(cards, asked), uuid, 22), expected);
      assert.deepEqual(asked, []);
    });
  }

  it('is read of the network that was asked for, of what QEMU itself opened', () => {
    assert.deepEqual(forwardIn(listing(ours), 'hostnet0', 22), { port: 38_899, isTaken: false });
    assert.deepEqual(forwardIn(listing(ours), 'hostnet1', 22), { port: 40_001, isTaken: false });
    assert.equal(forwardIn(listing(), 'hostnet0', 22), undefined);
    assert.equal(forwardIn(listing(ours), 'hostnet0', 80), undefined);
    const elsewhere = ours.replace('127.0.0.1', '  0.0.0.0');
    assert.equal(forwardIn(listing(elsewhere), 'hostnet0', 22), undefined);
  });

  it('is taken by the guest when the guest itself has answered', () => {
    const by = (state: string): string => ours.replace('HOST_FORWARD', state);
    const isTaken = (...lines: readonly string[]): unknown => forwardIn(listing(...lines), 'hostnet0', 22)?.isTaken;
    assert.equal(isTaken(ours, by('SYN_SENT')), false);
    assert.equal(isTaken(by('ESTABLISHED'), ours), true);
    assert.equal(isTaken(by('ESTABLISHED'), ours, by('SYN_SENT')), false, 'an older one');
    assert.equal(isTaken(ours, by('ESTABLISHED').replace('38899', '38898')), false, 'by another way');
  });
});
