// A VM of a lab that is a clone of a restore point of another VM: made, reset, checked and thrown away; that other VM
// stays as it is.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import { readLab } from '../../src/lab/readLab.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

const lab = (point: string, more = ''): string => `version: 1
name: copy
vms:
  web:
    clone: { of: source, point: ${point}${more} }
    wait: { agent: true }
points:
  - title: ready
    run:
      - { vm: web, command: [counter, set, "7"] }
`;

describe('a lab with a clone', () => {
  let rig: LiveRig;
  let source: Guest;
  let program: string;
  let environment: NodeJS.ProcessEnv;
  let file: string;

  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const all = [program, ...words, ...(words[0] === 'lab' ? ['--file', file] : [])];
    const { code, stdout, stderr } = await runProgram(process.execPath, all, { env: environment });
    assert.equal(code, exitCode(exit), `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
  };
  const vms = async (): Promise<readonly string[]> =>
    (await rig.virsh('list', '--all', '--name')).split('\n').filter(Boolean).sort();

  before(async () => {
    rig = await startLiveRig();
    const state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: state,
      VIRT_REWIND_LABS: join(rig.daemon.dir, 'labs'),
      LIBVIRT_DEFAULT_URI: rig.uri,
      LC_ALL: 'C',
    };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    file = join(rig.daemon.dir, 'virt-rewind.yaml');
    source = await rig.guest({ name: 'source' });
    await cli('done', 'checkpoint', 'source', 'clean', '--style', 'external');
  });
  after(() => rig.stop());

  it('is refused where there is no such VM or restore point, before anything is made', async () => {
    await writeFile(file, lab('nothing'));
    await cli('notFound', 'lab', 'create');
    await writeFile(file, lab('clean').replace('source', 'nobody'));
    await cli('notFound', 'lab', 'create');
    assert.deepEqual(await vms(), ['source']);
  });

  it('makes it, resets it, and removes it with its files; the VM that it is made of stays', async () => {
    await writeFile(file, lab('clean'));
    await cli('done', 'lab', 'create');
    assert.deepEqual(await vms(), ['copy-web', 'source']);
    assert.equal(await source.state(), 'shut off');
    assert.match(await rig.virsh('dumpxml', 'copy-web'), new RegExp(await rig.virsh('domuuid', 'source'), 'u'));
    const counted = async (...words: readonly string[]): Promise<string> =>
      (await cli('done', 'run', 'copy-web', '--', 'counter', ...words)).trim();
    assert.match(await counted(), /memory 7 /u);
    await counted('set', '9');
    await cli('done', 'lab', 'reset', '--yes');
    assert.match(await counted(), /memory 7 /u);
    await cli('done', 'lab', 'check');
    await cli('done', 'lab', 'create');

    // Its export says what its file does, and tells a clone that is a copy.
    await cli('done', 'clone', 'source', '--from', 'clean', '--full', '--name', 'whole');
    const own = file;
    file = join(rig.daemon.dir, 'again.yaml');
    await cli('done', 'lab', 'export', '--system', 'copy', 'whole');
    const again = readLab(await readFile(file, 'utf8')).lab;
    const { lab: made } = readLab(lab('clean'));
    assert.deepEqual({ ...again, vms: again?.vms.slice(0, 1) }, made);
    const [first] = made?.vms ?? [];
    assert.deepEqual(again?.vms[1]?.source, { ...first?.source, way: 'full' });
    await rm(file);
    file = own;
    await cli('done', 'discard', 'whole', '--yes');

    // What it stands on is not deleted below it.
    await cli('refused', 'delete', 'source', 'clean', '--yes');
    await writeFile(file, lab('clean', ', full: true'));
    assert.match(await cli('wrong', 'lab', 'check'), /created in another way/u);

    await cli('done', 'lab', 'destroy', '--yes');
    assert.deepEqual(await vms(), ['source']);
    await cli('done', 'delete', 'source', 'clean', '--yes');
    await cli('done', 'lab', 'destroy', '--yes');
  });
});
