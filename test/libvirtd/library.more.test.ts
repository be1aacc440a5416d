// The npm package in an empty folder, as somebody has it who installs it: its command line, and its library in a test
// of node:test.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPacked } from '../../scripts/build.mjs';
import { packNpm } from '../../scripts/npmPackage.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { connect } from '../readers.js';
import { VirtRewindError } from '../../src/api/virtRewindError.js';
import { OperationLog } from '../../src/journal/operationLog.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

const resetTest = `
import { test, before, beforeEach, after } from 'node:test';
import assert from 'node:assert/strict';
import { connect, VirtRewindError } from 'virt-rewind';
let rewind, vm;
before(async () => (vm = await (rewind = await connect()).find('lib')));
beforeEach(() => vm.revert('clean', { checkpointFirst: false }));
after(() => rewind.close());
test('stands on the snapshot', async () => {
  assert.equal((await vm.snapshots()).find(({ current }) => current).title, 'clean');
  assert.equal((await vm.info()).state, 'running');
});
test('says what is not there', () => assert.rejects(vm.revert('nope'), (error) =>
  error instanceof VirtRewindError && error.kind === 'notFound'));
`;
const labFile = `version: 1
name: pair
vms:
  one: { existing: lib }
points:
  - title: with goods
`;
/** The test from docs/library.md, and what follows a reset. */
const labTest = `
import test from 'node:test';
import assert from 'node:assert/strict';
${shownWith('rewind.lab(')}
test('stands on the restore point', async () => {
  assert.deepEqual(await lab.check(), []);
  const [vm] = await rewind.list();
  assert.equal(vm.state, 'running');
  assert.equal((await (await rewind.find('lib')).snapshots()).find(({ current }) => current).title, 'with goods');
});
test('says what is not there', () => assert.rejects(lab.reset('nope'), (error) =>
  error instanceof VirtRewindError && error.kind === 'notFound'));
`;
/** The block of the page of the library that has these words. */
function shownWith(words: string): string {
  const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
  const found = [...page.matchAll(/^```js\n(.*?)^```$/gmsu)].map(([, block = '']) => block);
  const [block, ...others] = found.filter((one) => one.includes(words));
  assert.ok(block !== undefined && others.length === 0, `docs/library.md: ${words}`);
  return block;
}
const types = `
import { connect, type OperationOutcome, type VirtRewindApi } from 'virt-rewind';
export async function ofAnotherExtension(api: VirtRewindApi): Promise<OperationOutcome> {
  await using rewind = await api.connect();
  return (await rewind.find('web-test')).checkpoint();
}
export async function reset(signal: AbortSignal): Promise<OperationOutcome> {
  await using rewind = await connect('qemu:///system');
  const vm = await rewind.find('web-test');
  await vm.wait({ port: 22 }, { seconds: 60, signal });
  return vm.revert('clean', { after: 'running' });
}
`;

describe('the npm package', () => {
  let rig: LiveRig;
  let folder: string;
  let vm: OracleVm;
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    rig = await startLiveRig();
    environment = {
      ...rig.daemon.env,
      VIRT_REWIND_STATE: join(rig.daemon.dir, 'journal'),
      LIBVIRT_DEFAULT_URI: rig.uri,
    };
    vm = await OracleVm.define(rig.daemon, { name: 'lib' });
    folder = join(rig.daemon.dir, 'empty');
    mkdirSync(folder, { recursive: true });
    const built = join(rig.daemon.dir, 'built');
    await buildPacked(built);
    const file = await packNpm(rig.daemon.dir, built);
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    const { code, stderr } = await run('npm', ['install', '--offline', '--no-audit', '--no-fund', file], {
      cwd: folder,
    });
    assert.equal(code, 0, stderr);
  });
  after(() => rig.stop());

  it('has the command line', async () => {
    const { code, stdout, stderr } = await run('npx', ['--offline', 'virt-rewind', 'list'], {
      cwd: folder,
      env: environment,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^lib +off/mu);
  });

  it('plays a level, whose VM is beside it', async () => {
    const first = readFileSync(join(root, 'levels/order.txt'), 'utf8').split('\n')[0] ?? '';
    const words = ['level', 'check', '--play', join(root, `levels/${first}.level.yaml`)];
    const { code, stdout, stderr } = await run('npx', ['--offline', 'virt-rewind', ...words], {
      cwd: folder,
      env: environment,
    });
    assert.equal(code, 0, stdout + stderr);
  });

  it('speaks the language of the locale', async () => {
    const { stderr } = await run('npx', ['--offline', 'virt-rewind', 'tree', 'nobody'], {
      cwd: folder,
      env: { ...environment, LC_ALL: 'de_DE.UTF-8' },
    });
    assert.match(stderr, /^Es gibt keine VM nobody\./mu);
  });

  it('resets a VM before each test of node:test', async () => {
    await rig.virsh('start', 'lib');
    await vm.talk((guest) => guest.setCounter(5));
    await rig.virsh('snapshot-create-as', 'lib', 'clean');
    await vm.talk((guest) => guest.setCounter(6));
    writeFileSync(join(folder, 'reset.test.mjs'), resetTest);
    const { code, stdout } = await run(process.execPath, ['--test', 'reset.test.mjs'], {
      cwd: folder,
      env: environment,
    });
    assert.equal(code, 0, stdout);
    assert.equal((await vm.talk((guest) => guest.ram())).counter, 5);
  });

  it('makes a lab where it is not there yet, and resets it before each test of node:test', async () => {
    writeFileSync(join(folder, 'virt-rewind.yaml'), labFile);
    writeFileSync(join(folder, 'lab.test.mjs'), labTest);
    for (const counter of [7, 8]) {
      // The first time the lab is made of what it is now; the second time that comes back.
      await vm.talk((guest) => guest.setCounter(counter));
      const { code, stdout } = await run(process.execPath, ['--test', 'lab.test.mjs'], {
        cwd: folder,
        env: environment,
      });
      assert.equal(code, 0, stdout);
      assert.equal((await vm.talk((guest) => guest.ram())).counter, 7);
    }
    const removal =
      "const rewind = await connect(); await rewind.lab('virt-rewind.yaml').destroy(); await rewind.close();";
    writeFileSync(join(folder, 'remove.mjs'), `import { connect } from 'virt-rewind';\n${removal}\n`);
    const { code, stderr } = await run(process.execPath, ['remove.mjs'], { cwd: folder, env: environment });
    assert.equal(code, 0, stderr);
    const left = (await rig.virsh('snapshot-list', 'lib', '--name')).split('\n').filter(Boolean);
    assert.ok(!left.includes('with-goods') && !left.includes('with goods'), left.join());
    // What the resets have kept: the test below counts what is done.
    for (const kept of left.filter((name) => name !== 'clean')) {
      await rig.virsh('snapshot-delete', 'lib', kept);
    }
  });

  it('has the schema of lab files where its page says', () => {
    const installed = join(folder, 'node_modules/virt-rewind');
    const [, link = ''] = /\[labFile\.schema\.json\]\(([^)]+)\)/u.exec(read('lab-file.md')) ?? [];
    assert.deepEqual(JSON.parse(read(link)), JSON.parse(readFileSync(join(root, 'docs/labFile.schema.json'), 'utf8')));
    function read(name: string): string {
      return readFileSync(join(installed, name), 'utf8');
    }
  });

  it('has types that fit', async () => {
    const { default: ts } = await import('typescript');
    const file = join(folder, 'reset.ts');
    writeFileSync(file, types);
    const program = ts.createProgram([file], {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
    });
    const wrong = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
    assert.deepEqual(wrong, []);
  });

  it('takes checkpoints, undoes, deletes, stops, and cancels nothing half way', async () => {
    const before = { ...process.env };
    Object.assign(process.env, environment);
    try {
      const rewind = await connect(rig.uri);
      const lib = await rewind.find('lib');
      const { snapshot } = await lib.checkpoint('here', { description: 'by a test' });
      assert.equal(snapshot, 'here');
      await vm.talk((guest) => guest.setCounter(7));
      const reverted = await lib.revert('here');
      assert.ok(reverted.checkpoint !== undefined);
      await lib.undo({ checkpointFirst: false });
      assert.equal((await vm.talk((guest) => guest.ram())).counter, 7);
      const { connection, uuid } = lib;
      const log = await new OperationLog(join(rig.daemon.dir, 'journal'), silentLog).of({ connection, uuid });
      assert.equal(log.at(-1)!.undoes, log.at(-2)!.id, 'else the next undo would undo the undo');
      await lib.delete('here');
      await assert.rejects(
        lib.checkpoint('late', { signal: AbortSignal.abort() }),
        (error: unknown) => error instanceof VirtRewindError && error.kind === 'cancelled',
      );
      const sizes = async (): Promise<readonly unknown[]> => (await lib.disks()).map(({ bytes }) => bytes);
      const [disk, ...others] = await lib.disks();
      const rest = others.map(({ bytes }) => bytes);
      assert.ok(disk?.bytes !== undefined);
      const larger = disk.bytes + 1024 ** 2;
      await lib.growDisk(disk.target, larger);
      assert.deepEqual(await sizes(), [larger, ...rest]);
      await lib.addDisk(1024 ** 2);
      assert.deepEqual(await sizes(), [larger, ...rest, 1024 ** 2]);
      await lib.stop({ force: true });
      await lib.removeDisk((await lib.disks()).at(-1)?.target ?? '');
      assert.deepEqual(await sizes(), [larger, ...rest]);
      await assert.rejects(
        lib.growDisk(disk.target, 1),
        (error: unknown) => error instanceof VirtRewindError && error.reason === 'diskStays',
      );
      assert.equal((await lib.start()).state, 'running');
      assert.equal((await lib.stop({ force: true })).state, 'off');
      await lib.wait('off', { seconds: 5 });
      for (const call of [() => lib.wait(), () => lib.wait({ port: 22 }), () => lib.run('true')]) {
        await assert.rejects(
          call,
          (error: unknown) => error instanceof VirtRewindError && error.reason === 'notRunning',
        );
      }
      await assert.rejects(
        lib.wait('running', { seconds: 0 }),
        (error: unknown) => error instanceof VirtRewindError && error.kind === 'late',
      );
      assert.equal((await rewind.list()).length, 1);
      await rewind.close();
    } finally {
      process.env = before;
    }
  });
});
