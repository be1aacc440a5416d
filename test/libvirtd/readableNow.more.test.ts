// Whether the disks of a VM can be read now, and hold what they held: copies and readers say the same as a clone does,
// and health the same as the doctor.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { contentFile, type CopiesHost, startCopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

interface Told {
  readonly error?: { readonly kind: string; readonly reason?: string };
}
interface Problems {
  readonly problems: readonly { readonly kind: string; readonly severity: string }[];
}

describe('disks that are to be read', () => {
  let [here, there]: CopiesHost[] = [];
  let dir: string;
  let repository: string;

  before(async () => {
    [here, there] = [await startCopiesHost(), await startCopiesHost()];
    ({ dir } = here.rig.daemon);
    repository = join(dir, 'repository');
    await makeVm('first');
    await here.run('done', 'backup', 'first', '--to', repository, '--create');
  });
  after(async () => {
    await here?.rig.stop();
    await there?.rig.stop();
  });

  /** Off, with the external snapshot `one`. */
  async function makeVm(name: string): Promise<string> {
    const image = join(dir, `${name}.qcow2`);
    await runTool('qemu-img', 'create', '-q', '-f', 'qcow2', image, '16M');
    await defineDiskVm(here!.rig, name, [{ file: image, format: 'qcow2' }]);
    await writePattern(image, 1, '0');
    await here!.run('done', 'checkpoint', name, 'one', '--style', 'external');
    return image;
  }

  /** With a write that is in no file yet. */
  async function heldByProgram(file: string, work: () => Promise<void>): Promise<void> {
    const program = spawn('qemu-io', ['-f', 'qcow2', file]);
    let said = '';
    program.stdin.write('write -P 7 1M 64k\n');
    for await (const chunk of program.stdout) {
      said += String(chunk);
      if (said.includes('wrote')) {
        break;
      }
    }
    try {
      await work();
    } finally {
      program.kill();
      await once(program, 'exit');
    }
  }

  /** All that copy or read the current state of a VM that is off. */
  const copies = (name: string): readonly (readonly string[])[] => [
    ['clone', name, '--full', '--name', `copy-of-${name}`],
    ['backup', name, '--to', repository],
    ['export', name, '--to', join(dir, 'out')],
    ['replicate', name, '--to-host', there!.rig.uri, '--folder', join(there!.rig.daemon.dir, 'replicas')],
    ['files', name, 'ls', '/'],
  ];

  /** The reason of a refusal; else how the command ended. */
  async function reasonOf(words: readonly string[]): Promise<string> {
    const { error } = JSON.parse(await answered(words)) as Told;
    return error === undefined ? 'done' : (error.reason ?? error.kind);
  }

  async function requireRefused(name: string, reason: string): Promise<void> {
    const found = await copies(name).reduce<Promise<readonly string[]>>(
      async (sum, words) => [...(await sum), `${words[0] ?? ''}: ${await reasonOf(words)}`],
      Promise.resolve([]),
    );
    assert.deepEqual(
      found,
      copies(name).map(([word = '']) => `${word}: ${reason}`),
    );
    assert.deepEqual(existsSync(join(dir, 'out')) ? readdirSync(join(dir, 'out')) : [], []);
  }

  /** What both find, but notes: once each. */
  async function requireAgreed(name: string): Promise<readonly string[]> {
    const wrong = ({ problems }: Problems): readonly string[] => [
      ...new Set(problems.flatMap(({ kind, severity }) => (severity === 'note' ? [] : [kind]))),
    ];
    const read = async <T>(...words: readonly string[]): Promise<T> => JSON.parse(await answered(words)) as T;
    const doctor = wrong(await read<Problems>('doctor', name));
    const {
      vms: [health],
    } = await read<{ vms: readonly [Problems] }>('health', name);
    assert.deepEqual(wrong(health), doctor);
    return doctor;
  }

  /** Whatever it ends with. */
  const answered = (words: readonly string[]): Promise<string> =>
    here!.run('done', ...words, '--json').catch((error: unknown) => {
      const [, answer] = /ended with \d+: (\{.*\})/su.exec(String(error)) ?? [];
      if (answer === undefined) {
        throw error;
      }
      return answer;
    });

  it('are not while a program writes to them', async () => {
    await makeVm('held');
    await heldByProgram(await contentFile(here!, 'held'), async () => {
      assert.deepEqual(await requireAgreed('held'), ['runsUnseen']);
      await requireRefused('held', 'runsUnseen');
    });
    await here!.run('done', 'backup', 'held', '--to', repository);
  });

  it('are not while another VM runs on them', async () => {
    await makeVm('owner');
    await defineDiskVm(here!.rig, 'guest', [{ file: await contentFile(here!, 'owner'), format: 'qcow2' }]);
    await here!.run('done', 'backup', 'owner', '--to', repository);
    await here!.rig.virsh('start', 'guest');
    assert.deepEqual(await requireAgreed('owner'), ['writtenByOtherVm']);
    await requireRefused('owner', 'writtenByOther');
    await here!.rig.virsh('destroy', 'guest');
  });

  it('are told as damaged where QEMU marked them so', async () => {
    const image = await makeVm('damaged');
    await here!.rig.virsh('snapshot-delete', 'damaged', 'one', '--metadata');
    await here!.rig.virsh('detach-disk', 'damaged', 'vda', '--config');
    await here!.rig.virsh('attach-disk', 'damaged', image, 'vda', '--config', '--subdriver', 'qcow2');
    const file = await open(image, 'r+');
    await file.write(Buffer.from([2]), 0, 1, 79);
    await file.close();
    assert.ok((await requireAgreed('damaged')).includes('corruptImage'));
    assert.match(await here!.run('refused', 'backup', 'damaged', '--to', repository), /marked .* as damaged/u);
    const { plan } = JSON.parse(await answered(['clone', 'damaged', '--full', '--plan'])) as {
      plan: { warnings: readonly { kind: string }[] };
    };
    assert.ok(plan.warnings.some(({ kind }) => kind === 'imageDamaged'));
    assert.equal(await reasonOf(['clone', 'damaged']), 'layerBroken');
    await here!.run('done', 'clone', 'damaged', '--full', '--name', 'salvaged');
    await truncate(image);
    assert.equal(await reasonOf(['clone', 'damaged', '--full']), 'layerBroken');
    assert.equal(await reasonOf(['files', 'damaged', 'ls', '/']), 'layerBroken');
  });

  it('are not while another VM writes into a layer that a snapshot froze', async () => {
    const image = await makeVm('origin');
    await defineDiskVm(here!.rig, 'thief', [{ file: image, format: 'qcow2' }]);
    await here!.rig.virsh('start', 'thief');
    assert.deepEqual(await requireAgreed('origin'), ['frozenFileShared']);
    await requireRefused('origin', 'writtenByOther');
    assert.equal(await reasonOf(['clone', 'origin', '--from', 'one']), 'writtenByOther');
    await here!.rig.virsh('destroy', 'thief');
    // Its writes are over.
    const { backup } = await here!.json<{ backup: { altered: readonly string[] } }>(
      'backup',
      'origin',
      '--to',
      repository,
    );
    assert.deepEqual(backup.altered, []);
  });

  it('are told as changed where the VM writes into what its snapshot froze', async () => {
    const image = await makeVm('below');
    await here!.rig.virsh('detach-disk', 'below', 'vda', '--config');
    await here!.rig.virsh('attach-disk', 'below', image, 'vda', '--config', '--subdriver', 'qcow2');
    await writePattern(image, 9, '0');
    assert.ok((await requireAgreed('below')).includes('onFrozenFiles'));
    assert.equal(await reasonOf(['clone', 'below', '--from', 'one', '--full']), 'frozenFileInUse');
    const { backup } = await here!.json<{ backup: { altered: readonly string[] } }>(
      'backup',
      'below',
      '--to',
      repository,
    );
    assert.deepEqual(backup.altered, ['one']);
  });

  it('are told as changed where somebody wrote into a frozen layer', async () => {
    const image = await makeVm('scribbled');
    await writePattern(image, 9, '0');
    assert.deepEqual(await requireAgreed('scribbled'), ['contentChanged']);
    assert.equal(await reasonOf(['clone', 'scribbled', '--from', 'one', '--full']), 'contentChanged');
    const { backup } = await here!.json<{ backup: { altered: readonly string[] } }>(
      'backup',
      'scribbled',
      '--to',
      repository,
    );
    assert.deepEqual(backup.altered, ['one']);
  });
});
