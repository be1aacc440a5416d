// Commands for copies of VMs, each ended by SIGKILL at each of its steps, as a power cut ends it. Then nothing of it is
// seen that is not whole, and the same command run again ends well with the same bytes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Manifest, readManifest } from '../../src/transfer/manifest.js';
import { contentFile, type CopiesHost, type ListedBackup, runRestic, startCopiesHost } from './copiesRig.js';
import { snapshotsOn } from './copiesTree.js';
import { defineDiskVm } from './diskVm.js';
import { areGone, killAtEach, type KilledCommand } from './faults/killedCommand.js';
import { runTool } from './insideImages.js';

const name = 'web';
/** Others are compared with backups of it, so this one is written to. */
const written = 'written';

async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

describe('copies whose program is killed', () => {
  let [here, there]: CopiesHost[] = [];
  let dir: string;
  /** With one backup of the VM as it is, and one of before. */
  let template: string;
  let repository: string;
  let backup: string;

  before(async () => {
    [here, there] = [
      await startCopiesHost((own) => ({ SYSTEMD_UNIT_PATH: `${join(own, 'units')}:` })),
      await startCopiesHost(),
    ];
    ({ dir } = here.rig.daemon);
    [template, repository] = [join(dir, 'template'), join(dir, 'repository')];
    writeFileSync(join(there.rig.daemon.dir, 'key'), readFileSync(join(dir, 'key')), { mode: 0o600 });
    await makeVm(name);
    await here.run('done', 'checkpoint', name, 'first', '--style', 'external');
    await here.run('done', 'backup', name, '--to', template, '--create');
    await change(name);
    const made = await here.json<{ backup: ListedBackup }>('backup', name, '--to', template);
    backup = made.backup.id;
    await makeVm(written);
    await here.run('done', 'checkpoint', written, 'first', '--style', 'external');
    await makeVm('live');
    await freshRepository();
  });
  after(async () => {
    await here?.rig.stop();
    await there?.rig.stop();
  });

  async function makeVm(vm: string): Promise<void> {
    const image = join(dir, `${vm}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await defineDiskVm(here!.rig, vm, [{ file: image, format: 'qcow2' }]);
    await change(vm);
  }

  async function change(vm: string): Promise<void> {
    const random = join(dir, 'random');
    await runTool('sh', '-c', `head -c 2M /dev/urandom > '${random}'`);
    await runTool('qemu-io', '-f', 'qcow2', '-c', `write -s ${random} 1M 2M`, await contentFile(here!, vm));
  }

  /** What each snapshot and the current state hold. */
  async function contentsOf(host: CopiesHost, vm: string): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const snapshot of [...(await snapshotsOn(host, vm)), undefined]) {
      const raw = join(host.rig.daemon.dir, 'raw');
      await runTool('qemu-img', 'convert', '-O', 'raw', await contentFile(host, vm, snapshot), raw);
      found.set(snapshot ?? '', await sumOf(raw));
    }
    return found;
  }

  async function freshRepository(): Promise<void> {
    rmSync(repository, { recursive: true, force: true });
    await cp(template, repository, { recursive: true });
    // What a restore that was killed has locked is the other one.
    await rm(join(repository, 'locks'), { recursive: true, force: true });
    mkdirSync(join(repository, 'locks'));
  }

  async function list(): Promise<readonly ListedBackup[]> {
    return (await here!.json<{ backups: readonly ListedBackup[] }>('backups', '--from', repository)).backups;
  }

  /** No manifest with its passwords is left on the disk. */
  function requireTidy(): void {
    assert.deepEqual(readdirSync(join(dir, 'journal', 'copying')), []);
  }

  /** All that is listed is whole, and nobody has to know of locks. */
  async function requireSoundRepository(): Promise<void> {
    await runRestic(here!, repository, ['check', '--no-lock']);
  }

  /** As the VM has them, which is as it was backed up. */
  async function requireStored(id: string): Promise<void> {
    const to = join(dir, 'stored');
    rmSync(to, { recursive: true, force: true });
    await runRestic(here!, repository, [
      'restore',
      '--no-lock',
      'latest',
      `--tag=virt-rewind,backup:${id}`,
      '--target',
      to,
    ]);
    const text = readFileSync(join(to, 'virt-rewind-backup.json'), 'utf8');
    const { files } = readManifest(text) as Manifest;
    assert.ok(files.length >= 2);
    for (const stored of files.flatMap((file) => file.stored ?? [])) {
      assert.equal(await sumOf(join(to, stored)), await sumOf(stored), stored);
    }
  }

  async function requireKilled(command: KilledCommand, atLeast: number): Promise<void> {
    const { steps, wrong } = await killAtEach(command);
    if (process.env['SHOW_STEPS'] !== undefined) {
      process.stdout.write(`${[...steps, ...wrong].join('\n')}\n`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(steps.length >= atLeast, steps.join('\n'));
  }

  for (const who of ['all', 'alone'] as const) {
    describe(who === 'all' ? 'with all that it started' : 'while what it started goes on', () => {
      const ofRunning = ['live', '--checkpoint', '--kind', 'disk'] as const;
      for (const [vm, ...words] of who === 'all' ? ([[written], ofRunning] as const) : ([[written]] as const)) {
        it(`are backed up again: ${[vm, ...words].join(' ')}`, async () => {
          const backUp = ['backup', vm, '--to', repository, ...words] as const;
          let known: readonly string[] = [];
          if (vm !== written && (await here!.rig.virsh('domstate', vm)) !== 'running') {
            await here!.rig.virsh('start', vm);
          }
          await requireKilled(
            {
              ...{ host: here!, repository, who, words: () => backUp },
              prepare: async () => {
                await freshRepository();
                if (vm === written) {
                  await change(vm);
                }
                known = (await list()).map(({ id }) => id);
              },
              requireSound: async () => {
                await requireSoundRepository();
                for (const { id } of (await list()).filter((one) => !known.includes(one.id))) {
                  await requireStored(id);
                }
              },
              runAgain: async () => {
                const made = await here!.json<{ backup: ListedBackup }>(...backUp);
                await requireStored(made.backup.id);
                await runRestic(here!, repository, ['check', '--read-data']);
                assert.ok((await list()).length - known.length <= 2);
                requireTidy();
              },
            },
            who === 'all' ? 10 : 6,
          );
        });
      }

      if (who === 'alone') {
        return;
      }

      for (const [kind, ...words] of [['whole'], ['as a new VM', '--as', 'again'], ['one', '--snapshot', 'first']]) {
        it(`are restored again: ${kind}`, async () => {
          const [vm, host] = [words.includes('--as') ? 'again' : name, there!];
          const images = join(host.rig.daemon.dir, 'images');
          const expected = await contentsOf(here!, name);
          const restore = ['restore', backup, '--from', template, '--folder', images, ...words] as const;
          const isDefined = async (): Promise<boolean> =>
            (await host.rig.virsh('list', '--all', '--name')).split('\n').includes(vm);
          const mark = join(images, vm, '.virt-rewind-restoring');
          const requireRestored = async (): Promise<void> => {
            const own = await contentsOf(host, vm);
            if (words.includes('--snapshot')) {
              assert.deepEqual([...own], [['', expected.get('first')]]);
            } else {
              assert.deepEqual(own, expected);
            }
            assert.deepEqual(readdirSync(images), [vm]);
            assert.equal(existsSync(mark), false);
          };
          await requireKilled(
            {
              ...{ host, repository: template, who, words: () => restore },
              prepare: async () => {
                if (await isDefined()) {
                  await host.rig.virsh('undefine', vm, '--snapshots-metadata');
                }
                rmSync(images, { recursive: true, force: true });
              },
              requireSound: async () => {
                const folders = existsSync(images) ? readdirSync(images) : [];
                for (const folder of folders) {
                  assert.match(folder, new RegExp(`^${vm}(\\.restoring-\\w+)?$`, 'u'));
                }
                // The mark is there until libvirt has all of it.
                if (!existsSync(mark) && folders.includes(vm)) {
                  await requireRestored();
                } else if (!folders.includes(vm)) {
                  assert.equal(await isDefined(), false);
                }
              },
              runAgain: async () => {
                const isThere = existsSync(join(images, vm)) && !existsSync(mark);
                await host.run(isThere ? 'refused' : 'done', ...restore);
                await requireRestored();
              },
            },
            10,
          );
        });
      }

      it('are exported again', async () => {
        const out = join(dir, 'out');
        const words = ['export', name, '--to', out] as const;
        const folder = join(out, name);
        await requireKilled(
          {
            ...{ host: here!, repository: template, who, words: () => words },
            prepare: () => rm(out, { recursive: true, force: true }),
            requireSound: async () => {
              if (existsSync(folder)) {
                await requirePlain(folder);
              }
            },
            runAgain: async () => {
              await here!.run(existsSync(folder) ? 'refused' : 'done', ...words);
              await requirePlain(folder);
              assert.deepEqual(readdirSync(out), [name]);
            },
          },
          8,
        );
      });

      it('are replicated again', async () => {
        const replicas = join(there!.rig.daemon.dir, 'replicas');
        const words = ['replicate', written, '--to-host', there!.rig.uri, '--folder', replicas] as const;
        const folder = join(replicas, written);
        rmSync(replicas, { recursive: true, force: true });
        await here!.run('done', ...words);
        await requireKilled(
          {
            ...{ host: here!, repository: template, who, words: () => words },
            prepare: () => change(written),
            requireSound: () => requireWhole(folder),
            runAgain: async () => {
              await here!.run('done', ...words);
              await requirePlain(folder);
              const { files } = manifestIn(folder);
              const places = files.flatMap(({ stored, place = '' }) => (stored === undefined ? [] : [place]));
              assert.deepEqual(readdirSync(join(folder, 'disks')).sort(), [...new Set(places)].sort());
              assert.deepEqual(readdirSync(replicas), [written]);
              requireTidy();
            },
          },
          8,
        );
      });

      it('are checked again', async () => {
        const folder = join(there!.rig.daemon.dir, 'checked');
        const from = ['--from', repository, '--boot', '--folder', folder, '--seconds', '1'] as const;
        const words = ['backups', 'check', backup, ...from] as const;
        await requireKilled(
          {
            ...{ host: there!, repository, who, words: () => words },
            prepare: async () => {
              await freshRepository();
              rmSync(folder, { recursive: true, force: true });
            },
            requireSound: async () => {
              await requireSoundRepository();
              assert.equal(await there!.rig.virsh('list', '--name'), '');
            },
            runAgain: async () => {
              await there!.run('done', ...words);
              assert.deepEqual(readdirSync(folder), []);
              assert.doesNotMatch(await there!.rig.virsh('list', '--all', '--name'), /-check-/u);
              // Only who must be alone there minds the lock of a reader, and removes it.
              await requireSoundRepository();
            },
          },
          10,
        );
      });

      it('are pruned again', async () => {
        const words = ['backups', 'prune', '--from', repository, '--keep-last', '1', '--free', '--yes'] as const;
        await requireKilled(
          {
            ...{ host: here!, repository, who, words: () => words },
            prepare: freshRepository,
            requireSound: async () => {
              await requireSoundRepository();
              await requireStored(backup);
            },
            runAgain: async () => {
              await here!.run('done', ...words);
              assert.deepEqual(
                (await list()).map(({ id }) => id),
                [backup],
              );
              await requireStored(backup);
              await runRestic(here!, repository, ['check', '--read-data']);
            },
          },
          8,
        );
      });

      it('are scheduled again', async () => {
        // No systemd runs on the machines of the tests.
        writeFileSync(join(here!.programs, 'systemctl'), '#!/bin/sh\n', { mode: 0o755 });
        await freshRepository();
        await here!.run('done', 'schedule', name, '--to', repository, '--every', 'day', '--keep-last', '2');
        const words = ['schedule', '--run', 'web-day'] as const;
        const requireState = async (state: string): Promise<void> => {
          const { schedules } = await here!.json<{ schedules: readonly { readonly state: string }[] }>('schedule');
          assert.deepEqual(
            schedules.map((one) => one.state),
            [state],
          );
        };
        await requireKilled(
          {
            ...{ host: here!, repository, who, words: () => words },
            // All of each command are in the other tests. Before its record is there, a run has not begun.
            only: /^schedule: (?!rename 1)|: restic \w+ 1 (?:has written locks|has removed snapshots)/u,
            prepare: freshRepository,
            requireSound: async () => {
              await requireSoundRepository();
              await requireState('interrupted');
            },
            runAgain: async () => {
              await here!.run('done', ...words);
              await requireState('done');
              const backups = await list();
              assert.equal(backups.length, 2);
              await requireStored(backups[1]!.id);
              await runRestic(here!, repository, ['check']);
              assert.deepEqual(readdirSync(join(repository, 'locks')), []);
              requireTidy();
            },
          },
          8,
        );
      });
    });
  }

  it('end their restic, whose lock the next one removes', async () => {
    const { host, images, pids } = { host: there!, images: join(dir, 'slow'), pids: join(dir, 'pids') };
    const script = `echo "$PPID $$" >'${pids}'; set -- --limit-download=100 "$@"`;
    host.wrap('restic', `case "$*" in *--target*) ${script};; esac`);
    const words = ['restore', backup, '--from', template, '--folder', images, '--as', 'slow'] as const;
    const killed = assert.rejects(host.run('done', ...words));
    const restored = (): readonly string[] =>
      (existsSync(images) ? readdirSync(images, { recursive: true, withFileTypes: true }) : [])
        .filter((one) => one.isFile() && one.parentPath.includes('/backup/'))
        .map((one) => join(one.parentPath, one.name));
    // The files are there before restic is, empty.
    while (restored().length === 0 || !existsSync(pids) || readFileSync(pids, 'utf8') === '') {
      await delay(20);
    }
    const [program = 0, restic = 0] = readFileSync(pids, 'utf8').split(' ').map(Number);
    process.kill(program, 'SIGKILL');
    await killed;
    await areGone([restic]);
    // All of it would take as long as half a minute.
    const [first, current] = [await contentFile(here!, name, 'first'), await contentFile(here!, name)];
    const wholes = await Promise.all([first, current].map((file) => isWhole(restored(), file)));
    assert.ok(wholes.includes(false));
    host.unwrap('restic');
    await host.run('done', ...words);
    assert.deepEqual(readdirSync(images), ['slow']);
    await host.rig.virsh('undefine', 'slow', '--snapshots-metadata');
    await host.run('done', 'backups', 'prune', '--from', template, '--keep-last', '9', '--free', '--yes');
    assert.deepEqual(readdirSync(join(template, 'locks')), []);
  });

  /** Whether one of the files is a copy of this one. */
  const isWhole = async (files: readonly string[], original: string): Promise<boolean> => {
    const copy = files.find((file) => file.endsWith(`/backup${original}`));
    return copy !== undefined && (await sumOf(copy)) === (await sumOf(original));
  };

  const manifestIn = (folder: string): Manifest =>
    readManifest(readFileSync(join(folder, 'virt-rewind-backup.json'), 'utf8')) as Manifest;

  const requireWhole = (folder: string): Promise<void> =>
    runTool('sh', '-c', `cd '${folder}' && sha256sum --strict --quiet -c SHA256SUMS`).then(() => undefined);

  /** As the VM is. */
  async function requirePlain(folder: string): Promise<void> {
    await requireWhole(folder);
    const { files } = manifestIn(folder);
    assert.ok(files.length >= 2);
    for (const { stored = '', place = '' } of files) {
      assert.equal(await sumOf(join(folder, 'disks', place)), await sumOf(stored), stored);
    }
  }
});
