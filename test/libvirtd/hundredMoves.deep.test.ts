// A VM that goes to and fro between two hosts a hundred times, with reverts and writes between: its blocks, its RAM and
// its snapshots are what the model says after each. `MOVE_ROUNDS` sets how often.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type MoveHost, type MoveRig, startMoveRig } from './moveRig.js';

const rounds = Number(process.env['MOVE_ROUNDS'] ?? 100);
/** After so many moves, the content of each snapshot is checked, too. */
const betweenLooks = 10;
const name = 'web';

describe('a hundred moves with reverts between', () => {
  let rig: MoveRig;
  before(async () => {
    rig = await startMoveRig();
  });
  after(() => rig.stop());

  it('lose no block, no RAM and no snapshot', async () => {
    const { one, other } = rig;
    const folder = join(one.rig.daemon.dir, 'shared');
    mkdirSync(folder);
    const guest = await defineOracleGuest(one.rig.daemon, { name, folder });
    // Each host has its own: the one that the guest leaves removes it.
    const serial = '/var/lib/libvirt/web.sock';
    const xml = (await one.rig.virsh('dumpxml', name)).replace(guest.serial, serial);
    await withXmlFile(xml, (file) => one.rig.virsh('define', file));
    const seenAt = (host: MoveHost): OracleVm =>
      new OracleVm(host.rig.daemon.virsh, { ...guest, serial: host.at(serial) });
    let [here, there] = [one, other];
    let model = Model.fresh(guest.disks.length);

    const write = async (seed: number): Promise<void> => {
      const blocks = [[seed % 4_000, seed]] as const;
      if (model.power === 'off') {
        await seenAt(here).writeOff(seed % 2, blocks);
      } else {
        await seenAt(here).talk(async (talk) => {
          await talk.write(seed % 2, blocks);
          await talk.setCounter(seed);
          await talk.fillRam(64, seed);
        });
        model = model.setRam({ counter: seed, kib: 64, seed });
      }
      model = model.wrote(seed % 2, blocks);
    };
    const keep = async (title: string, kind: 'offline' | 'memory'): Promise<void> => {
      await one.run('done', 'checkpoint', name, title, '--kind', kind, '--style', 'internal', '-c', here.uri);
      model = model.created({ name: title, title, kind, style: 'internal' });
    };

    await write(1);
    await keep('cold', 'offline');
    await one.run('done', 'start', name, '-c', here.uri);
    model = model.powered('start');
    await write(2);
    await keep('early', 'memory');
    await write(3);
    await keep('late', 'memory');
    for (let round = 1; round <= rounds; round += 1) {
      const snapshot = (['late', 'early', 'late', 'cold', 'early'] as const)[round % 5] ?? 'late';
      await one.run('done', 'revert', name, snapshot, '--no-checkpoint', '--yes', '-c', here.uri);
      model = model.reverted(snapshot);
      await write(100 + round);
      await one.run('done', 'move', name, there.uri, '-c', here.uri, '--address', '127.0.0.1', '--yes');
      [here, there] = [there, here];
      const extent = round % betweenLooks === 0 || round === rounds ? 'everything' : 'present';
      const { differences } = await seenAt(here).compare(model, extent);
      assert.deepEqual(differences, [], `after ${round} moves, to ${here.uri}`);
      assert.equal(await there.rig.virsh('list', '--all', '--name'), '');
    }
  });
});
