// A lab file written of VMs that are there: what it says is read back as it was, whatever they are called.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { root } from '../../../scripts/rig/root.mjs';
import type { VmLayers } from '../../../src/domain/layers.js';
import { readLab } from '../../../src/lab/readLab.js';
import { writeLab } from '../../../src/lab/writeLab.js';
import { disk, vm } from '../domain/someFacts.js';
import { uuidOf, writtenAgain } from './labThere.js';

const everything = `version: 1
name: shop
connection: qemu:///session
protected: true
thresholds: { layers: 3, deltaGb: 0.5, allDeltasGb: 2, freePercent: 0 }
vms:
  db:
    image: images/db.qcow2
    copy: true
    size: 4 GiB
    cpus: 2
    memory: 1536 MiB
    disks: [1 GiB, 16 MiB]
    network: default
    cloudInit:
      userData: |
        #cloud-config
        runcmd: ["a line that is longer than eighty characters, which nobody wants to see folded in a script", "# no"]

          indented:
      networkConfig: "version: 2\\n"
    wait: { port: 5432, host: db.test, seconds: 60 }
  server:
    existing: "server: 1 # of two"
    after: [db]
    wait: { agent: true }
  client:
    boot: { kernel: /boot/vmlinuz, initrd: initrd.img, arguments: "quiet # not" }
    firmware: uefi
    network: user
    after: [server, db]
    wait: { command: [sh, -c, "test -e /run/up && echo '[{'"], seconds: 7 }
  copy:
    clone: { of: web-test, point: "clean: 2", full: true, network: same }
    wait: { seconds: 3 }
  linked:
    clone: { of: web-test, point: clean }
points:
  - title: "clean: #1"
    run:
      - { vm: db, command: [touch, /data/x], seconds: 5 }
      - { vm: copy, command: [sh, -c, "a\\nb"] }
      - { vm: server, command: [id], ssh: deploy, port: 2222 }
      - { vm: client, script: "set -x\\nid\\n" }
      - { vm: client, packages: [git, "nginx=1.2"], seconds: 600 }
      - { vm: client, copy: seed/data.sql, to: /root/data.sql }
  - title: filled
`;

describe('a lab file of VMs that are there', () => {
  for (const [what, text] of [
    ['the example', readFileSync(join(root, 'examples/lab/virt-rewind.yaml'), 'utf8')],
    ['one with every key', everything],
  ] as const) {
    it(`says what the file said that they were made of: ${what}`, () => {
      const { lab } = readLab(text);
      assert.ok(lab !== undefined);
      const again = readLab(writtenAgain(lab));
      assert.deepEqual(again.problems, []);
      assert.deepEqual(again.lab, lab);
    });
  }

  it('leaves long lines of scripts alone', () => {
    const { lab } = readLab(everything);
    assert.ok(lab !== undefined);
    assert.match(writtenAgain(lab), /^ +runcmd: \["a line that .* folded in a script", "# no"\]$/mu);
  });

  it('names a VM that it knows no more of, with what it has above it', () => {
    const disks = [disk('vda', '/img/web.qcow2'), disk('vdb', '/img/b.raw', { format: 'raw' })];
    const drive = disk('hda', undefined, { device: 'cdrom' });
    const layer = { file: '/img/web.qcow2', allocatedBytes: 1, seen: 'there', snapshots: [], sharedWith: [] } as const;
    const layers: VmLayers = {
      readAt: 0,
      from: 'statistics',
      disks: [{ target: 'vda', whole: true, layers: [{ ...layer, virtualBytes: 10 * 1024 ** 3 }] }],
      snapshots: [],
      rooms: [],
    };
    const text = writeLab([
      { vm: vm({ memoryBytes: 2 * 1024 ** 3, disks: [...disks, drive], firmware: 'uefiRawNvram' }), layers },
      { vm: vm({ uuid: 'other', name: 'db' }), why: 'It is old.' },
    ]);
    assert.match(text, /^ {2}# It has RAM 2\.0 GB, vda qcow2 10 GB, vdb raw, hda cdrom, UEFI\.\n {2}web:$/mu);
    assert.match(text, /^ {2}# It is old\. It has RAM 1\.0 GB, vda qcow2\.\n {2}db:$/mu);
    assert.deepEqual(parse(text), {
      version: 1,
      name: 'lab',
      vms: { web: { existing: 'web' }, db: { existing: 'db' } },
    });
  });

  it('takes the order and what is waited for where there is no system, too', () => {
    const [a, b] = [vm({ uuid: uuidOf('a'), name: 'a' }), vm({ uuid: uuidOf('b'), name: 'b' })];
    const text = writeLab([
      { vm: a, after: [uuidOf('b'), uuidOf('gone')], wait: { kind: 'agent', seconds: 5 } },
      { vm: b, after: [] },
    ]);
    assert.deepEqual(readLab(text).lab?.vms, [
      { key: 'a', source: { kind: 'existing', vm: 'a' }, after: ['b'], wait: { kind: 'agent', seconds: 5 } },
      { key: 'b', source: { kind: 'existing', vm: 'b' }, after: [] },
    ]);
  });

  it('runs before a restore point only what is run in its VMs, under the names that they have in it', () => {
    const { lab } = readLab(everything);
    assert.ok(lab !== undefined);
    const [other, db] = [vm({ uuid: 'other', name: 'db' }), vm({ uuid: uuidOf('db'), name: 'shop-db' })];
    const stored = {
      system: { id: 'a'.repeat(32), name: 'shop', members: [] },
      points: [{ id: '1', title: 'clean: #1', createdAt: 0, members: [] }],
    };
    const text = writeLab([{ vm: other }, { vm: db, key: 'db' }], stored, lab);
    assert.deepEqual(readLab(text).lab?.points, [
      { title: 'clean: #1', run: [{ vm: 'db-2', work: { kind: 'command', words: ['touch', '/data/x'] }, seconds: 5 }] },
    ]);
  });

  it('is nothing but a comment where a name, a target or a reason is written to be more', () => {
    const line = 'x\n  evil:\n    existing: other\r# \u0085\u2028evil: 1\u2029\u0000\u001B[2J\uD800';
    const hostile = vm({
      name: `db ${line}`,
      disks: [disk(`vda${line}`, '/img/x', { format: `raw${line}` }), disk('[{[{'.repeat(60), '/img/y')],
    });
    const text = writeLab([{ vm: hostile, why: `Because ${line}` }]);
    const document = parseDocument(text);
    assert.deepEqual(document.errors, []);
    assert.deepEqual(document.warnings, []);
    const { lab, problems } = readLab(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      lab?.vms.map(({ source }) => source),
      [{ kind: 'existing', vm: hostile.name }],
    );
    const comments = text.split('\n').filter((one) => one.trim().startsWith('#'));
    assert.equal(comments.length, 1);
    assert.doesNotMatch(comments.join(''), /[\p{Cc}[\]{}\u2028\u2029]/u);
  });
});
