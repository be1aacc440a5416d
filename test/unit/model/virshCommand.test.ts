// The command beside each step, and that a shell reads of it what was meant, whatever the names hold.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { PowerAction } from '../../../src/model/operation.js';
import type { Step } from '../../../src/model/plan.js';
import { quoteForShell, virshArguments, virshLine } from '../../../src/model/virshCommand.js';
import { disk, pick, seeded, vm } from './situations.js';

const uri = 'qemu:///system';
const disks = [
  disk('vda', '/img/a'),
  disk('vdb', '/img/b'),
  disk('sda', '/x.iso', { device: 'cdrom' }),
  disk('sdb', undefined),
];
const web = vm({ disks });
const base = { do: 'createSnapshot', name: 'n', description: '', quiesce: false } as const;

describe('virshCommand', () => {
  const rows: readonly (readonly [step: Step, line: string])[] = [
    [
      { ...base, kind: 'memory', style: 'internal', disks: [{ target: 'vda' }] },
      'snapshot-create-as --domain web --name n',
    ],
    [
      { ...base, description: 'why', kind: 'offline', style: 'internal', disks: [] },
      'snapshot-create-as --domain web --name n --description why',
    ],
    [
      { ...base, kind: 'disk', style: 'external', quiesce: true, disks: [{ target: 'vda', file: '/img/a.n' }] },
      'snapshot-create-as --domain web --name n --disk-only --diskspec vda,snapshot=external,file=/img/a.n ' +
        '--diskspec vdb,snapshot=no --diskspec sda,snapshot=no --quiesce --atomic',
    ],
    [
      {
        ...base,
        kind: 'memory',
        style: 'external',
        disks: [{ target: 'vdb', file: '/img/b,c.n' }],
        memoryFile: '/m,m',
      },
      'snapshot-create-as --domain web --name n --memspec file=/m,,m,snapshot=external --diskspec vda,snapshot=no ' +
        '--diskspec vdb,snapshot=external,file=/img/b,,c.n --diskspec sda,snapshot=no --atomic',
    ],
    [{ do: 'revert', snapshot: 's', to: 'asSnapshot' }, 'snapshot-revert --domain web --snapshotname s'],
    [{ do: 'revert', snapshot: 's', to: 'running' }, 'snapshot-revert --domain web --snapshotname s --running'],
    [{ do: 'revert', snapshot: 's', to: 'paused' }, 'snapshot-revert --domain web --snapshotname s --paused'],
    [{ do: 'deleteSnapshot', snapshot: 's', withChildren: false }, 'snapshot-delete --domain web --snapshotname s'],
    [
      { do: 'deleteSnapshot', snapshot: 's', withChildren: true },
      'snapshot-delete --domain web --snapshotname s --children',
    ],
    [{ do: 'describeSnapshot', snapshot: 's', description: 'x' }, 'snapshot-edit --domain web --snapshotname s'],
  ];
  for (const [step, line] of rows) {
    it(line.slice(0, 60), () => {
      assert.equal(virshLine([step], web, uri), `virsh -c qemu:///system ${line}`);
    });
  }

  const powers: Readonly<Record<PowerAction, string>> = {
    start: 'start',
    shutDown: 'shutdown',
    forceOff: 'destroy',
    pause: 'suspend',
    resume: 'resume',
    restart: 'reboot',
  };
  for (const [action, command] of Object.entries(powers) as [PowerAction, string][]) {
    it(`${action} is ${command}`, () => {
      const step = { do: 'power', action } as const;
      assert.deepEqual(virshArguments(step, web, uri), ['virsh', '-c', uri, command, '--domain', 'web']);
    });
  }

  it('stops after a step that fails', () => {
    const steps: Step[] = [
      { do: 'revert', snapshot: 's', to: 'paused' },
      { do: 'power', action: 'forceOff' },
    ];
    assert.equal(
      virshLine(steps, web, 'test:///default'),
      'virsh -c test:///default snapshot-revert --domain web --snapshotname s --paused' +
        ' && virsh -c test:///default destroy --domain web',
    );
  });

  const words: readonly (readonly [word: string, quoted: string])[] = [
    ['plain-1.2_/:@=,+%', 'plain-1.2_/:@=,+%'],
    ['', "''"],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(rm -rf ~) `x` "y" \\ ! *', '\'$(rm -rf ~) `x` "y" \\ ! *\''],
    ['~', "'~'"],
    ['a\nb', "$'a\\nb'"],
    ["\u001b[2J'\\", "$'\\033[2J\\'\\\\'"],
    ['\u202Eabc1', "$'\\342\\200\\256abc1'"],
    ['Größe 🙂', "'Größe 🙂'"],
  ];
  for (const [word, quoted] of words) {
    it(`quotes ${JSON.stringify(word)}`, () => {
      assert.equal(quoteForShell(word), quoted);
    });
  }

  it('is read by a shell as what was meant', () => {
    const random = seeded(11);
    const alphabet = Array.from(`ab1 '"\\$\`!&|;<>(){}[]*?~#=-,\n\t\r\u0007\u001b\u202E🙂é`);
    const texts = Array.from({ length: 500 }, () =>
      Array.from({ length: Math.floor(random() * 12) }, () => pick(random, alphabet)).join(''),
    );
    const script = `printf '%s\\0' ${texts.map(quoteForShell).join(' ')}`;
    assert.ok(!/[\p{Cc}\u202E]/u.test(script));
    const { stdout, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.deepEqual(stdout.split('\0').slice(0, -1), texts);
  });
});
