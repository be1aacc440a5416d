// A VM that runs moves between two hosts that have no storage in common: its frozen layers are sent, QEMU sends its
// tops, and a guest that writes all the time finds what it has written.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { faultsOf } from '../answerFaults.js';
import { Model } from '../oracle/model.js';
import { type Difference, OracleVm } from '../oracle/oracleVm.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import {
  actWhenWritten,
  hostsWith,
  images,
  marksOn,
  type MoveHost,
  type MoveRig,
  onWritten,
  recordsOn,
  startMoveRig,
} from './moveRig.js';

type Guest = Awaited<ReturnType<typeof defineOracleGuest>>;

const name = 'web';
const serial = '/var/lib/libvirt/web.sock';
const here = ['--address', '127.0.0.1'];
/** More than the blocks that the guest goes over. */
const allBlocks = 200;

interface Moved {
  readonly moved: { readonly stopMs: number; readonly trashed: readonly string[] };
}

describe('a VM that runs and is moved with its disks', () => {
  let rig: MoveRig;
  let guest: Guest;
  let model: Model;

  before(async () => {
    rig = await startMoveRig();
    const { one } = rig;
    guest = await defineOracleGuest(one.rig.daemon, {
      ...{ name, folder: one.at(images), disks: ['qcow2', 'raw'], memoryMiB: 64, lockstep: true },
    });
    const xml = await one.rig.virsh('dumpxml', name);
    const own = xml.replace(guest.serial, serial).replaceAll(one.at(images), images);
    await withXmlFile(own, (file) => one.rig.virsh('define', file));
    model = Model.fresh(guest.disks.length);
    await one.rig.virsh('start', name);
    model = model.powered('start');
    for (const seed of [1, 2, 3]) {
      await write(one, seed);
      await keep(one, `s${seed}`);
    }
    await write(one, 4);
  });
  after(() => rig.stop());

  const talker = (host: MoveHost): OracleVm =>
    new OracleVm(host.rig.daemon.virsh, { ...guest, serial: host.at(serial) });
  async function write(host: MoveHost, seed: number): Promise<void> {
    const blocks = Array.from({ length: 50 }, (_, at) => [1_000 + seed * 60 + at, seed * 100 + at] as const);
    await talker(host).talk(async (talk) => {
      for (const disk of [0, 1]) {
        await talk.write(disk, blocks);
        model = model.wrote(disk, blocks);
      }
      await talk.setCounter(seed);
      await talk.fillRam(64, seed);
    });
    model = model.setRam({ counter: seed, kib: 64, seed });
  }
  async function keep(host: MoveHost, title: string): Promise<void> {
    const ram = `snapshot=external,file=${images}/${name}.${title}.ram`;
    await host.rig.virsh('snapshot-create-as', name, title, '--memspec', ram);
    model = model.created({ name: title, title, kind: 'memory', style: 'external' });
  }
  const other = (host: MoveHost): MoveHost => (host === rig.one ? rig.other : rig.one);
  const move = (from: MoveHost, ...more: readonly string[]): readonly string[] => [
    ...['move', name, other(from).uri, '-c', from.uri, ...here, ...more],
  ];
  /** What is in the images of a host, but for the trash. */
  const filesOn = (host: MoveHost): readonly string[] =>
    readdirSync(host.at(images), { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const sumsOn = (host: MoveHost, names: readonly string[]): readonly string[] =>
    names.map((file) =>
      createHash('sha256')
        .update(readFileSync(join(host.at(images), file)))
        .digest('hex'),
    );
  async function topsOn(host: MoveHost): Promise<readonly string[]> {
    const { stdout } = await host.rig.daemon.virsh(['domblklist', name]);
    return [...stdout.matchAll(/\/([^/\s]+)$/gmu)].map(([, file = '']) => file);
  }

  /** All blocks of the present and of each snapshot, from copies whose headers name each other. */
  async function differencesOn(host: MoveHost): Promise<readonly Difference[]> {
    const folder = mkdtempSync(join(tmpdir(), 'vr-moved-'));
    try {
      cpSync(host.at(images), folder, { recursive: true, filter: (file) => !file.includes('.virt-rewind') });
      for (const file of readdirSync(folder)) {
        const info = await runOk('qemu-img', ['info', '-U', '--output=json', join(folder, file)]);
        const image = JSON.parse(info) as Record<string, string>;
        const backing = image['backing-filename'];
        if (backing !== undefined) {
          const below = ['-F', image['backing-filename-format'] ?? '', '-b', backing.replace(images, folder)];
          await runOk('qemu-img', ['rebase', '-u', ...below, join(folder, file)]);
        }
      }
      const virsh: OracleVm['virsh'] = async (words) => {
        const said = await host.rig.daemon.virsh(words);
        return { ...said, stdout: said.stdout.replaceAll(images, folder) };
      };
      const { differences } = await new OracleVm(virsh, talker(host).guest).compare(model, 'everything');
      return differences;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** It runs on one host with all that it has, and nothing of it is on the other. */
  async function recovered(): Promise<MoveHost> {
    const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    await rig.one.run('done', 'recover', name, '-c', at.uri);
    const [now = rig.one, ...both] = await hostsWith(name, [rig.one, rig.other]);
    assert.deepEqual(both, []);
    assert.match(await now.rig.virsh('domstate', name), /^running/u);
    assert.deepEqual(await differencesOn(now), []);
    assert.deepEqual([filesOn(other(now)), marksOn(rig.one), marksOn(rig.other)], [[], [], []]);
    return now;
  }

  it('is planned, and stays', async () => {
    const { plan } = await rig.one.json<{ plan: { runs: boolean; send: string[]; shared: string[] } }>(
      ...move(rig.one, '--plan'),
    );
    assert.deepEqual([plan.runs, plan.shared], [true, []]);
    assert.equal(plan.send.length, filesOn(rig.one).length);
    assert.deepEqual(filesOn(rig.other), []);
    assert.deepEqual(await hostsWith(name, [rig.one, rig.other]), [rig.one]);
  });

  it('has all its layers, blocks, RAM and snapshots there, and is reverted there', async () => {
    const files = filesOn(rig.one);
    const tops = await topsOn(rig.one);
    const frozen = files.filter((file) => !tops.includes(file));
    assert.deepEqual([tops.length, frozen.length >= 6], [2, true]);
    const sums = sumsOn(rig.one, frozen);
    const answer = await rig.one.json<Moved>(...move(rig.one, '--yes'));
    assert.deepEqual(faultsOf(answer), []);
    assert.ok(answer.moved.stopMs > 0);
    assert.deepEqual(await hostsWith(name, [rig.one, rig.other]), [rig.other]);
    assert.deepEqual(sumsOn(rig.other, frozen), sums);
    assert.deepEqual(filesOn(rig.other), files);
    assert.deepEqual([filesOn(rig.one), answer.moved.trashed.length], [[], files.length]);
    assert.deepEqual([...marksOn(rig.one), ...marksOn(rig.other)], []);
    assert.deepEqual(await differencesOn(rig.other), []);
  });

  it('stays where it is when the move is cancelled while its disks are copied', async () => {
    const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    await actWhenWritten(rig.one, '"phase":"moving"', move(at, '--yes'), (child) => child.kill('SIGINT'));
    await recovered();
  });

  const kill = (child: ChildProcess): unknown => child.kill('SIGKILL');
  const killOnce =
    (isTime: () => boolean | Promise<boolean>) =>
    async (child: ChildProcess): Promise<void> => {
      while (child.exitCode === null && !(await isTime())) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      kill(child);
    };

  // By what is written down when a part begins or has ended.
  for (const [part, written, ends] of [
    ['before a file is sent', '"phase":"sending"', 'here'],
    ['before sent files have their names', '"identityThere":"', 'here'],
    ['before it is defined there', '"phase":"defining"', 'here'],
    ['before it is compared there', '"there":{', 'here'],
    ['before its disks are copied', '"phase":"moving"', 'here'],
    ['before the guest is let run there', '"letRun":"asked"', undefined],
    ['when the guest runs there', '"letRun":"done"', 'there'],
  ] as const) {
    it(`runs on one host with all that it has, when the program is killed ${part}`, async () => {
      const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
      assert.equal(await actWhenWritten(rig.one, written, move(at, '--yes'), kill), null);
      const now = await recovered();
      assert.ok(ends === undefined || now === (ends === 'here' ? at : other(at)));
    });
  }

  it('runs on one host with all that it has, when the program is killed while QEMU copies its disks', async () => {
    const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    await at.rig.virsh('migrate-setspeed', name, '1');
    const isTime = async (): Promise<boolean> =>
      /^File processed: +[1-9]/mu.test((await at.rig.daemon.virsh(['domjobinfo', name])).stdout);
    assert.equal(await actWhenWritten(rig.one, '"phase":"moving"', move(at, '--yes'), killOnce(isTime)), null);
    assert.equal(await recovered(), at);
    await at.rig.virsh('migrate-setspeed', name, '1000');
  });

  it('runs there with all that it has, when the program is killed while its files here go to the trash', async () => {
    const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    const files = filesOn(at);
    const isTime = (): boolean => filesOn(at).length < files.length;
    assert.equal(await actWhenWritten(rig.one, '"letRun":"done"', move(at, '--yes'), killOnce(isTime)), null);
    assert.equal(await recovered(), other(at));
  });

  it('is left to a person where it ran there, nobody noted that, and it is off; and goes on with what it wrote', async () => {
    const [at = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    const there = other(at);
    const begun = actWhenWritten(rig.one, '"letRun":"asked"', move(at, '--yes'), async (child) => {
      // Its own host does not hear of the end.
      await at.rig.daemon.hangDaemon();
      onWritten(rig.one, '"letRun":"done"', () => kill(child));
    });
    assert.equal(await begun, null);
    await at.rig.daemon.unhangDaemon();
    for (const file of recordsOn(rig.one)) {
      writeFileSync(file, readFileSync(file, 'utf8').replace('"letRun":"done"', '"letRun":"asked"'));
    }
    await write(there, 5);
    await there.rig.virsh('destroy', name);
    const files = filesOn(there);
    await rig.one.run('refused', 'recover', name, '-c', at.uri);
    assert.match(await at.rig.virsh('domstate', name), /^paused/u);
    assert.deepEqual(filesOn(there), files);
    await there.rig.virsh('start', name);
    model = model.powered('forceOff').powered('start');
    assert.equal(await recovered(), there);
  });

  it('is refused where a disk that it writes to has snapshots inside', async () => {
    const { one } = rig;
    const file = `${images}/inside.qcow2`;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    await defineDiskVm(one.rig, 'inside', [{ file, format: 'qcow2' }]);
    await one.rig.virsh('start', 'inside');
    await one.rig.virsh('snapshot-create-as', 'inside', 'first');
    const words = ['move', 'inside', rig.other.uri, '-c', one.uri, ...here, '--yes'];
    assert.match(await one.run('refused', ...words), /inside\.qcow2/u);
    assert.deepEqual(await snapshotsOn(one, 'inside'), ['first']);
    assert.match(await one.rig.virsh('domstate', 'inside'), /^running/u);
    await one.rig.virsh('destroy', 'inside');
    await one.rig.virsh('undefine', 'inside', '--snapshots-metadata');
    rmSync(one.at(file));
  });

  it('is reverted there, and back with the branch that it left', async () => {
    const [from = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    for (const at of [from, other(from)]) {
      await rig.one.run('done', 'revert', name, 's2', '-c', at.uri, '--no-checkpoint', '--yes');
      model = model.reverted('s2');
      // Where libvirt reverts to no external snapshot (before 9.9), a snapshot of ours holds the branch that it is on.
      const was = await differencesOn(at);
      assert.deepEqual(
        was.filter(({ about }) => about !== 'tree'),
        [],
      );
      await rig.one.run('done', ...move(at, '--yes'));
      assert.deepEqual(await differencesOn(other(at)), was);
    }
  });

  it('finds what it writes all the time, there and back', async () => {
    const rounds = async (host: MoveHost): Promise<number> =>
      talker(host).talk(async (talk) => {
        for (const from = (await talk.rounds()).done; ;) {
          const { done, wrong } = await talk.rounds();
          assert.equal(wrong, 0);
          if (done > from + allBlocks) {
            return done;
          }
        }
      });
    const [first = rig.one] = await hostsWith(name, [rig.one, rig.other]);
    await talker(first).talk((talk) => talk.lockstep(0, 8, 0));
    let last = 0;
    for (const from of [first, other(first)]) {
      await rig.one.run('done', ...move(from, '--yes'));
      const now = await rounds(other(from));
      assert.ok(now > last);
      last = now;
    }
  });
});
