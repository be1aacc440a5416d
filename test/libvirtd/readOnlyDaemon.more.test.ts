// A daemon that somebody keeps as read-only stays so by any URI and for any caller: each way by which the command line
// changes something is refused, and nothing is other than before.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSettings, settingKeys } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { silentLog } from '../silentLog.js';
import { type CopiesHost, startCopiesHost } from './copiesRig.js';

describe('a daemon that is kept as read-only', () => {
  let host: CopiesHost;
  let other: CopiesHost;
  let dir: string;

  /** Others of the same daemon. */
  const spellings: Readonly<Record<string, (uri: string) => string>> = {
    'its own URI': (uri) => uri,
    'a URI without the transport': (uri) => uri.replace('qemu+unix', 'qemu'),
    'a URI with a mode': (uri) => `${uri}&mode=legacy`,
    'a URI with a parameter of another transport': (uri) => `${uri}&no_tty=1`,
    'a URI with a transport in other case': (uri) => uri.replace('+unix', '+UNIX'),
    'a URI with one slash': (uri) => uri.replace(':///', ':/'),
    'a URI that leaves the choice to the daemon': (uri) => uri.replace(/^qemu/u, 'remote'),
    "root's other name of it": (uri) => uri.replace('/system', '/session'),
  };
  const another = (uri: string): string => uri.replace('qemu+unix', 'qemu');

  async function settings(at: CopiesHost, connections: readonly unknown[], more: object = {}): Promise<void> {
    const values: Readonly<Record<string, unknown>> = { [settingKeys.connections]: connections, ...more };
    const state = at.env['VIRT_REWIND_STATE'] ?? '';
    await new SharedSettings(state, silentLog).write(parseSettings((key) => values[key]));
  }

  const kept = (): unknown => ({ uri: host.rig.uri, name: 'prod', readOnly: true });
  const open = (at = host): Promise<void> => settings(at, [host.rig.uri]);
  const close = (at = host): Promise<void> => settings(at, [kept()]);

  /** What another client sees of it. */
  async function seen(): Promise<readonly string[]> {
    const vms = (await host.rig.virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();
    const each = await Promise.all(
      vms.map(
        async (vm) =>
          `${vm} ${await host.rig.virsh('domstate', vm)} ${await host.rig.virsh('snapshot-list', vm, '--name')}`,
      ),
    );
    return [...each, ...readdirSync(join(dir, 'images')).sort()];
  }

  async function refuses(...words: readonly string[]): Promise<void> {
    const before = await seen();
    await host.run('refused', ...words);
    assert.deepEqual(await seen(), before);
  }

  before(async () => {
    [host, other] = [await startCopiesHost(), await startCopiesHost()];
    ({ dir } = host.rig.daemon);
    mkdirSync(join(dir, 'images'));
    for (const name of ['one', 'two']) {
      await host.rig.guest({ name });
      await host.run('done', 'checkpoint', name, 'base');
      await host.run('done', 'checkpoint', name, 'later');
    }
    await host.run('done', 'system', 'create', 'pair', 'one', 'two');
    await host.run('done', 'system', 'checkpoint', 'pair', 'both');
  });
  beforeEach(() => close());
  after(async () => {
    await host.rig.stop();
    await other.rig.stop();
  });

  for (const [what, spelling] of Object.entries(spellings)) {
    it(`is not changed at ${what}`, async () => {
      const at = ['-c', spelling(host.rig.uri)];
      await refuses(...at, 'checkpoint', 'one', `one ${what}`);
      await refuses(...at, 'system', 'checkpoint', 'pair', `both ${what}`);
    });
  }

  it('is not changed at its name', () => refuses('-c', 'prod', 'checkpoint', 'one', 'no'));

  it('is not changed as a system', async () => {
    const at = ['-c', another(host.rig.uri)];
    await refuses(...at, 'system', 'start', 'pair');
    await refuses(...at, 'system', 'revert', 'pair', 'both', '--yes');
    await refuses(...at, 'system', 'delete', 'pair', 'both', '--yes');
    await refuses('-c', other.rig.uri, 'system', 'start', 'pair');
    await refuses('-c', other.rig.uri, 'system', 'checkpoint', 'pair', 'no');
  });

  it('is not changed at a VM', async () => {
    const at = ['-c', another(host.rig.uri)];
    await refuses(...at, 'start', 'one');
    await refuses(...at, 'revert', 'one', 'base', '--yes');
    await refuses(...at, 'delete', 'one', 'base', '--yes');
    await refuses(...at, 'clone', 'one', '--name', 'copy');
  });

  it('gets no clone of a bisect', async () => {
    const words = ['-c', another(host.rig.uri), 'bisect', 'one'];
    const ends = ['--good', 'base', '--bad', 'between', '--off', '--run', '--', 'false'];
    await host.rig.virsh('snapshot-create-as', 'one', 'between');
    const before = await seen();
    await assert.rejects(host.run('done', ...words, ...ends));
    assert.deepEqual(await seen(), before);
    await host.run('done', ...words, '--stop');
    await open();
    await host.run('done', ...words, ...ends);
    await host.run('done', ...words, '--stop');
  });

  it('gets no VM of a lab', async () => {
    const file = join(dir, 'virt-rewind.yaml');
    const clone = '{ of: one, point: base, full: true, network: unplugged }';
    writeFileSync(file, `version: 1\nname: shop\nvms:\n  db:\n    clone: ${clone}\n`);
    const words = ['-c', another(host.rig.uri), 'lab', 'create', '--file', file, '--yes'];
    await refuses(...words);
    await open();
    await host.run('done', ...words);
  });

  it('gets no file of a replica, and no VM of it', async () => {
    const folder = join(dir, 'replicas');
    await other.rig.guest({ name: 'far' });
    await close(other);
    await other.run('refused', 'replicate', 'far', '--to-host', another(host.rig.uri), '--folder', folder);
    assert.equal(existsSync(folder), false);
    await open(other);
    await other.run('done', 'replicate', 'far', '--to-host', another(host.rig.uri), '--folder', folder);
    await refuses('-c', another(host.rig.uri), 'restore', join(folder, 'far'), '--folder', join(dir, 'images'));
  });
});
