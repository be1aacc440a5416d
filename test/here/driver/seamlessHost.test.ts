// What of a computer stands against keeping RAM while a guest runs on, and how a file of ours comes to QEMU: with
// programs that stand for virsh, and files that stand for the kernel's.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOverWith, mayGuard, seamlessHost } from '../../../src/driver/connection/handOver.js';
import { MonitorError } from '../../../src/driver/run/monitor.js';

describe('what of this computer a seamless snapshot needs', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'virt-rewind-host-'))));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const virsh = async (script: string): Promise<NodeJS.ProcessEnv> => {
    await writeFile(join(folder, 'virsh'), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, 'virsh'), 0o755);
    return { PATH: `${folder}:/usr/bin:/bin` };
  };
  const passes = 'echo "  --pass-fds <string>  file descriptors"';

  it('is a virsh that hands files over, which is asked once where it does', async () => {
    const obstacle = seamlessHost(await virsh(`echo asked >>${folder}/asked; ${passes}`));
    assert.deepEqual([await obstacle([], 0), await obstacle([], 0)], [undefined, undefined]);
    assert.equal(await readFile(join(folder, 'asked'), 'utf8'), 'asked\n');
  });

  for (const [what, script] of [
    ['is older than 8.2', 'echo "  --cmd <string>"'],
    ['does not start', 'exit 1'],
  ] as const) {
    it(`is missing where virsh ${what}, and there once a better one is installed`, async () => {
      const obstacle = seamlessHost(await virsh(script));
      assert.deepEqual(await obstacle([], 0), { kind: 'no', why: 'noVirsh' });
      await virsh(passes);
      assert.equal(await obstacle([], 0), undefined);
    });
  }

  it('is a folder for the RAM that is there', async () => {
    const obstacle = seamlessHost(await virsh(passes));
    const missing = join(folder, 'missing');
    assert.deepEqual(await obstacle([join(missing, 'a.mem')], 0), { kind: 'no', why: 'folder', said: missing });
    await mkdir(missing);
    assert.equal(await obstacle([join(missing, 'a.mem')], 0), undefined);
  });

  for (const [user, setting, mode, expected] of [
    [0, '0', undefined, 'yes'],
    [64055, '1', undefined, 'yes'],
    [64055, undefined, undefined, 'yes'],
    [64055, '0', 0o666, 'byDevice'],
    [64055, '0', 0o600, 'no'],
    [64055, '0', undefined, 'no'],
  ] as const) {
    const device = mode === undefined ? 'no device' : `a device of ${mode.toString(8)}`;
    it(`lets the user ${user} guard memory with the setting ${setting ?? 'absent'} and ${device}: ${expected}`, async () => {
      const files = { setting: join(folder, 'setting'), device: join(folder, 'device') };
      await (setting === undefined ? undefined : writeFile(files.setting, `${setting}\n`));
      if (mode !== undefined) {
        await writeFile(files.device, '');
        await chmod(files.device, mode);
      }
      assert.equal(await mayGuard(user, files), expected);
    });
  }

  describe('to hand a file to QEMU', () => {
    const handedOver = async (script: string, patienceMs?: number, how: 'named' | 'inSet' = 'inSet') => {
      const handOver = handOverWith('qemu:///system', await virsh(script), patienceMs);
      await using file = await open(join(folder, 'ram'), 'w');
      return await handOver('6f1c0c4e-0000-4000-8000-000000000001', file.fd, how);
    };

    it('is a virsh to which the file is left as its third, with words that no shell reads', async () => {
      const set = await handedOver(`printf '%s\\n' "$@" >&3; echo '{"return":{"fdset-id":7,"fd":9}}'`);
      assert.equal(set, 7);
      const words = (await readFile(join(folder, 'ram'), 'utf8')).trim().split('\n');
      assert.deepEqual(words.slice(0, 7), [
        '--connect',
        'qemu:///system',
        'qemu-monitor-command',
        '--domain',
        '6f1c0c4e-0000-4000-8000-000000000001',
        '--pass-fds',
        '3',
      ]);
      assert.match(words.at(-1) ?? '', /"execute":"add-fd"/u);
    });

    it('is the same under a name of ours', async () => {
      assert.equal(await handedOver(`printf '%s\\n' "$@" >&3; echo '{"return":{}}'`, undefined, 'named'), undefined);
      assert.match(await readFile(join(folder, 'ram'), 'utf8'), /"getfd","arguments":\{"fdname"/u);
    });

    for (const [what, script, said, patienceMs] of [
      ['says why it cannot', 'echo "error: no such domain" >&2; exit 1', /no such domain/u],
      ['ends without a word', 'exit 3', /ended with 3/u],
      ['never ends', 'exec sleep 600', /ended with SIGKILL/u, 200],
      ['tells that QEMU refused', `echo '{"error":{"class":"GenericError","desc":"denied"}}'`, /add-fd: denied/u],
      ['tells what is not understood', `echo '{"return":{"fdset-id":"seven"}}'`, /not understood/u],
      ['tells nonsense', 'echo nonsense', /add-fd: SyntaxError/u],
    ] as const) {
      it(`fails where virsh ${what}`, async () => {
        await assert.rejects(
          handedOver(script, patienceMs),
          (error) => error instanceof MonitorError && said.test(error.message),
        );
      });
    }
  });
});
