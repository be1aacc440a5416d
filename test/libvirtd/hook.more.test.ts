// An agent's hook before its shell commands, as a process of its own: what is kept, when nothing need be, and when it
// says stop.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { buildDoor } from '../../scripts/build.mjs';
import { type Ran, run } from '../../scripts/rig/run.mjs';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { silentLog } from '../silentLog.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

const bash = { hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command: 'make deploy' } };

describe('the hook of an agent', () => {
  let rig: LiveRig;
  let vm: OracleVm;
  let program: string;
  let state: string;

  const allow = (settings: Readonly<Record<string, unknown>>): Promise<void> =>
    new SharedSettings(state, silentLog).write(parseSettings((key) => settings[key]));
  const mayCheckpoint = { 'virtRewind.agents.permissions': { lab: 'checkpoint' } };
  const hook = (args: readonly string[] = [], input: unknown = bash): Promise<Ran> =>
    run(process.execPath, [program, 'hook', 'pre-tool', '--connect', rig.uri, ...args], {
      env: { ...rig.daemon.env, VIRT_REWIND_STATE: state, LC_ALL: 'C' },
      input: typeof input === 'string' ? input : JSON.stringify(input),
    });
  const count = async (): Promise<number> =>
    (await rig.virsh('snapshot-list', 'lab', '--name')).split('\n').filter((name) => name !== '').length;
  /** How many snapshots the hook has made. */
  const kept = async (args: readonly string[] = []): Promise<number> => {
    const before = await count();
    const { code, stdout, stderr } = await hook(args);
    assert.equal(code, 0, stderr);
    const { hookSpecificOutput: told } = JSON.parse(stdout) as {
      readonly hookSpecificOutput: { readonly hookEventName: string; readonly additionalContext: string };
    };
    assert.equal(told.hookEventName, 'PreToolUse');
    assert.match(told.additionalContext, /^The current state of lab was saved as .* before_step \d+ /u);
    return (await count()) - before;
  };
  const stops = async (args: readonly string[] = [], input: unknown = bash): Promise<void> => {
    const before = await count();
    const { code, stdout, stderr } = await hook(args, input);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /\.\n$/u);
    assert.equal(await count(), before);
  };

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'agent-journal');
    mkdirSync(state, { recursive: true });
    vm = await OracleVm.define(rig.daemon, { name: 'lab' });
    await OracleVm.define(rig.daemon, { name: 'other' });
    program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    writeFileSync(join(rig.daemon.dir, 'package.json'), '{"version":"1.2.3"}');
  });
  after(() => rig.stop());

  it('has nothing to do where agents may checkpoint no VM, and stops where it is to keep one that it may not', async () => {
    assert.deepEqual(await hook(), { code: 0, stdout: '', stderr: '' });
    await stops(['lab']);
    await stops(['nobody']);
    await stops([], 'no JSON');
    writeFileSync(join(state, 'settings.json'), '{');
    await stops();
    rmSync(join(state, 'settings.json'));
    assert.equal((await hook(['lab'], { tool_name: 'Read' })).code, 0);
    assert.equal(await count(), 0);
  });

  it('keeps a VM that is off once, until its disks or its configuration are others', async () => {
    await allow(mayCheckpoint);
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    assert.equal(await kept(['lab']), 0);
    await rig.virsh('desc', 'lab', '--config', 'another one');
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    await rig.virsh('start', 'lab');
    await vm.talk((guest) => guest.write(0, [[1, 7]]));
    await rig.virsh('destroy', 'lab');
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    assert.equal((await rig.virsh('snapshot-list', 'other', '--name')).trim(), '');
  });

  it('keeps a VM that runs each time, for nobody knows what its programs do', async () => {
    await rig.virsh('start', 'lab');
    await vm.talk((guest) => guest.setCounter(1));
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 1);
  });

  it('keeps a VM that is paused once, until it has run or was put elsewhere', async () => {
    await rig.virsh('suspend', 'lab');
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    await rig.virsh('resume', 'lab');
    await vm.talk((guest) => guest.write(0, [[1, 8]]));
    await rig.virsh('suspend', 'lab');
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    // For less time than libvirt counts.
    for (let round = 0; round < 3; round++) {
      await rig.virsh('resume lab; suspend lab');
      assert.equal(await kept(), 1);
    }
    assert.equal(await kept(), 0);
    await rig.virsh('reset', 'lab');
    assert.equal(await kept(), 1);
    await rig.virsh('desc', 'lab', '--live', 'a third one');
    assert.equal(await kept(), 1);
    assert.equal(await kept(), 0);
    const [first = ''] = (await rig.virsh('snapshot-list', 'lab', '--name', '--topological')).split('\n');
    await rig.virsh('snapshot-revert', 'lab', first);
    assert.equal(await kept(), 1);
  });

  it('stops where it may keep no more, or must not touch the VM, and lets go on who wants it so', async () => {
    await rig.virsh('start', 'lab').catch(() => undefined);
    await allow({ ...mayCheckpoint, 'virtRewind.agents.checkpoints': 1 });
    await stops();
    await allow({ ...mayCheckpoint, 'virtRewind.protectedVms': ['lab'] });
    await stops(['lab']);
    const { code, stdout } = await hook(['lab', '--go-on']);
    assert.equal(code, 0);
    assert.match(stdout, /Not kept: lab is protected/u);
  });
});
