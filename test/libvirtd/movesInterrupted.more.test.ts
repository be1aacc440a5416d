// Moves of one VM by two computers, and what others do to a VM whose move was interrupted: it is never on two hosts,
// and nothing that somebody has done since is lost.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { letGo } from '../../src/driver/connection/movedVm.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { openConnection } from '../../src/libvirt/connect.js';
import { silentLog } from '../silentLog.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import { hostsWith, images, killAtPhase, makeMovedVm, marksOn, type MoveRig, startMoveRig } from './moveRig.js';

describe('a VM that others use while it is moved', () => {
  let rig: MoveRig;
  before(async () => {
    rig = await startMoveRig();
    await makeMovedVm(rig.one, 'web');
    await rig.one.rig.virsh('autostart', 'web');
  });
  after(() => rig.stop());

  const there = (): readonly string[] => ['move', 'web', rig.other.uri, '-c', rig.one.uri, '--yes'];
  const back = (): Promise<string> => rig.one.run('done', 'move', 'web', rig.one.uri, '-c', rig.other.uri, '--yes');
  const isOn = async (): Promise<readonly string[]> =>
    (await hostsWith('web', [rig.one, rig.other])).map(({ name }) => name);
  const descOn = (host: MoveRig['one']): Promise<string> => host.rig.virsh('desc', 'web', '--config');

  it('is moved by one of two computers, and the other one says who moves it', async () => {
    const { one, other } = rig;
    const gate = join(one.rig.daemon.dir, 'gate');
    await runOk('mkfifo', [gate]);
    other.wrap('sha256sum', `read _ < '${gate}'`);
    const moving = one.run('done', ...there());
    // Resolves when its first file is there.
    const pipe = await open(gate, 'w');
    other.unwrap('sha256sum');
    assert.equal(marksOn(one).length, 1);
    const said = await other.run('refused', ...there());
    assert.match(said, new RegExp(marksOn(one)[0]!.replaceAll('.', '\\.'), 'u'));
    await pipe.write('\n');
    await pipe.close();
    await moving;
    assert.deepEqual(await isOn(), [other.name]);
    assert.deepEqual([...marksOn(one), ...marksOn(other)], []);
    await back();
  });

  it('is found by the name that it was given since, and stays where it has that', async () => {
    const { one, other } = rig;
    assert.equal(await killAtPhase(one, 'there', there()), null);
    await one.rig.virsh('domrename', 'web', 'shop');
    await defineDiskVm(one.rig, 'web', []);
    assert.match(await one.run('refused', 'start', 'shop', '-c', one.uri), /recover shop/u);
    assert.match(await one.run('done', 'recover', 'shop', '-c', one.uri, '--plan'), /recover shop/u);
    await one.run('done', 'recover', 'web', '-c', one.uri);
    assert.equal(marksOn(one).length, 1);
    await one.run('done', 'recover', 'shop', '-c', one.uri);
    assert.deepEqual([...marksOn(one), ...marksOn(other)], []);
    assert.deepEqual(await hostsWith('shop', [one, other]), [one]);
    assert.deepEqual(await isOn(), [one.name]);
    await one.rig.virsh('undefine', 'web');
    await one.rig.virsh('domrename', 'shop', 'web');
    assert.equal((await snapshotsOn(one, 'web')).length, 1);
  });

  it('is left to a person, where its own host has lost it and not by us', async () => {
    const { one, other } = rig;
    assert.equal(await killAtPhase(one, 'there', there()), null);
    // Said before that the other host has its name, also where the notes of the move are lost, and of the way back.
    const moves = join(one.rig.daemon.dir, 'journal', 'moves');
    renameSync(moves, `${moves}-lost`);
    const mark = new RegExp(marksOn(one)[0]!.replaceAll('.', '\\.'), 'u');
    for (const { run } of [other, one]) {
      assert.match(await run('refused', ...there()), mark);
    }
    assert.match(await other.run('refused', 'move', 'web', one.uri, '-c', other.uri, '--yes'), mark);
    rmSync(moves, { recursive: true, force: true });
    renameSync(`${moves}-lost`, moves);
    // As one who moved it on otherwise.
    const xml = await one.rig.virsh('dumpxml', 'web', '--inactive', '--security-info');
    const snapshot = await one.rig.virsh('snapshot-dumpxml', 'web', (await snapshotsOn(one, 'web'))[0]!);
    await one.rig.virsh('undefine', 'web', '--snapshots-metadata');
    assert.match(await one.run('refused', 'recover', 'web', '-c', one.uri), /--dismiss/u);
    assert.doesNotMatch(await other.rig.virsh('dominfo', 'web'), /Autostart: +enable/u);
    assert.equal(marksOn(one).length, 1);
    await one.run('done', 'recover', 'web', '-c', one.uri, '--dismiss', '--yes');
    assert.deepEqual([...marksOn(one), ...marksOn(other)], []);
    // As it was.
    await other.rig.virsh('undefine', 'web', '--snapshots-metadata');
    rmSync(other.at(`${images}/web.qcow2`));
    for (const [words, text] of [
      [['define'], xml],
      [['snapshot-create', '--redefine', '--current', 'web'], snapshot],
    ] as const) {
      const file = join(one.rig.daemon.dir, 'again.xml');
      await runOk('sh', ['-c', 'printf %s "$1" >"$2"', 'sh', text, file]);
      await one.rig.virsh(...words, file);
    }
    await one.rig.virsh('autostart', 'web');
  });

  for (const at of ['one', 'other'] as const) {
    it(`keeps what somebody changed in its configuration after an interruption: ${at}`, async () => {
      assert.equal(await killAtPhase(rig.one, 'there', there()), null);
      await rig[at].rig.virsh('desc', 'web', '--config', `changed at ${at}`);
      await rig.one.run('done', 'recover', 'web', '-c', rig.one.uri);
      assert.deepEqual(await isOn(), [rig[at].name]);
      assert.equal(await descOn(rig[at]), `changed at ${at}`);
      if (at === 'other') {
        await back();
      }
    });
  }

  it('starts with its host or not as its own host was told last, which no document says', async () => {
    const { one, other } = rig;
    assert.equal(await killAtPhase(one, 'there', there()), null);
    await one.rig.virsh('autostart', '--disable', 'web');
    await one.run('done', 'recover', 'web', '-c', one.uri);
    assert.match(await other.rig.virsh('dominfo', 'web'), /Autostart: +disable/u);
    await back();
    await one.rig.virsh('autostart', 'web');
  });

  it('is defined again with its snapshots, where it was started in the moment before it is forgotten', async () => {
    const { one } = rig;
    const { daemon } = one.rig;
    const virsh = (...words: readonly string[]): Promise<string> => one.rig.virsh(...words);
    const uuid = await virsh('domuuid', 'web');
    const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
    const hypervisor = await libvirtHypervisor(silentLog, daemon.env)(daemon.uri, new AbortController().signal);
    const known = await (await hypervisor.vmCopies()).readDocuments(uuid);
    const call: typeof connection.call = async (procedure, ...rest) => {
      await (procedure === 'domainUndefineFlags' && virsh('start', 'web'));
      return connection.call(procedure, ...rest);
    };
    const started = new Proxy(connection, {
      get: (of, name): unknown => (name === 'call' ? call : Reflect.get(of, name)),
    });
    const place = { connection: started, capabilities: hypervisor.capabilities };
    await assert.rejects(letGo(place, uuid, known), { kind: 'refused' });
    await virsh('destroy', 'web');
    assert.match(await virsh('dominfo', 'web'), /Autostart: +enable/u);
    assert.deepEqual(await (await hypervisor.vmCopies()).readDocuments(uuid), known);
    connection.close();
    hypervisor.close();
  });

  it('is not moved away from an image that no VM names and that rests on its disk', async () => {
    const { one } = rig;
    const image = `${images}/of-nobody.qcow2`;
    const base = `${images}/web.qcow2`;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, image);
    assert.match(await one.run('refused', ...there()), /of-nobody/u);
    assert.ok(readFileSync(one.at(base)).length > 0);
    rmSync(one.at(image));
  });
});
