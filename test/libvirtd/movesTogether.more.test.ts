// Moves from two computers to three hosts, one after the other was killed in each phase, and both at once: the VM is
// never on two hosts, and what it is made of is whole.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import {
  hostsWith,
  images,
  killAtPhase,
  makeMovedVm,
  marksOn,
  type MoveHost,
  startMoveHost,
  stopMoveHosts,
} from './moveRig.js';

describe('moves of a VM from two computers', () => {
  let hosts: readonly [MoveHost, MoveHost, MoveHost];
  before(async () => {
    hosts = [await startMoveHost('host-one'), await startMoveHost('host-two'), await startMoveHost('host-three')];
    await makeMovedVm(hosts[0], 'web');
    const folder = join(hosts[0].rig.daemon.dir, 'shared');
    mkdirSync(folder);
    const file = join(folder, 'disk.qcow2');
    await hosts[0].tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, '8M');
    await defineDiskVm(hosts[0].rig, 'common', [{ file, format: 'qcow2' }]);
    await hosts[0].run('done', 'checkpoint', 'common', 'first', '--kind', 'offline', '--style', 'internal');
    for (const name of ['web', 'common']) {
      await hosts[0].rig.virsh('autostart', name);
    }
  });
  after(() => stopMoveHosts(hosts));

  const words = (name: string, from: MoveHost, to: MoveHost): readonly string[] => {
    return ['move', name, to.uri, '-c', from.uri, '--yes'];
  };

  /** Where it is: on one host, whole. */
  async function placeOf(name: string): Promise<MoveHost> {
    const [at, more] = await hostsWith(name, hosts);
    assert.ok(at !== undefined && more === undefined, `${name} is on two hosts, or none`);
    assert.equal((await snapshotsOn(at, name)).length, 1);
    assert.match(await at.rig.virsh('dominfo', name), /Autostart: +enable/u);
    await at.rig.virsh('start', name);
    await at.rig.virsh('destroy', name);
    return at;
  }

  /** No mark is left, and no file of a host that has not the VM. */
  function requireClean(name: string, at: MoveHost): void {
    for (const host of hosts) {
      assert.deepEqual(marksOn(host), []);
      const files = readdirSync(host.at(images)).filter((file) => file.startsWith(name));
      assert.equal(files.length, host === at && name === 'web' ? 1 : 0, host.name);
    }
  }

  const next = (at: MoveHost): MoveHost => hosts[(hosts.indexOf(at) + 1) % 3] ?? at;

  for (const name of ['web', 'common']) {
    for (const phase of ['sending', 'defining', 'there', 'leaving', 'moved']) {
      it(`is on one host, where one was killed as it wrote “${phase}” and the other moves then: ${name}`, async () => {
        const [{ run }, second] = hosts;
        const from = await placeOf(name);
        const [to, third] = [next(from), next(next(from))];
        const code = await killAtPhase(hosts[0], phase, words(name, from, to));
        assert.ok(code === null || code === 0, String(code));
        if (code === null) {
          // The other one is let go on only before there was a mark.
          const moved = await second.run('done', ...words(name, from, third)).then(
            () => true,
            () => false,
          );
          assert.ok(!moved || phase === 'sending');
          await run('done', 'recover', name, '-c', from.uri);
        }
        const at = await placeOf(name);
        requireClean(name, at);
        await (at !== third && second.run('done', ...words(name, at, third)));
        assert.equal(await placeOf(name), third);
        requireClean(name, third);
      });
    }

    it(`is moved once, where both move it at the same moment: ${name}`, async () => {
      for (let round = 0; round < 4; round++) {
        const from = await placeOf(name);
        const moves = [hosts[0], hosts[1]].map(({ run }, at) =>
          run('done', ...words(name, from, at === 0 ? next(from) : next(next(from)))).then(
            () => 1,
            () => 0,
          ),
        );
        const done = await Promise.all(moves);
        const at = await placeOf(name);
        assert.equal(at === from, done[0] === 0 && done[1] === 0);
        assert.ok(done.filter((one) => one === 1).length < 2);
        requireClean(name, at);
      }
    });
  }

  it('is moved by one of two computers, where it has no files', async () => {
    const [first, second, third] = hosts;
    await defineDiskVm(first.rig, 'bare', []);
    assert.equal(await killAtPhase(first, 'leaving', words('bare', first, second)), null);
    assert.match(await second.run('refused', ...words('bare', first, third)), /virt-rewind-move/u);
    // It has gone, and another one has its name here.
    await first.rig.virsh('undefine', 'bare');
    await defineDiskVm(first.rig, 'bare', []);
    await first.run('done', 'recover', 'bare', '-c', first.uri);
    assert.deepEqual(await hostsWith('bare', hosts), [first, second]);
    await first.rig.virsh('undefine', 'bare');
    await second.run('done', ...words('bare', second, third));
  });

  for (const phase of ['defining', 'there', 'leaving']) {
    it(`is left to a person, where the mark was removed and another moved it since: ${phase}`, async () => {
      const [first, second] = hosts;
      const from = await placeOf('common');
      const [to, third] = [next(from), next(next(from))];
      assert.equal(await killAtPhase(first, phase, words('common', from, to)), null);
      rmSync(join(first.rig.daemon.dir, 'shared', marksIn(first)), { recursive: true });
      if ((await hostsWith('common', hosts)).includes(from)) {
        await second.run('done', ...words('common', from, third));
      }
      const on = await hostsWith('common', hosts);
      assert.match(await first.run('refused', 'recover', 'common', '-c', from.uri), /--dismiss/u);
      assert.deepEqual(await hostsWith('common', hosts), on);
      if (on.length === 2) {
        assert.doesNotMatch(await to.rig.virsh('dominfo', 'common'), /Autostart: +enable/u);
        await to.rig.virsh('undefine', 'common', '--snapshots-metadata');
      }
      await first.run('done', 'recover', 'common', '-c', from.uri, '--dismiss', '--yes');
      const [at] = await hostsWith('common', hosts);
      await at?.rig.virsh('autostart', 'common');
      await placeOf('common');
    });
  }

  function marksIn({ rig }: MoveHost): string {
    const folder = join(rig.daemon.dir, 'shared');
    const [mark = ''] = readdirSync(folder).filter((file) => file.startsWith('.virt-rewind-move'));
    assert.ok(mark !== '' && existsSync(join(folder, mark)));
    return mark;
  }
});
