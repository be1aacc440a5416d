// `virt-rewind move`: a VM that is off goes to another host, with all that it is made of.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, watch as watchFolder, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsOf } from '../answerFaults.js';
import { contentFile } from './copiesRig.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import { images, type MoveHost, type MoveRig, startMoveRig } from './moveRig.js';

describe('a VM that is moved to another host', () => {
  let rig: MoveRig;
  before(async () => {
    rig = await startMoveRig();
    await makeVm('web', 'external');
    await makeVm('tags', 'internal');
  });
  after(() => rig.stop());

  async function write({ tool }: MoveHost, file: string, pattern: number): Promise<void> {
    await tool('qemu-io', '-f', 'qcow2', '-c', `write -P ${pattern} ${pattern}M 1M`, file);
  }

  /** With a snapshot of disks, and with RAM, and blocks behind each. */
  async function makeVm(name: string, style: 'internal' | 'external'): Promise<void> {
    const { one } = rig;
    const base = `${images}/${name}.qcow2`;
    await one.tool('qemu-img', 'create', '-q', '-f', 'qcow2', base, '32M');
    await defineDiskVm(one.rig, name, [{ file: base, format: 'qcow2' }]);
    await write(one, base, 1);
    await one.run('done', 'checkpoint', name, 'first', '--kind', 'offline', '--style', style);
    await write(one, await contentFile(one, name), 2);
    await one.run('done', 'start', name);
    await one.run('done', 'checkpoint', name, 'ram', '--kind', 'memory', '--style', style);
    await one.rig.virsh('destroy', name);
    await write(one, await contentFile(one, name), 3);
  }

  /** What each snapshot says, which is current, and all bytes of all files. */
  async function stateOn(host: MoveHost, name: string): Promise<unknown> {
    const snapshots = await snapshotsOn(host, name);
    const files = readdirSync(host.at(images)).filter((file) => file.startsWith(name));
    const sums = await host.tool('sh', '-c', `cd ${images} && sha256sum ${files.sort().join(' ')}`);
    const xml = await Promise.all(
      snapshots.map((one) => host.rig.virsh('snapshot-dumpxml', name, one, '--security-info')),
    );
    return {
      ...{ snapshots, sums, xml },
      current: await host.rig.virsh('snapshot-current', name, '--name'),
      definition: await host.rig.virsh('dumpxml', name, '--inactive'),
    };
  }

  async function move(name: string, from: MoveHost, to: MoveHost): Promise<void> {
    const words = ['move', name, to.uri, '-c', from.uri, '--yes'] as const;
    const answer = await rig.one.json<{ moved: { trashed: string[] } }>(...words);
    assert.deepEqual(faultsOf(answer), []);
  }

  const listed = (host: MoveHost): Promise<string> => host.rig.virsh('list', '--all', '--name');

  for (const name of ['web', 'tags']) {
    it(`is the same there, and gone here: ${name}`, async () => {
      const { one, other } = rig;
      const was = await stateOn(one, name);
      await move(name, one, other);
      assert.deepEqual(await stateOn(other, name), was);
      assert.ok(!(await listed(one)).split('\n').includes(name));
      assert.deepEqual(
        readdirSync(one.at(images)).filter((file) => file.startsWith(name)),
        [],
      );
      const trash = readdirSync(one.at(`${images}/.virt-rewind-trash`));
      assert.ok(
        trash.some((file) => file.startsWith(`${name}.qcow2`)),
        trash.join(' '),
      );
      // Back, and each state is what it was.
      await move(name, other, one);
      assert.deepEqual(await stateOn(one, name), was);
    });
  }

  /** The words of `move`, in a process that others can kill. @returns whether it ended well */
  async function moveKilled(name: string, watch: (child: ChildProcess) => void): Promise<boolean> {
    const { one, other } = rig;
    const words = ['move', name, other.uri, '-c', one.uri, '--yes'];
    const child = spawn(process.execPath, [one.door, ...words], { env: one.env, stdio: 'ignore' });
    writeFileSync(pidFile(), String(child.pid));
    watch(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  }

  const pidFile = (): string => join(rig.one.rig.daemon.dir, 'pid-of-move');

  /** As soon as it has written that this is next. */
  function killAt(phase: string, child: ChildProcess): void {
    const folder = join(rig.one.rig.daemon.dir, 'journal', 'moves');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const look = (): void => {
      for (const id of readdirSync(folder).filter((one) => /^[\da-f]{32}$/u.test(one))) {
        const file = join(folder, id, 'move.json');
        const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
        if (text.includes(`"phase":"${phase}"`)) {
          child.kill('SIGKILL');
        }
      }
    };
    const watching = watchFolder(folder, { recursive: true }, look);
    child.once('close', () => watching.close());
  }

  const kill = (): string => `kill -9 $(cat '${pidFile()}')`;

  /** Where it is, and nothing of the move is left on either host. */
  async function recovered(name: string): Promise<MoveHost> {
    const { one, other } = rig;
    await one.run('done', 'recover', name, '-c', one.uri);
    const on: MoveHost[] = [];
    for (const host of [one, other]) {
      assert.deepEqual(
        readdirSync(host.at(images)).filter((file) => file.startsWith('.virt-rewind-move')),
        [],
      );
      if ((await listed(host)).split('\n').includes(name)) {
        on.push(host);
      } else {
        assert.deepEqual(
          readdirSync(host.at(images)).filter((file) => file.startsWith(name)),
          [],
        );
      }
    }
    const [at, both] = on;
    assert.ok(at !== undefined && both === undefined, `on ${on.length} hosts`);
    return at;
  }

  for (const [when, program, script] of [
    ['its first folder is made', 'mkdir', () => `case "$*" in *virt-rewind-move*) ${kill()};; esac`],
    ['data come', 'dd', () => `case "$*" in *of=*) ${kill()};; esac`],
    ['checksums are compared', 'sha256sum', () => kill()],
    [
      'the first file gets its name',
      'mv',
      () => `case "$*" in *virt-rewind-move*) /usr/bin/mv "$@"; ${kill()}; exit;; esac`,
    ],
    ['all files have their names', 'rmdir', () => `case "$*" in *virt-rewind-move*) ${kill()};; esac`],
    ['it is defined', 'defining', undefined],
    ['it is forgotten', 'there', undefined],
  ] as const) {
    it(`is on one host, as it was, when the program is killed as ${when}`, async () => {
      const { one, other } = rig;
      const was = await stateOn(one, 'web');
      if (script !== undefined) {
        other.wrap(program, script());
      }
      const isDone = await moveKilled('web', (child) => script === undefined && killAt(program, child));
      other.unwrap(program);
      assert.equal(isDone, false);
      const at = await recovered('web');
      assert.deepEqual(await stateOn(at, 'web'), was);
      if (at === other) {
        await move('web', other, one);
      }
    });
  }
});
