// A program is killed while a file of a clone is being filled: the next one takes that file away, which has no name yet
// that anybody would find, and leaves everything else.
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk } from '../../scripts/guest/defineVm.mjs';
import { defineDiskVm } from '../../scripts/guest/diskVm.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { isoImage, readIsoImage } from '../../src/qemu/isoImage.js';
import type { Daemon } from './engineRig.js';
import { type DyingTask, inChild } from './faults/dyingChild.js';
import { childVariable, openEditor } from './faults/editor.js';

async function cloneAndDie({ uri, journal, vm, at }: DyingTask): Promise<void> {
  const act = (): Promise<void> => {
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
  const editor = openEditor({ uri, journal, env: process.env, at, act });
  await editor.engine.connect(uri);
  const from = { connection: uri, uuid: vm };
  await makeClone(editor.engine, cloneRequest(editor.engine, from, { name: 'copy', way: 'full' }));
  editor.engine.dispose();
}

const task = process.env[childVariable];
if (task !== undefined) {
  void cloneAndDie(JSON.parse(task) as DyingTask);
} else {
  const disks = ['web.qcow2', 'web-data.qcow2'];

  describe('a clone whose program is killed while it fills a file', () => {
    let daemon: Daemon;
    let folder: string;
    let uuid: string;

    before(async () => {
      daemon = await startPrivateDaemon();
      folder = join(daemon.dir, 'images');
      await mkdir(folder);
      const files = disks.map((name) => join(folder, name));
      await Promise.all(files.map((file) => runOk('qemu-img', ['create', '-q', '-f', 'qcow2', file, '8M'])));
      await defineDiskVm(
        daemon,
        'web',
        files.map((file) => ({ file, format: 'qcow2' })),
      );
      uuid = (await virshOk(daemon.virsh, 'domuuid', 'web')).trim();
    });
    after(() => daemon.stop());

    for (const index of disks.keys()) {
      it(`leaves nothing of it: disk ${index + 1}`, async () => {
        const { uri, env } = daemon;
        const bin = join(daemon.dir, `bin-${index}`);
        await mkdir(bin);
        // It gets no path of what it reads: each disk is one of these calls.
        const calls = join(bin, 'calls');
        const dies = `echo >>${calls}; [ "$(wc -l <${calls})" -le ${index} ] || kill -9 $PPID`;
        const program = `#!/bin/sh\ncase "$1" in convert) ${dies} ;; esac\nPATH=\${PATH#*:} exec qemu-img "$@"\n`;
        await writeFile(join(bin, 'qemu-img'), program);
        await chmod(join(bin, 'qemu-img'), 0o755);
        const journal = join(daemon.dir, `journal-${index}`);
        const before = await readdir(folder);
        const dying = { ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
        const at = { step: -1, moment: 'before' } as const;
        assert.equal(await inChild({ uri, journal, vm: uuid, at }, { ...daemon, env: dying }), 'killed');
        const left = (await readdir(folder)).filter((name) => name.endsWith('.part'));
        assert.equal(left.length, 1);
        // A name of the same kind that is not recorded.
        const own = left[0]!.replace(/-[\da-f]{16}/u, '-0123456789abcdef');
        await writeFile(join(folder, own), 'precious');

        const later = openEditor({ uri, journal, env });
        await later.engine.connect(uri);
        await later.settled();
        assert.deepEqual(
          later.reports.map(({ outcome }) => outcome),
          ['before'],
        );
        const now = await readdir(folder);
        assert.deepEqual(
          now.filter((name) => name.endsWith('.part')),
          [own],
        );
        assert.deepEqual(
          now.filter((name) => name.startsWith('copy')),
          [],
        );
        assert.ok(before.every((name) => now.includes(name)));
        later.engine.dispose();
        await runOk('rm', [join(folder, own)]);
      });
    }

    it('leaves no seed of it, or all of it, wherever it is killed', async () => {
      const { uri, env } = daemon;
      const seed = join(folder, 'web.seed.iso');
      const texts = { 'meta-data': 'instance-id: web\nlocal-hostname: web\n', 'user-data': '#cloud-config\n{}\n' };
      const files = Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
      await writeFile(seed, isoImage('cidata', files));
      const drive = ['--type', 'cdrom', '--targetbus', 'ide', '--mode', 'readonly', '--config'];
      await virshOk(daemon.virsh, 'attach-disk', 'web', seed, 'hda', ...drive);
      const before = (await readdir(folder)).sort();
      const seen = new Set<string>();
      for (let step = 0, end = ''; end !== 'done'; step++) {
        for (const moment of ['before', 'after'] as const) {
          const journal = join(daemon.dir, `journal-seed-${step}-${moment}`);
          end = await inChild({ uri, journal, vm: uuid, at: { step, moment } }, daemon);
          const later = openEditor({ uri, journal, env });
          await later.engine.connect(uri);
          await later.settled();
          // What a recovery has defined comes into the list by an event.
          await later.engine.refresh({ connection: uri });
          const [copy] = later.engine.findVms('copy');
          seen.add(copy === undefined ? 'gone' : 'whole');
          if (copy !== undefined) {
            const found = readIsoImage(await readFile(join(folder, 'copy.seed.iso')), 'cidata') ?? [];
            const metaData = found.find(({ name }) => name === 'meta-data');
            assert.match(
              Buffer.from(metaData?.bytes ?? []).toString(),
              new RegExp(`^instance-id: ${copy.ref.uuid}\n`, 'u'),
            );
            await later.engine.runOperation({ kind: 'discard', vm: copy.ref });
          }
          assert.deepEqual((await readdir(folder)).sort(), before, `step ${step}, ${moment}`);
          later.engine.dispose();
        }
      }
      assert.deepEqual([...seen].sort(), ['gone', 'whole']);
    });
  });
}
