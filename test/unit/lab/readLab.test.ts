// The format of a lab file: what is read from it, and what is told of one that is wrong or means harm.
import assert from 'node:assert/strict';
import { labShape } from '../../../src/lab/labShape.js';
import { readLab } from '../../../src/lab/readLab.js';
import { keysAt, meaningAt } from '../../../src/lab/shapeParts.js';

const whole = `# three VMs
version: 1
name: shop
thresholds: { layers: 3, deltaGb: 2, freePercent: 0 }
vms:
  db:
    image: images/db.qcow2
    size: 4 GiB
    memory: 512 MiB
    disks: [1 GiB]
    cloudInit:
      userData: |
        #cloud-config
    wait: { port: 5432, seconds: 60 }
  server:
    existing: server-vm
    after: [db]
    wait: { agent: true }
  client:
    boot: { kernel: /boot/vmlinuz, arguments: quiet }
    firmware: uefi
    network: user
    after: [server]
points:
  - title: clean
    run:
      - { vm: db, command: [touch, /data/x], seconds: 5 }
  - title: filled
`;
const short = (vm: string, more = ''): string => `version: 1\nname: lab\nvms:\n  a: ${vm}\n${more}`;
const sshTo = (user: string): string => `points: [{ title: a, run: [{ vm: a, command: [x], ssh: ${user} }] }]\n`;
const allowing = (one: string): string => `network: { allow: [${one}] }\n`;

describe('the lab file', () => {
  it('is read whole', () => {
    const { lab, problems } = readLab(whole);
    assert.deepEqual(problems, []);
    assert.deepEqual(lab, {
      name: 'shop',
      isProtected: false,
      thresholds: { layers: 3, deltaBytes: 2 * 1024 ** 3, freePercent: 0 },
      vms: [
        {
          key: 'db',
          source: {
            kind: 'made',
            image: { path: 'images/db.qcow2', how: 'linked', sizeMiB: 4096 },
            cpus: 1,
            memoryMiB: 512,
            disksMiB: [1024],
            cloudInit: { userData: '#cloud-config\n' },
          },
          after: [],
          wait: { kind: 'port', port: 5432, seconds: 60 },
        },
        {
          key: 'server',
          source: { kind: 'existing', vm: 'server-vm' },
          after: ['db'],
          wait: { kind: 'agent', seconds: 120 },
        },
        {
          key: 'client',
          source: {
            kind: 'made',
            boot: { kernel: '/boot/vmlinuz', arguments: 'quiet' },
            firmware: 'uefi',
            cpus: 1,
            memoryMiB: 1024,
            disksMiB: [],
            network: 'user',
          },
          after: ['server'],
        },
      ],
      points: [
        { title: 'clean', run: [{ vm: 'db', work: { kind: 'command', words: ['touch', '/data/x'] }, seconds: 5 }] },
        { title: 'filled', run: [] },
      ],
    });
  });

  const image = '{ image: x.qcow2 }';
  for (const [what, text, line, column, said] of [
    ['no YAML', 'version: 1\nname: [', 2, 8, /./u],
    ['no map', '- a', 1, 1, /map with these keys/u],
    ['a list of VMs', 'version: 1\nname: lab\nvms: [{ image: x }]\n', 3, 1, /for “vms”/u],
    ['a list for a map', short('{ image: x, wait: [] }'), 4, 18, /for “wait”/u],
    ['nothing', '', 1, 1, /map with these keys/u],
    ['a key that is missing', 'version: 1\nvms:\n  a: { image: x }\n', 1, 1, /“name” is missing/u],
    [
      'a key that nobody knows',
      short(image, 'colour: red\n'),
      5,
      1,
      /Unknown key “colour”. Known keys: version, name/u,
    ],
    ['a key that is misspelt', short('{ image: x, memroy: 1 GiB }'), 4, 18, /Did you mean “memory”/u],
    ['a key that is JavaScript’s', short(image, '__proto__: { a: 1 }\n'), 5, 1, /Unknown key “__proto__”/u],
    ['a key that is JavaScript’s, of a VM', short('{ image: x, constructor: 1 }'), 4, 18, /Unknown key “constructor”/u],
    ['a list for a text', short('{ image: [x] }'), 4, 8, /Invalid value for “image”: The disk image/u],
    ['a number for a size', short('{ image: x, memory: 512 }'), 4, 26, /512 MiB or 2 GiB/u],
    ['a size in a list', short('{ image: x, disks: [1 GiB, big] }'), 4, 33, /for “disks”/u],
    ['another version', short(image).replace('1', '2'), 1, 10, /for “version”/u],
    ['a name with a slash', short(image).replace('lab', 'a/b'), 2, 7, /for “name”/u],
    ['a VM with a bad name', short(image).replace('  a:', '  ../x:'), 4, 3, /is not a valid name/u],
    ['a VM from nowhere', short('{ memory: 1 GiB }'), 4, 3, /“existing”, “clone”, “image” or “boot”/u],
    [
      'a clone with memory of its own',
      short('{ clone: { of: x, point: y }, memory: 1 GiB }'),
      4,
      44,
      /Remove “memory”/u,
    ],
    ['a clone of no point', short('{ clone: { of: x } }'), 4, 8, /“point” is missing: The title or the name/u],
    ['an existing VM with firmware', short('{ existing: x, firmware: uefi }'), 4, 31, /Remove “firmware”/u],
    ['other firmware', short('{ image: x, firmware: coreboot }'), 4, 28, /for “firmware”: uefi/u],
    ['a VM from two places', short('{ existing: x, image: y }'), 4, 28, /Remove “image”/u],
    ['who comes after nobody', short('{ image: x, after: [b] }'), 4, 26, /no VM “b”/u],
    ['who comes after himself', short('{ image: x, after: [a] }'), 4, 26, /after itself/u],
    [
      'a circle',
      'version: 1\nname: lab\nvms:\n  a: { image: x, after: [b] }\n  b: { image: y, after: [a] }\n',
      4,
      18,
      /circle.*a, b/u,
    ],
    ['a path that goes up', short('{ image: ../../etc/shadow }'), 4, 15, /cannot contain “\.\.”/u],
    ['a path with a NUL', short('{ image: "x\\0y" }'), 4, 15, /control characters/u],
    ['a path that turns its direction', short('{ image: "x\\u202Eoc.q" }'), 4, 15, /control characters/u],
    ['an address', short('{ image: "nbd:localhost:10809" }'), 4, 15, /not an address/u],
    ['a kernel that goes up', short('{ boot: { kernel: a/../../b } }'), 4, 24, /cannot contain “\.\.”/u],
    [
      'a connection to elsewhere',
      short(image, 'connection: qemu+ssh://x/system?command=y\n'),
      5,
      13,
      /qemu:\/\/\/system or/u,
    ],
    ['two waits', short('{ image: x, wait: { agent: true, port: 1 } }'), 4, 18, /agent, port/u],
    ['a wait for nothing', short('{ image: x, wait: {} }'), 4, 18, /for “wait”/u],
    ['two points of one title', short(image, 'points: [{ title: a }, { title: a }]\n'), 5, 33, /the same title/u],
    [
      'a command for nobody',
      short(image, 'points: [{ title: a, run: [{ vm: z, command: [x] }] }]\n'),
      5,
      34,
      /no VM “z”/u,
    ],
    ...(
      [
        ['a step without work', '{ vm: a }', 28, /exactly one of these: command, script, packages, copy/u],
        ['a step of two works', '{ vm: a, command: [x], script: x }', 28, /exactly one/u],
        ['a copy to nowhere', '{ vm: a, copy: x }', 28, /“copy” needs “to”/u],
        ['a copy into a folder', '{ vm: a, copy: x, to: /root/ }', 50, /for “to”: The path in the guest/u],
        ['a copy of what is above', '{ vm: a, copy: ../x, to: /x }', 43, /“\.\.”/u],
        ['a package that is an option', '{ vm: a, packages: [-o=x] }', 48, /for “packages”/u],
      ] as const
    ).map(
      ([what, step, column, said]) =>
        [what, short(image, `points: [{ title: a, run: [${step}] }]\n`), 5, column, said] as const,
    ),
    [
      'a user that is an option',
      short(image, sshTo('-oA=b')),
      5,
      56,
      /Invalid value for “ssh”: Run it over ssh as this user/u,
    ],
    ['a user on another computer', short(image, sshTo('"root@other"')), 5, 56, /for “ssh”/u],
    ['a user with a blank', short(image, sshTo('root -v')), 5, 56, /for “ssh”/u],
    ['a key for ssh', short(image, sshTo('root, identityFile: /x')), 5, 62, /Unknown key “identityFile”/u],
    [
      'a port without ssh',
      short(image, 'points: [{ title: a, run: [{ vm: a, command: [x], port: 22 }] }]\n'),
      5,
      57,
      /A port needs ssh/u,
    ],
    ['ssh into a VM without a network', short(image, sshTo('root')), 5, 56, /ssh cannot reach.*network: default/u],
    [
      'ssh into a VM that only goes out',
      short('{ image: x, network: user }', sshTo('root')),
      5,
      56,
      /ssh cannot reach/u,
    ],
    [
      'ssh into a clone without cables',
      short('{ clone: { of: x, point: y } }', sshTo('root')),
      5,
      56,
      /network: same/u,
    ],
    [
      'a NUL over ssh',
      short('{ existing: x }', 'points: [{ title: a, run: [{ vm: a, ssh: root, command: ["a\\0b"] }] }]\n'),
      5,
      48,
      /no NUL/u,
    ],
    ...(
      [
        'example.org',
        '"*.example.org:443"',
        '"*:443"',
        'https://example.org:443',
        'example.org:443/path',
        'user@example.org:443',
        '10.0.0.1:443',
        '93.184.216.34:443',
        '127.1:80',
        '0x7f.1:80',
        '2130706433:80',
        '"[::1]:443"',
        'localhost:80',
        'example.org:0',
        'example.org:-1',
        'example.org:443-444',
        'example.org:https',
        '.example.org:443',
        '-a.example.org:443',
        '"example.org:443 allow all"',
        '"example.org:443\\nhttp_access allow all"',
        'éxample.org:443',
        `${'a.'.repeat(127)}org:443`,
      ] as const
    ).map(
      (one) => [`${one} as a server`, short(image, allowing(one)), 5, 20, /name of a server and its port/u] as const,
    ),
    ['a port out of range', short(image, allowing('example.org:65536')), 5, 20, /from 1 to 65535/u],
    ['a list of no servers', short(image, 'network: { allow: [] }\n'), 5, 12, /for “allow”/u],
    [
      'a header for the proxy',
      short(image, 'network: { allow: [a.org:1], header: x }\n'),
      5,
      30,
      /Unknown key “header”/u,
    ],
    ...(
      [
        ['an existing VM', '{ existing: x }', 18, 'existing'],
        ['a VM in another network', '{ image: x, network: user }', 27, 'network'],
        ['a clone in the networks of its VM', '{ clone: { of: x, point: y, network: same } }', 43, 'clone.network'],
      ] as const
    ).map(
      ([what, vm, column, key]) =>
        [
          `${what} in a lab with a network`,
          short(vm, allowing('example.org:443')),
          4,
          column,
          new RegExp(`Remove “${key}”`, 'u'),
        ] as const,
    ),
    [
      'a port that leads into the network of the lab',
      short('{ image: x, wait: { port: 22 } }', allowing('example.org:443')),
      4,
      32,
      /no connection leads into/u,
    ],
    [
      'ssh into the network of the lab',
      short(image, `${allowing('example.org:443')}${sshTo('root')}`),
      6,
      56,
      /no connection leads into/u,
    ],
    ['one key twice', short(image, 'name: b\n'), 5, 1, /unique/u],
    ['aliases that lead nowhere', short('*b'), 1, 1, /alias/iu],
    ['an alias in a circle', short('&b { image: x, disks: *b }'), 4, 28, /./u],
    ['text that is too long', `${short(image)}#${'x'.repeat(300_000)}`, 1, 1, /too long/u],
    ['brackets without end', '['.repeat(100_000), 1, 1, /nested/u],
    ['lists without end', '- '.repeat(100_000), 1, 1, /nested/u],
    [
      'aliases that explode',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from('bcdefghi')
        .map((one, at) => `${one}: &${one} [${Array(9).fill(`*${'abcdefgh'[at]!}`).join(',')}]`)
        .join('\n')}\n`,
      1,
      1,
      /alias/u,
    ],
  ] as const) {
    it(`is refused: ${what}`, () => {
      const { lab, problems } = readLab(text);
      assert.equal(lab, undefined);
      const [first] = problems;
      assert.ok(first !== undefined);
      assert.match(first.message, said);
      assert.deepEqual([first.line, first.column], [line, column], JSON.stringify(problems));
    });
  }

  it('says which servers its VMs reach, in a network of the lab', () => {
    const more = 'network: { allow: [b.example.org:443, A.Example.org:8080, b.example.org:443], log: true }\n';
    const { lab, problems } = readLab(short('{ image: x }', `  b: { image: x, network: none }\n${more}`));
    assert.deepEqual(problems, []);
    assert.ok(lab !== undefined);
    assert.deepEqual(lab.network, { allow: ['a.example.org:8080', 'b.example.org:443'], log: true });
    assert.deepEqual(
      lab.vms.map(({ source }) => source.kind === 'made' && source.network),
      [{ name: 'virt-rewind-lab', filter: 'virt-rewind-lab' }, undefined],
    );
  });

  it('says as whom a program is run over ssh, and at which port', () => {
    const runOf = (more: string): unknown =>
      readLab(short('{ existing: x }', `points: [{ title: a, run: [{ vm: a, command: [id, -u], ${more} }] }]\n`)).lab
        ?.points[0]?.run[0];
    const usual = { vm: 'a', work: { kind: 'command', words: ['id', '-u'] }, seconds: 120 };
    assert.deepEqual(runOf('ssh: vagrant'), { ...usual, ssh: { user: 'vagrant', port: 22 } });
    assert.deepEqual(runOf('ssh: a_b.c-1, port: 2222'), { ...usual, ssh: { user: 'a_b.c-1', port: 2222 } });
    assert.deepEqual(readLab(short('{ image: x, network: default }', sshTo('root'))).problems, []);
    assert.deepEqual(readLab(short('{ clone: { of: x, point: y, network: same } }', sshTo('root'))).problems, []);
    const long = Array(9).fill('x'.repeat(16_000)).join(', ');
    const text = short('{ existing: x }', sshTo('root'));
    assert.deepEqual(readLab(text.replace('[x]', `[${long.slice(0, 100_000)}]`)).problems, []);
    assert.equal(readLab(text.replace('[x]', `[${long}]`)).problems.length, 1);
  });

  it('knows its keys, and what they are for', () => {
    assert.deepEqual(keysAt(labShape, []), [
      'version',
      'name',
      'connection',
      'protected',
      'network',
      'thresholds',
      'vms',
      'points',
    ]);
    assert.ok(keysAt(labShape, ['vms', 'db']).includes('cloudInit'));
    assert.ok(keysAt(labShape, ['vms', 'db', 'wait']).includes('agent'));
    assert.ok(keysAt(labShape, ['points', 0, 'run', 1]).includes('command'));
    assert.match(meaningAt(labShape, ['vms', 'db', 'memory']), /RAM/u);
    assert.match(meaningAt(labShape, ['points', 0, 'run', 1, 'seconds']), /120/u);
    assert.deepEqual(
      [meaningAt(labShape, ['vms', 'db', 'constructor']), keysAt(labShape, ['vms', 'db', 'memory'])],
      ['', []],
    );
  });
});
