// An agent at a real VM, over MCP, by a client that is not ours: what it may, and that nothing is destroyed by what it may not.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildDoor } from '../../scripts/build.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { parseSettings } from '../../src/manifest/settings.js';
import { SharedSettings } from '../../src/session/sharedSettings.js';
import { silentLog } from '../silentLog.js';
import { type Guest, type LiveRig, startLiveRig } from './inventoryRig.js';

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

/** Of the protocol's makers. */
interface Client {
  connect(transport: unknown): Promise<void>;
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(call: { readonly name: string; readonly arguments: object }): Promise<ToolResult>;
  close(): Promise<void>;
}

interface Told {
  readonly error?: { readonly kind: string; readonly message: string };
  readonly vms?: readonly { readonly vm: string; readonly you_may: string }[];
  readonly step?: number;
  readonly before?: string;
  readonly snapshot?: string;
  readonly stdout?: { readonly untrusted: string };
  readonly snapshots?: readonly { readonly name: string }[];
  readonly steps?: readonly { readonly step: number; readonly before: string; readonly can_go_back: boolean }[];
  readonly reached?: boolean;
}

async function sdk(file: string): Promise<Readonly<Record<string, new (...args: unknown[]) => unknown>>> {
  const url = pathToFileURL(join(root, 'node_modules/@modelcontextprotocol/sdk/dist/esm/client', file)).href;
  return (await import(url)) as Readonly<Record<string, new (...args: unknown[]) => unknown>>;
}

describe('an agent over MCP', function () {
  this.timeout(300_000);
  let rig: LiveRig;
  let guest: Guest;
  let client: Client;
  let state: string;

  const allow = (settings: Readonly<Record<string, unknown>>): Promise<void> =>
    new SharedSettings(state, silentLog).write(parseSettings((key) => settings[key]));
  const permissions = (value: object, more: object = {}): Promise<void> =>
    allow({ 'virtRewind.agents.permissions': value, ...more });
  const call = async (name: string, given: object = {}): Promise<Told> => {
    const { content, isError } = await client.callTool({ name, arguments: given });
    const told = JSON.parse(content[0]?.text ?? '{}') as Told;
    assert.equal(isError === true, told.error !== undefined);
    return told;
  };
  const done = async (name: string, given: object = {}): Promise<Told> => {
    const told = await call(name, given);
    assert.equal(told.error, undefined, JSON.stringify(told));
    return told;
  };
  const refused = async (kind: string, name: string, given: object = {}): Promise<void> => {
    const { error } = await call(name, { vm: 'lab', ...given });
    assert.equal(error?.kind, kind, JSON.stringify(error));
    assert.match(error.message, /\.$/u);
  };
  const snapshots = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', 'lab', '--name')).split('\n').filter((name) => name !== '');
  const inGuest = (line: string): Promise<Told> =>
    done('run_in_guest', { vm: 'lab', program: 'sh', args: ['-c', line] });

  before(async () => {
    rig = await startLiveRig();
    state = join(rig.daemon.dir, 'agent-journal');
    mkdirSync(state, { recursive: true });
    guest = await rig.guest({ name: 'lab' });
    const program = await buildDoor('commandLine', join(rig.daemon.dir, 'program'));
    writeFileSync(join(rig.daemon.dir, 'package.json'), '{"version":"1.2.3"}');
    const { Client: TheirClient } = await sdk('index.js');
    const { StdioClientTransport } = await sdk('stdio.js');
    client = new TheirClient!({ name: 'their client', version: '1' }) as Client;
    await client.connect(
      new StdioClientTransport!({
        command: process.execPath,
        args: [program, 'mcp', '--connect', rig.uri],
        env: { ...rig.daemon.env, VIRT_REWIND_STATE: state, LC_ALL: 'C' },
        stderr: 'inherit',
      }),
    );
  });
  after(async () => {
    await client.close();
    await rig.stop();
  });

  it('may look at a VM unless somebody says more, and change nothing', async () => {
    assert.equal((await client.listTools()).tools.length, 10);
    assert.deepEqual(
      (await done('list_vms')).vms?.map(({ vm, you_may }) => [vm, you_may]),
      [['lab', 'look']],
    );
    await refused('permission', 'checkpoint_vm');
    await refused('permission', 'revert_vm', { snapshot: 'any' });
    await refused('permission', 'undo_revert');
    await refused('permission', 'run_in_guest', { program: 'true' });
    assert.deepEqual(await snapshots(), []);
    await refused('notRunning', 'read_console');
    assert.equal((await call('take_screenshot', { vm: 'lab' })).error !== undefined, true);
    assert.equal((await done('wait_for_vm', { vm: 'lab', for: 'running', seconds: 1 })).reached, false);
  });

  it('takes checkpoints where it may, from the very next call on, and no more', async () => {
    await permissions({ 'la?': 'checkpoint' });
    const first = await done('checkpoint_vm', { vm: 'lab', title: 'the first' });
    assert.deepEqual([first.step, first.snapshot, first.before], [1, 'the-first', 'the-first']);
    await refused('permission', 'revert_vm', { snapshot: 'the-first' });
    assert.deepEqual(await snapshots(), ['the-first']);
  });

  it('breaks what it likes, and goes back to before it', async () => {
    await permissions({ lab: 'act' });
    await refused('notRunning', 'run_in_guest', { program: 'true' });
    await guest.start();
    assert.equal((await done('wait_for_vm', { vm: 'lab' })).reached, true);
    assert.equal((await inGuest('echo good > /tmp/word; cat /tmp/word')).stdout?.untrusted, 'good\n');
    const broke = await inGuest('rm /tmp/word; echo broken');
    assert.equal(broke.step, 3);
    const told = await done('revert_vm', { vm: 'lab', before_step: 3 });
    assert.equal(told.step, 4);
    assert.equal((await done('wait_for_vm', { vm: 'lab' })).reached, true);
    assert.equal((await guest.run('cat', ['/tmp/word'])).stdout, 'good\n');
    await done('undo_revert', { vm: 'lab' });
    assert.equal((await done('wait_for_vm', { vm: 'lab' })).reached, true);
    assert.notEqual((await guest.run('cat', ['/tmp/word'])).code, 0);
    const { steps } = await done('describe_vm', { vm: 'lab' });
    assert.deepEqual(
      steps?.map(({ step, can_go_back }) => [step, can_go_back]),
      [1, 2, 3, 4, 5].map((step) => [step, true]),
    );
  });

  it('serves with the checkpoint that it has just taken', async () => {
    const { snapshot } = await done('checkpoint_vm', { vm: 'lab' });
    const before = await snapshots();
    assert.equal((await inGuest('true')).before, snapshot);
    assert.deepEqual(await snapshots(), before);
    // Something was done since.
    assert.notEqual((await inGuest('true')).before, snapshot);
  });

  it('drives nothing out that was kept, however often it goes back', async () => {
    await permissions({ lab: 'act' }, { 'virtRewind.revert.keepCheckpoints': 0 });
    const before = await snapshots();
    for (let count = 0; count < 3; count++) {
      await done('revert_vm', { vm: 'lab', snapshot: 'the-first', after: 'off' });
    }
    const left = await snapshots();
    assert.deepEqual(
      before.filter((name) => !left.includes(name)),
      [],
    );
    assert.equal(left.length, before.length + 3);
  });

  it('is stopped by number, by space, by protection, and sees no VM that it must not see', async () => {
    const before = await snapshots();
    await permissions({ lab: 'act' }, { 'virtRewind.agents.checkpoints': 3 });
    await refused('tooMany', 'checkpoint_vm');
    await refused('tooMany', 'revert_vm', { snapshot: 'the-first' });
    await rig.virsh('snapshot-revert', 'lab', 'the-first', '--running');
    assert.equal((await done('wait_for_vm', { vm: 'lab' })).reached, true);
    await refused('tooMany', 'run_in_guest', { program: 'true' });
    await permissions({ lab: 'act' }, { 'virtRewind.agents.spaceGb': 0.001 });
    await refused('tooLarge', 'checkpoint_vm');
    await permissions({ lab: 'act' }, { 'virtRewind.protectedVms': ['l*'] });
    await refused('protected', 'checkpoint_vm');
    await refused('protected', 'revert_vm', { before_step: 1 });
    await refused('protected', 'run_in_guest', { program: 'true' });
    await permissions({ lab: 'none' });
    assert.deepEqual((await done('list_vms')).vms, []);
    await refused('permission', 'describe_vm');
    await refused('permission', 'describe_vm', { vm: 'nobody' });
    await permissions({ lab: 'act' });
    await refused('notFound', 'revert_vm', { before_step: 99 });
    await refused('notFound', 'revert_vm', { snapshot: 'nope' });
    await refused('invalid', 'revert_vm');
    await refused('invalid', 'run_in_guest', { program: 'true', force: true });
    assert.deepEqual(await snapshots(), before);
  });
});
