// What is written for the network of a lab: for libvirt, for squid, for the guests; and what is read of squid's log.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { proxyData } from '../../../src/domain/cloudSeed.js';
import { labMac } from '../../../src/domain/labVm.js';
import { labFilterXml, labNetworkXml } from '../../../src/driver/xml/labNetworkXml.js';
import { labVmXml } from '../../../src/driver/xml/labVmXml.js';
import { attribute, elementsOf, find, findAll, parseXml } from '../../../src/driver/xml/xmlTree.js';
import { parseRefused } from '../../../src/journal/refusedRequests.js';
import { isSeen, markOf } from '../../../src/journal/writer.js';
import { squidConf } from '../../../src/lab/squidConf.js';

const network = {
  connection: 'qemu:///system',
  name: 'virt-rewind-shop',
  uuid: '11111111-2222-4333-8444-555555555555',
  filterUuid: '11111111-2222-4333-8444-666666666666',
  bridge: 'vrl12345678',
  address: '192.168.131.1',
  port: 23_128,
};

describe('the network of a lab', () => {
  it('has no way out, no names, and no IPv6', () => {
    const root = parseXml(labNetworkXml(network));
    assert.deepEqual(
      elementsOf(root).map(({ name }) => name),
      ['name', 'uuid', 'bridge', 'mac', 'dns', 'ip'],
    );
    assert.equal(attribute(find(root, 'dns'), 'enable'), 'no');
    assert.equal(attribute(find(root, 'ip'), 'address'), network.address);
  });

  it('drops what no rule of ebtables accepts, before the bridge', () => {
    const root = parseXml(labFilterXml(network));
    assert.equal(attribute(root, 'chain'), 'root');
    const rules = findAll(root, 'rule').map((rule) => {
      const [match] = elementsOf(rule);
      return [attribute(rule, 'action'), attribute(rule, 'direction'), match?.name, match?.attributes ?? {}] as const;
    });
    assert.deepEqual(rules.at(-1), ['drop', 'inout', 'mac', {}]);
    // libvirt has rules of iptables too, which depend on a setting of the kernel.
    assert.ok(rules.every(([, , kind]) => ['arp', 'ip', 'mac'].includes(kind ?? '')));
    for (const [action, direction, kind, match] of rules.slice(0, -1)) {
      assert.equal(action, 'accept');
      assert.equal(match['srcmacaddr'], direction === 'in' ? labMac(network.uuid) : '$MAC');
      const other = direction === 'in' ? match['srcipaddr'] : match['dstipaddr'];
      assert.ok(kind === 'arp' || [network.address, '255.255.255.255'].includes(other ?? ''), JSON.stringify(match));
    }
    const out = rules.filter(([, direction, kind]) => direction === 'out' && kind === 'ip');
    assert.deepEqual(
      out.map(([, , , match]) => [match['protocol'], match['dstportstart'], match['srcipaddr'], match['srcipmask']]),
      [
        ['udp', '67', '0.0.0.0', undefined],
        ['udp', '67', '192.168.131.0', '24'],
        ['tcp', '23128', '192.168.131.0', '24'],
      ],
    );
  });

  it('has its filter before each card', () => {
    const vm = { connection: '', uuid: 'u', name: 'shop-web', folder: '/labs/one' };
    const parts = { cpus: 1, memoryMiB: 64, disksMiB: [], network: { name: 'n', filter: 'f' } };
    const card = find(parseXml(labVmXml(vm, parts, { type: 'kvm', machine: 'pc' })), 'devices', 'interface');
    assert.equal(attribute(find(card, 'filterref'), 'filter'), 'f');
  });

  it('tells VMs apart by their cards', () => {
    assert.equal(labMac('abcdef01-2222-4333-8444-555555555555'), '52:54:00:ab:cd:ef');
  });
});

describe('the configuration of squid', () => {
  const lines = squidConf({
    address: '192.168.131.1',
    port: 23_128,
    allow: ['a.example.org:443', 'b.example.org:80'],
    log: '/labs/p/refused.log',
    ownNetworks: ['127.0.0.1/8', '192.168.131.1/24', '93.184.215.1/32'],
  }).split('\n');
  const access = lines.filter((line) => line.startsWith('http_access '));

  it('resolves nothing but an allowed name with its port, and connects to no private address', () => {
    assert.deepEqual(access, [
      'http_access deny manager',
      'http_access deny !lab',
      'http_access deny !connect !http',
      ...[0, 1].flatMap((at) => [
        `http_access deny name${at} port${at} private`,
        `http_access deny name${at} port${at} own`,
        `http_access allow name${at} port${at} found`,
      ]),
      'http_access deny all',
    ]);
    assert.ok(lines.includes('acl name0 dstdomain -n a.example.org'));
    assert.ok(lines.includes('acl port1 port 80'));
    assert.deepEqual(
      lines.filter((line) => /^acl (own|lab)/u.test(line)),
      [
        'acl own0 dst 192.168.131.1/24',
        'acl own1 dst 127.0.0.1/8',
        'acl own2 dst 93.184.215.1/32',
        'acl own any-of own0 own1 own2',
        'acl lab src 192.168.131.1/24',
      ],
    );
  });

  it('names no network of addresses that is a part of another: squid would ignore the larger one', () => {
    const nets = (lines.find((line) => line.startsWith('acl private dst ')) ?? '').split(' ').slice(3);
    const bits = (net: string): string => {
      const [address = '', length = ''] = net.split('/');
      const parts = address.includes('.') ? ['::ffff', ...address.split('.')] : [address];
      return parts.length > 1
        ? `${'0'.repeat(80)}${'1'.repeat(16)}${parts
            .slice(1)
            .map((part) => Number(part).toString(2).padStart(8, '0'))
            .join('')}`.slice(0, 96 + Number(length))
        : bitsOf6(address).slice(0, Number(length));
    };
    const all = nets.map(bits);
    for (const [at, one] of all.entries()) {
      assert.ok(!all.some((other, index) => index !== at && other.startsWith(one)), nets[at]);
    }
  });

  it('listens at one address, and keeps nothing but what it refused', () => {
    assert.deepEqual(
      lines.filter((line) => line.includes('_port ') && !line.startsWith('acl')),
      ['http_port 192.168.131.1:23128', 'icp_port 0', 'htcp_port 0', 'snmp_port 0'],
    );
    assert.ok(lines.includes('cache deny all'));
    assert.ok(lines.includes('access_log stdio:/labs/p/refused.log logformat=refused on-error=drop refused'));
    const silent = squidConf({ address: '10.0.0.1', port: 1, allow: [], ownNetworks: [] });
    assert.match(silent, /^access_log none$/mu);
  });
});

function bitsOf6(address: string): string {
  const [before = '', after = ''] = address.split('::');
  const words = (text: string): readonly string[] => text.split(':').filter((word) => word !== '');
  const [first, last] = [words(before), words(after)];
  const zeros = Array<string>(8 - first.length - last.length).fill('0');
  return [...first, ...zeros, ...last].map((word) => parseInt(word, 16).toString(2).padStart(16, '0')).join('');
}

describe('what squid refused', () => {
  const vm = {
    key: 'web',
    connection: 'c',
    uuid: 'abcdef01-2222-4333-8444-555555555555',
    name: 'shop-web',
    folder: '/l',
  };
  const mac = labMac(vm.uuid);
  const parse = (...lines: readonly string[]): readonly unknown[] =>
    parseRefused(lines.join('\n'), { vms: [vm] }).map(({ line }) => (JSON.parse(line) as { request: unknown }).request);

  it('is a line for each server, with how often', () => {
    const line = (seconds: number, to: string): string => `${seconds} TCP_DENIED ${mac} CONNECT ${to}`;
    const rows = parse(
      line(1_796_170_000, 'a.org 443'),
      line(1_796_170_001, 'b.org 80'),
      line(1_796_170_002, 'a.org 443'),
    );
    assert.deepEqual(rows, [
      { kind: 'connect', to: 'b.org:80', count: 1 },
      { kind: 'connect', to: 'a.org:443', count: 2 },
    ]);
  });

  it('is nothing that a guest has made up', () => {
    for (const line of [
      '',
      'x',
      `1796170000 TCP_TUNNEL ${mac} CONNECT a.org 443`,
      `1796170000 TCP_DENIED 52:54:00:00:00:00 CONNECT a.org 443`,
      `1796170000 TCP_DENIED ${mac} CONNECT ${'a'.repeat(300)} 443`,
      `1796170000 TCP_DENIED ${mac} CONNECT a.org 443 more`,
      `1796170000 TCP_DENIED ${mac} CONNECT \u001b[31m 443`,
      `99999999999999 TCP_DENIED ${mac} CONNECT a.org 443`,
    ]) {
      assert.deepEqual(parse(line), [], line);
    }
  });

  it('is bounded', () => {
    const rows = Array.from({ length: 500 }, (_, at) => `1796170000 TCP_DENIED ${mac} GET h${at}.org 80`);
    assert.equal(parse(...rows).length, 50);
  });
});

describe('a process that outlives its starter', () => {
  it('is known by its start: another one with its number is not it', async () => {
    const mark = await markOf(process.pid);
    assert.ok(mark?.startTime !== undefined);
    assert.equal(await isSeen(mark), true);
    assert.equal(await isSeen({ ...mark, startTime: mark.startTime + 1 }), false);
    assert.equal(await isSeen({ ...mark, boot: 'another' }), false);
    assert.equal(await isSeen({ ...mark, pidNamespace: 'pid:[1]' }), false);
    const { startTime: _, ...unknown } = mark;
    assert.equal(await isSeen(unknown), false);
    assert.equal(await markOf(2 ** 30), undefined);
  });
});

describe('what cloud-init is told of a proxy', () => {
  it('is a program for a shell that runs before the rest', () => {
    const text = proxyData('http://192.168.131.1:23128');
    assert.match(text, /^#cloud-boothook\n#!\/bin\/sh\nproxy=http:\/\/192\.168\.131\.1:23128\n/u);
    assert.equal(spawnSync('sh', ['-n'], { input: text }).status, 0);
  });
});
