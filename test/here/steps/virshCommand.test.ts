// The command beside each step, and that a shell reads of it what was meant, whatever the names hold.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { PowerAction } from '../../../src/domain/operation.js';
import type { Step } from '../../../src/steps/step.js';
import { quoteForShell } from '../../../src/domain/quoteForShell.js';
import { commandsOf, virshLine } from '../../../src/steps/virshCommand.js';
import { disk, pick, seeded, vm } from '../../unit/domain/someFacts.js';

const uri = 'qemu:///system';
const disks = [
  disk('vda', '/img/a'),
  disk('vdb', '/img/b'),
  disk('sda', '/x.iso', { device: 'cdrom' }),
  disk('sdb', undefined),
];
const web = vm({ disks });
const base = { kind: 'createSnapshot', name: 'n', description: '', quiesce: false } as const;

describe('virshCommand', () => {
  const rows: readonly (readonly [step: Step, line: string])[] = [
    [
      { ...base, snapshotKind: 'memory', style: 'internal', disks: [{ target: 'vda' }] },
      'snapshot-create-as --domain web --name n',
    ],
    [
      { ...base, description: 'why', snapshotKind: 'offline', style: 'internal', disks: [] },
      'snapshot-create-as --domain web --name n --description why',
    ],
    [
      { ...base, snapshotKind: 'disk', style: 'external', quiesce: true, disks: [{ target: 'vda', file: '/img/a.n' }] },
      'snapshot-create-as --domain web --name n --disk-only --diskspec vda,snapshot=external,file=/img/a.n ' +
        '--diskspec vdb,snapshot=no --diskspec sda,snapshot=no --quiesce --atomic',
    ],
    [
      {
        ...base,
        snapshotKind: 'memory',
        style: 'external',
        disks: [{ target: 'vdb', file: '/img/b,c.n' }],
        memoryFile: '/m,m',
      },
      'snapshot-create-as --domain web --name n --memspec file=/m,,m,snapshot=external --diskspec vda,snapshot=no ' +
        '--diskspec vdb,snapshot=external,file=/img/b,,c.n --diskspec sda,snapshot=no --atomic',
    ],
    [{ kind: 'revert', snapshot: 's', to: 'asSnapshot' }, 'snapshot-revert --domain web --snapshotname s'],
    [{ kind: 'revert', snapshot: 's', to: 'running' }, 'snapshot-revert --domain web --snapshotname s --running'],
    [{ kind: 'revert', snapshot: 's', to: 'paused' }, 'snapshot-revert --domain web --snapshotname s --paused'],
    [{ kind: 'deleteSnapshot', snapshot: 's' }, 'snapshot-delete --domain web --snapshotname s'],
    [{ kind: 'describeSnapshot', snapshot: 's', description: 'x' }, 'snapshot-edit --domain web --snapshotname s'],
    [
      { ...base, snapshotKind: 'memory', style: 'external', live: true, disks: [], memoryFile: '/m' },
      'snapshot-create-as --domain web --name n --memspec file=/m,snapshot=external --diskspec vda,snapshot=no ' +
        '--diskspec vdb,snapshot=no --diskspec sda,snapshot=no --live --atomic',
    ],
    [
      { ...base, snapshotKind: 'disk', style: 'external', live: true, disks: [{ target: 'vda', file: '/dev/vg/n' }] },
      'snapshot-create-as --domain web --name n --disk-only --diskspec ' +
        'vda,snapshot=external,stype=block,file=/dev/vg/n --diskspec vdb,snapshot=no --diskspec sda,snapshot=no --atomic',
    ],
    [{ kind: 'startPaused' }, 'start --domain web --paused'],
    [{ kind: 'dropManagedSave' }, 'managedsave-remove --domain web'],
    [{ kind: 'makeCurrent', snapshot: 's' }, 'snapshot-current --domain web --snapshotname s'],
    [{ kind: 'makeCurrent', snapshot: 's', disks: [] }, 'snapshot-edit --domain web --snapshotname s --current'],
    [{ kind: 'forgetSnapshot', snapshot: 's' }, 'snapshot-delete --domain web --snapshotname s --metadata'],
    [
      { kind: 'redefineAs', snapshot: 's', name: 'n', description: '' },
      'snapshot-edit --domain web --snapshotname s --clone',
    ],
    [{ kind: 'reparent', snapshot: 's', parent: 'p' }, 'snapshot-edit --domain web --snapshotname s'],
    [{ kind: 'nameFrozenFiles', snapshot: 's', disks: [] }, 'snapshot-edit --domain web --snapshotname s'],
    [{ kind: 'nameMovedFiles', snapshot: 's', files: [] }, 'snapshot-edit --domain web --snapshotname s'],
    [{ kind: 'nameMovedFiles', files: [] }, 'edit --domain web'],
    [{ kind: 'tellLayers', snapshot: 's', disks: [] }, 'snapshot-edit --domain web --snapshotname s'],
    [{ kind: 'clearUnfinishedDelete', snapshot: 's' }, 'snapshot-edit --domain web --snapshotname s'],
    [
      { kind: 'defineFromSnapshot', snapshot: 's', disks: [] },
      'snapshot-dumpxml --domain web --snapshotname s --security-info && virsh -c qemu:///system edit --domain web',
    ],
    [
      { kind: 'restoreMemory', snapshot: 's/1', file: '/a b.mem', disks: [], to: 'paused' },
      "save-image-dumpxml --file '/a b.mem' --security-info && " +
        "virsh -c qemu:///system restore --file '/a b.mem' --xml s-1.xml --paused",
    ],
    [
      { kind: 'makePersistent' },
      'dumpxml --domain web --inactive --security-info && virsh -c qemu:///system define --file web.xml',
    ],
    [{ kind: 'thawGuest' }, 'domfsthaw --domain web'],
    [{ kind: 'setGuestClock' }, 'domtime --domain web --sync'],
  ];
  for (const [step, line] of rows) {
    it(line.slice(0, 60), () => {
      assert.equal(virshLine([step], web, uri), `virsh -c qemu:///system ${line}`);
    });
  }

  const onFiles: readonly (readonly [step: Step, line: string])[] = [
    [{ kind: 'waitUntil', second: 7 }, 'sleep 1'],
    [
      {
        kind: 'createOverlays',
        overlays: [
          { target: 'vda', file: '/img/a.7', backing: '/img/a', backingFormat: 'qcow2' },
          { target: 'vdb', file: '/img/b.7', backing: '/img/b c', backingFormat: 'raw' },
        ],
      },
      "qemu-img create -f qcow2 -F qcow2 -b /img/a /img/a.7 && qemu-img create -f qcow2 -F raw -b '/img/b c' /img/b.7",
    ],
    [{ kind: 'removeFiles', files: ['/img/a.7', '/img/b;c'] }, "rm -- /img/a.7 '/img/b;c'"],
    [{ kind: 'removeFiles', files: [] }, ''],
    [{ kind: 'removeTag', file: '/img/a', tag: "it's" }, "qemu-img snapshot -d 'it'\\''s' /img/a"],
    [{ kind: 'copyFile', from: '/n', to: '/n.s', existing: 'keep' }, 'cp -n -- /n /n.s'],
    [{ kind: 'copyFile', from: '/n.s', to: '/n', existing: 'replace' }, 'cp -f -- /n.s /n'],
  ];
  for (const [step, line] of onFiles) {
    it(`${step.kind}: ${line}`, () => {
      assert.equal(virshLine([step], web, uri), line);
    });
  }

  const powers: Readonly<Record<PowerAction, string>> = {
    start: 'start',
    shutDown: 'shutdown',
    save: 'managedsave',
    forceOff: 'destroy',
    pause: 'suspend',
    resume: 'resume',
    restart: 'reboot',
  };
  for (const [action, command] of Object.entries(powers) as [PowerAction, string][]) {
    it(`${action} is ${command}`, () => {
      const step = { kind: 'power', action } as const;
      assert.deepEqual(commandsOf(step, web, uri), [['virsh', '-c', uri, command, '--domain', 'web']]);
    });
  }

  it('stops after a step that fails', () => {
    const steps: Step[] = [
      { kind: 'revert', snapshot: 's', to: 'paused' },
      { kind: 'power', action: 'forceOff' },
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
