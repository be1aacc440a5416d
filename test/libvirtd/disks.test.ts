// Disks that grow: while the VM is on or off, with snapshots of each style, judged by the guest's blocks and by the
// size that the image has for the guest. From the engine and from the command line.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { cloneRequest, makeClone } from '../../src/engine/clones.js';
import { UndoLook } from '../../src/engine/undoLook.js';
import { itRarely } from '../allRows.js';
import { faultsOf } from '../answerFaults.js';
import { serveImage } from '../../src/wings/inside/bytes/servedImage.js';
import { blockBytes, makeBlock } from '../oracle/blocks.js';
import { sizeOf } from '../oracle/images.js';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { defineDiskVm } from './diskVm.js';

const mebibyte = 1024 ** 2;
const smallMiB = 4;

describe('the disks of a VM', () => {
  let r: LiveRig;
  let program: string;

  const cli = async (exit: ExitName, ...words: readonly string[]): Promise<string> => {
    const env = {
      ...r.daemon.env,
      VIRT_REWIND_STATE: join(r.daemon.dir, 'shell-state'),
      LIBVIRT_DEFAULT_URI: r.uri,
      LC_ALL: 'C',
    };
    const ran = await runProgram(process.execPath, [program, ...words], { env });
    assert.equal(ran.code, exitCode(exit), `${words.join(' ')}: ${ran.stdout}${ran.stderr}`);
    if (words.includes('--json')) {
      assert.deepEqual(faultsOf(JSON.parse(ran.stdout) as object), []);
    }
    return `${ran.stdout}${ran.stderr}`;
  };

  before(async () => {
    r = await startLiveRig();
    mkdirSync(join(r.daemon.dir, 'shell-state'), { recursive: true });
    program = await buildDoor('commandLine', join(r.daemon.dir, 'program'));
  });
  after(() => r.stop());

  const vmOf = async (name: string): Promise<{ readonly vm: OracleVm; readonly ref: VmRef }> => {
    const folder = join(r.daemon.dir, name);
    const vm = await OracleVm.define(r.daemon, { name, disks: ['qcow2'], diskMiB: smallMiB, folder });
    await r.engine.connect(r.uri);
    await r.engine.refresh({ connection: r.uri });
    return { vm, ref: await r.ref(name) };
  };
  const bytesNow = async (vm: OracleVm): Promise<number> => sizeOf((await vm.see()).disks.get('vda')!);
  const grow = (ref: VmRef, mib: number): OperationRequest => ({
    kind: 'disk',
    vm: ref,
    change: { do: 'grow', target: 'vda', bytes: mib * mebibyte },
  });

  for (const style of ['internal', 'external'] as const) {
    for (const power of ['off', 'running'] as const) {
      // Both styles and both states of power are had by two of the four.
      const test = (style === 'internal') === (power === 'off') ? it : itRarely;
      test(`grow, and each snapshot keeps its size: ${style}, ${power}`, async () => {
        const { vm, ref } = await vmOf(`${style}-${power}`);
        let model = Model.fresh(1);
        const act = (request: OperationRequest): Promise<unknown> => r.engine.runOperation(request);
        const same = async (what: string): Promise<void> => {
          // What a revert makes by itself has names of its own.
          const { differences } = await vm.compare(model, 'everything');
          assert.deepEqual(
            differences.filter(({ about }) => about !== 'tree'),
            [],
            what,
          );
          assert.equal(await bytesNow(vm), smallMiB * mebibyte + model.sizes[0]!, what);
        };
        const write = async (block: number, seed: number): Promise<void> => {
          await (power === 'off'
            ? vm.writeOff(0, [[block, seed]])
            : vm.talk((guest) => guest.write(0, [[block, seed]])));
          model = model.wrote(0, [[block, seed]]);
        };
        // Behind the old end; the BIOS of a guest that runs knows the disk as it was at its start.
        const farBlock = power === 'off' ? 1_400 : 900;
        const kind = power === 'off' ? 'offline' : 'memory';
        const take = async (title: string): Promise<void> => {
          await act({ kind: 'create', vm: ref, snapshotKind: kind, style, title });
          model = model.created({ name: title, title, kind, style });
        };
        const revert = async (snapshot: string): Promise<void> => {
          model = model.created({ name: 'left', title: 'left', kind, style });
          await act({ kind: 'revert', vm: ref, snapshot, after: 'asSnapshot', checkpointFirst: true });
          model = model.reverted(snapshot, power);
        };
        if (power === 'running') {
          await act({ kind: 'power', vm: ref, action: 'start' });
          model = model.powered('start');
        }
        await write(1, 1);
        await take('small');
        await act(grow(ref, 8));
        model = model.grown(0, 4 * mebibyte);
        await same('grown');
        await write(farBlock, 2);
        await take('large');
        await act(grow(ref, 9));
        model = model.grown(0, mebibyte);
        await write(2, 3);
        await same('grown again');
        await revert('small');
        await same('reverted to the small one');
        if (style === 'internal') {
          // Also of a VM that writes to the image meanwhile.
          const { file } = (await vm.see()).disks.get('vda')!;
          const image = { file, format: 'qcow2', tag: 'large' };
          const disk = await serveImage(image, process.env, new AbortController().signal);
          assert.equal(disk?.bytes, 8 * mebibyte);
          assert.deepEqual(await disk.read(farBlock * blockBytes, blockBytes), makeBlock(0, farBlock, 2));
          disk.close();
        }
        const { entry, way } = (await UndoLook.at(r.engine, ref)).next('undo')!;
        assert.ok(way.kind === 'operation' && way.request.kind === 'revert');
        await r.engine.runOperation(way.request, { undoes: entry.id });
        model = model.reverted('left', power);
        await same('undone');
        await revert('large');
        await same('reverted to the large one');
        if (power === 'off' || style === 'external') {
          for (const [snapshot, mib] of [
            ['small', 4],
            ['large', 8],
          ] as const) {
            const name = `${vm.name}-${snapshot}`;
            const clone = await makeClone(r.engine, cloneRequest(r.engine, ref, { snapshot, way: 'full', name }));
            const [disk] = r.engine.findVm(clone)!.vm.disks;
            assert.equal(await sizeOf({ file: disk!.source!, format: disk!.format }), mib * mebibyte, snapshot);
          }
        }
      });
    }
  }

  it('refuse what cannot be, and nothing has changed', async () => {
    const { vm, ref } = await vmOf('refused');
    const reasonOf = async (change: Extract<OperationRequest, { kind: 'disk' }>['change']): Promise<string> => {
      const decision = await r.engine.plan({ kind: 'disk', vm: ref, change });
      assert.ok(decision.kind === 'refusal', JSON.stringify(change));
      return [decision.refusal.reason, decision.refusal.facts['why']].filter(Boolean).join(': ');
    };
    const to = (bytes: number): Promise<string> => reasonOf({ do: 'grow', target: 'vda', bytes });
    assert.equal(await reasonOf({ do: 'grow', target: 'vdx', bytes: 2 ** 30 }), 'noSuchDisk');
    for (const bytes of [0, -1, 1.5, 513, Number.NaN, smallMiB * mebibyte + 1]) {
      assert.equal(await to(bytes), 'diskStays: badSize', String(bytes));
    }
    assert.equal(await to(2 ** 60), 'diskStays: tooLarge');
    assert.equal(await to(2 ** 52), 'diskStays: tooLarge');
    assert.equal(await to(smallMiB * mebibyte), 'diskStays: notLarger');
    assert.equal(await to(mebibyte), 'diskStays: notLarger');
    assert.equal(await bytesNow(vm), smallMiB * mebibyte);
  });

  it('have an image of the old format: it grows unless snapshots are inside of it', async () => {
    const file = join(r.daemon.dir, 'old.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', file, '4M']);
    await defineDiskVm(r, 'old', [{ file, format: 'qcow2' }]);
    const ref = await r.ref('old');
    await r.engine.runOperation(grow(ref, 5));
    assert.equal(await sizeOf({ file, format: 'qcow2' }), 5 * mebibyte);
    await r.engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'offline', style: 'internal', title: 's' });
    const refused = await r.engine.plan(grow(ref, 6));
    assert.equal(refused.kind === 'refusal' && refused.refusal.facts['why'], 'oldFormat');
    await r.engine.runOperation({ kind: 'power', vm: ref, action: 'start' });
    const running = await r.engine.plan(grow(ref, 6));
    assert.equal(running.kind === 'refusal' && running.refusal.facts['why'], 'oldFormat');
  });

  it('are listed and grown from the command line, and no grow is undone', async () => {
    await vmOf('told');
    assert.match(await cli('done', 'disk', 'told'), /vda +4\.0 MB +qcow2 +\//u);
    assert.match(await cli('done', 'disk', 'told', '--grow', 'vda', '6M', '--plan'), /qemu-img resize/u);
    assert.match(await cli('done', 'disk', 'told', '--grow', 'vda', '6M'), /Disk vda of told now has 6\.0 MB/u);
    assert.match(await cli('done', 'disk', 'told', '--json'), /"bytes": ?6291456/u);
    assert.match(await cli('refused', 'undo', 'told'), /not made smaller/u);
    for (const words of [
      ['--grow', 'vda'],
      ['8M'],
      ['--grow', 'vda', '0'],
      ['--grow', 'vda', '--', '-1'],
      ['--grow', 'vda', '1E'],
      ['--grow', 'vda', '8'],
    ]) {
      await cli('usage', 'disk', 'told', ...words);
    }
    await cli('refused', 'disk', 'told', '--grow', 'vda', '5M');
    assert.match(await cli('done', 'disk', 'told'), /vda +6\.0 MB/u);
  });
});
