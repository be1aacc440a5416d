// A real Debian cloud image, fetched from a web server that breaks off, becomes a VM that cloud-init has configured:
// told as ready then, and logged in to over ssh with our key and no question.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { debianCloudImage } from '../../scripts/guest/cloudImage.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { loginArguments } from '../../src/wings/guest/make/untilReady.js';
import { faultsOf } from '../answerFaults.js';
import { WebServer } from '../webServer.js';
import type { Daemon } from './engineRig.js';

interface Answer {
  readonly created: { readonly vm: { readonly uuid: string }; readonly ready: string; readonly partly: boolean };
}

const isRoot = process.getuid?.() === 0;
if (!isRoot) {
  process.stdout.write('      skipped: only root can make a Debian by debootstrap\n');
}

(isRoot ? describe : describe.skip)('a new VM of a real cloud image', () => {
  let daemon: Daemon;
  let web: WebServer;
  let environment: NodeJS.ProcessEnv;
  let program: string;
  const at = (...names: readonly string[]): string => join(daemon.dir, ...names);
  const cli = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { env: environment });
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };

  before(async () => {
    daemon = await startPrivateDaemon();
    web = new WebServer();
    await web.start();
    await mkdir(at('state'), { mode: 0o700 });
    const bytes = await readFile(await debianCloudImage());
    web.files.set('debian.qcow2', { bytes, breaksAfter: Math.ceil(bytes.length / 3) });
    const sum = createHash('sha256').update(bytes).digest('hex');
    web.files.set('SHA256SUMS', { bytes: Buffer.from(`${sum} *debian.qcow2\n`) });
    const catalogue = { mine: { address: web.at('debian.qcow2'), sums: web.at('SHA256SUMS') } };
    await writeFile(at('state', 'images.json'), JSON.stringify(catalogue));
    environment = {
      ...daemon.env,
      ...{ VIRT_REWIND_STATE: at('state'), VIRT_REWIND_LABS: at('labs'), LIBVIRT_DEFAULT_URI: daemon.uri, LC_ALL: 'C' },
    };
    program = await buildDoor('commandLine', at('program'));
  });
  after(async () => {
    await web.stop();
    await daemon.stop();
  });

  it('is fetched, created, configured and logged in to', async () => {
    const options = ['--network', 'user', '--memory', '768M', '--disk', '4G', '--cpus', '2', '--user', 'ann'];
    const answer = JSON.parse(await cli('new', 'mine', 'web', ...options, '--json')) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    assert.deepEqual([answer.created.ready, answer.created.partly], ['agent', false]);
    assert.ok(web.asked.filter((one) => one.startsWith('debian.qcow2')).length >= 3);

    const { uuid } = answer.created.vm;
    const port = await freePort();
    const forward = `hostfwd_add tcp:127.0.0.1:${String(port)}-:22`;
    const { code, stderr } = await daemon.virsh(['qemu-monitor-command', 'web', '--hmp', forward]);
    assert.equal(code, 0, stderr);
    const words = [...loginArguments(at('state'), uuid), '-o', 'BatchMode=yes', '-p', String(port), '-l', 'ann'];
    const inGuest =
      'id -un; sudo -n id -un; cat /etc/hostname; df -B1M --output=size / | tail -1; cat /proc/sys/kernel/random/boot_id';
    const said = await runProgram('ssh', [...words, '127.0.0.1', inGuest], { env: environment });
    assert.equal(said.code, 0, said.stderr);
    const [user, root, host, size] = said.stdout.split('\n').map((line) => line.trim());
    assert.deepEqual([user, root, host], ['ann', 'root', 'web']);
    assert.ok(Number(size) > 3_000, said.stdout);
    // A host with another key is refused.
    await writeFile(at('state', 'ssh', 'known_hosts'), `${uuid} ssh-ed25519 ${Buffer.alloc(51).toString('base64')}\n`);
    assert.equal((await runProgram('ssh', [...words, '127.0.0.1', 'true'], { env: environment })).code, 255);

    await cli('new', 'web', '--remove', '--yes');
    assert.deepEqual(await readdir(at('state', 'new-vms', 'labs')), []);
    await cli('images', 'remove', 'mine');
    assert.deepEqual(await readdir(at('labs', 'virt-rewind-lab-images')), []);
  });

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
});
