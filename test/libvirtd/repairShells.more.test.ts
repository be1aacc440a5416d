// What the doctor repairs, and what was interrupted, at the command line and in the library: found, shown, done.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { run as runProgram, runOk } from '../../scripts/rig/run.mjs';
import { connect } from '../readers.js';
import type { VirtualMachine } from '../../src/api/publicApi.js';
import { VirtRewindError } from '../../src/api/virtRewindError.js';
import { exitCode, type ExitName } from '../../src/cli/exitCodes.js';
import type { OperationRequest } from '../../src/domain/operation.js';
import type { VmRef } from '../../src/domain/vm.js';
import { Journal } from '../../src/journal/journal.js';
import { faultsOf } from '../answerFaults.js';
import { whileHeld } from '../heldImage.js';
import { silentLog } from '../silentLog.js';
import { type Guest, type LiveRig, startLiveRig } from './engineRig.js';

interface Answer {
  readonly problems: readonly {
    readonly kind: string;
    readonly repairs: readonly { readonly repair: string; readonly reason?: string }[];
  }[];
  readonly plan: { readonly operation: string };
  readonly error: { readonly kind: string; readonly reason?: string };
  readonly interrupted: readonly { readonly operation: string; readonly to: string; readonly reason?: string }[];
  readonly recovered: { readonly end: string; readonly outcomes: readonly string[] };
}

const name = 'to mend';

describe('repairs outside the editor', () => {
  let rig: LiveRig;
  let guest: Guest;
  let ref: VmRef;
  let program: string;
  let environment: NodeJS.ProcessEnv;
  let state: string;

  const json = async (exit: ExitName, ...words: readonly string[]): Promise<Answer> => {
    const ran = await runProgram(process.execPath, [program, ...words, '--json'], { env: environment });
    assert.equal(ran.code, exitCode(exit), `${ran.stdout}${ran.stderr}`);
    const answer = JSON.parse(ran.stdout) as Answer;
    assert.deepEqual(faultsOf(answer), []);
    return answer;
  };
  const repairs = ({ problems }: Answer): readonly string[] =>
    problems.flatMap((one) => one.repairs.map(({ repair }) => repair));
  const inImage = (): Promise<string> => runOk('qemu-img', ['snapshot', '-l', guest.disks[0] ?? '']);
  const known = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', name, '--name')).split('\n').filter((one) => one !== '');
  const inLibrary = async <T>(call: (vm: VirtualMachine) => Promise<T>): Promise<T> => {
    const rewind = await connect({ uri: rig.uri });
    try {
      return await call(await rewind.find(name));
    } finally {
      await rewind.close();
    }
  };
  const rejects = (call: (vm: VirtualMachine) => Promise<unknown>, kind: string): Promise<void> =>
    assert.rejects(inLibrary(call), (error: unknown) => error instanceof VirtRewindError && error.kind === kind);

  /** A removal of that tag, as an older version began it, which told neither of the daemon nor of the VM. */
  async function interrupt(tag: string, connection = rig.uri): Promise<void> {
    const [file = ''] = guest.disks;
    await runOk('qemu-img', ['snapshot', '-c', tag, file]);
    const request: OperationRequest = { kind: 'repair', vm: ref, repair: { kind: 'removeTag', file, tag } };
    const plan = await rig.engine.plan(request);
    assert.ok(plan.kind === 'plan');
    const there = { ...request, vm: { ...ref, connection } };
    const entry = await new Journal(state, silentLog).begin({
      connection,
      vm: { uuid: ref.uuid, name },
      request: there,
      plan: { ...plan, request: there },
    });
    await entry.markBegun(0);
    await entry.leave();
  }

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'journal');
    mkdirSync(state, { recursive: true });
    environment = { ...rig.daemon.env, VIRT_REWIND_STATE: state, LIBVIRT_DEFAULT_URI: rig.uri, LC_ALL: 'C' };
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    guest = await rig.guest({ name });
    await rig.engine.connect(rig.uri);
    ref = await rig.ref(name);
    Object.assign(process.env, { VIRT_REWIND_STATE: state });
  });
  after(() => {
    delete process.env['VIRT_REWIND_STATE'];
    return rig.stop();
  });

  it('repairs what the report names, after it has shown it', async () => {
    await json('done', 'checkpoint', name, 'kept');
    await json('done', 'checkpoint', name, 'gone');
    await runOk('qemu-img', ['snapshot', '-d', 'gone', guest.disks[0] ?? '']);
    const [forget = '', ...others] = repairs(await json('wrong', 'doctor', name));
    assert.deepEqual([forget, others], ['forgetSnapshot:gone', []]);
    assert.equal((await json('done', 'doctor', name, '--repair', forget, '--plan')).plan.operation, 'repair');
    await json('usage', 'doctor', name, '--yes');
    assert.deepEqual(await known(), ['gone', 'kept']);
    await json('done', 'doctor', name, '--repair', forget, '--yes');
    assert.deepEqual(await known(), ['kept']);
    assert.equal((await json('refused', 'doctor', name, '--repair', forget)).error.reason, 'nothingToRepair');
    await json('done', 'doctor', name);
  });

  it('completes the names of repairs, and asks where something is lost', async () => {
    const [file = ''] = guest.disks;
    await runOk('qemu-img', ['snapshot', '-c', 'lost', file]);
    const { stdout } = await runProgram(
      process.execPath,
      [program, 'complete-words', '--', 'doctor', name, '--repair', ''],
      { env: environment },
    );
    assert.deepEqual(stdout.trim().split('\n').sort(), ['adoptTag:lost', `removeTag:${file}:lost`]);
    await json('unanswered', 'doctor', name, '--repair', `removeTag:${file}:lost`);
    assert.match(await inImage(), /lost/u);
    await json('done', 'doctor', name, '--repair', 'adoptTag:lost');
    assert.deepEqual(await known(), ['kept', 'lost']);
  });

  it('finishes what was interrupted and left to a person, after it has shown it', async () => {
    await interrupt('half');
    assert.equal((await json('refused', 'checkpoint', name)).error.kind, 'refused');
    const [{ operation, to } = {}, ...others] = (await json('done', 'recover', name, '--plan')).interrupted;
    assert.deepEqual([operation, to, others], ['repair', 'after', []]);
    await json('unanswered', 'recover', name);
    assert.match(await inImage(), /half/u);
    assert.deepEqual((await json('done', 'recover', name, '--yes')).recovered, { end: 'finish', outcomes: ['after'] });
    assert.doesNotMatch(await inImage(), /half/u);
    assert.deepEqual((await json('done', 'recover', name)).recovered, { end: 'nothing', outcomes: [] });
    await json('done', 'checkpoint', name, 'afterwards');
  });

  it('leaves a VM as it is for who gives an operation up, wherever it began', async () => {
    for (const connection of [rig.uri, 'qemu:///another']) {
      await interrupt('given-up', connection);
      assert.equal((await json('refused', 'checkpoint', name)).error.kind, 'refused');
      if (connection !== rig.uri) {
        assert.equal((await json('done', 'recover', name, '--plan')).interrupted[0]?.reason, 'begunElsewhere');
        assert.equal((await json('refused', 'recover', name, '--yes')).error.reason, 'begunElsewhere');
      }
      await json('unanswered', 'recover', name, '--dismiss');
      assert.equal((await json('done', 'recover', name, '--dismiss', '--yes')).recovered.end, 'dismiss');
      assert.match(await inImage(), /given-up/u);
      await json('done', 'doctor', name, '--repair', `removeTag:${guest.disks[0] ?? ''}:given-up`, '--yes');
    }
  });

  it('does the same in the library', async () => {
    await runOk('qemu-img', ['snapshot', '-c', 'by-hand', guest.disks[0] ?? '']);
    const found = await inLibrary((vm) => vm.doctor());
    const names = found.flatMap((one) => one.repairs.map(({ repair }) => repair));
    assert.ok(names.includes('adoptTag:by-hand'), String(names));
    await inLibrary((vm) => vm.repair('adoptTag:by-hand'));
    assert.ok((await known()).includes('by-hand'));
    await rejects((vm) => vm.repair('adoptTag:by-hand'), 'refused');
    await interrupt('half');
    await rejects((vm) => vm.checkpoint(), 'refused');
    assert.deepEqual(await inLibrary((vm) => vm.recover()), ['after']);
    await interrupt('half');
    assert.deepEqual(await inLibrary((vm) => vm.recover({ dismiss: true })), []);
    await inLibrary((vm) => vm.checkpoint('after the library'));
  });

  it('changes nothing inside an image that a program reads, starts nothing on it, and says so before', async () => {
    const tag = `removeTag:${guest.disks[0] ?? ''}:stray`;
    await runOk('qemu-img', ['snapshot', '-c', 'stray', guest.disks[0] ?? '']);
    const before = [await known(), await inImage()];
    const reason = async (...words: readonly string[]): Promise<string | undefined> =>
      (await json('refused', ...words)).error.reason;
    await whileHeld(guest.disks[0] ?? '', 'reads', async () => {
      for (const words of [
        ['checkpoint', name],
        ['start', name],
        ['delete', name, 'kept'],
        ['revert', name, 'kept', '--no-checkpoint'],
        ['doctor', name, '--repair', tag],
      ]) {
        assert.equal(await reason(...words), 'heldByProgram', words.join(' '));
      }
    });
    assert.deepEqual([await known(), await inImage()], before);
    await json('done', 'doctor', name, '--repair', tag, '--yes');
    await json('done', 'delete', name, 'kept', '--yes');
  });

  it('pauses, resumes and consolidates', async () => {
    await json('done', 'start', name);
    await json('done', 'pause', name);
    assert.match(await rig.virsh('domstate', name), /paused/u);
    await json('done', 'resume', name);
    assert.match(await rig.virsh('domstate', name), /running/u);
    await json('refused', 'consolidate', name, '--disk', 'vdx');
  });
});
