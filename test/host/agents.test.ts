// The tools of agents through the editor's own API, called as another extension calls them: no question is asked of a model that may
// do nothing, and nothing is changed.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { call as command, CommandRig, type Guest, rejects } from './commandRig.js';
import { type Asked, Person } from './person.js';

interface Told {
  readonly vms?: readonly { readonly vm: string; readonly you_may: string }[];
  readonly error?: { readonly kind: string };
  readonly snapshots?: readonly unknown[];
  readonly snapshot?: string;
}

describe('tools for language models', function () {
  this.timeout(120_000);
  let rig: CommandRig;
  let guest: Guest;

  const call = async (tool: string, input: object): Promise<Told> => {
    const { content } = await vscode.lm.invokeTool(`virtRewind_${tool}`, { input, toolInvocationToken: undefined });
    const [part] = content;
    assert.ok(part instanceof vscode.LanguageModelTextPart);
    return JSON.parse(part.value) as Told;
  };

  /** A person sees the steps, the newest first, and goes back to before the first one, after the usual question. */
  const undone = async (): Promise<void> => {
    const person = new Person();
    const undo = (): Thenable<unknown> => command('virtRewind.undoAgentStep', { vm: guest.name });
    const first = ({ choices }: Asked): string | undefined => choices.at(-1);
    const agree = ({ how, question, choices }: Asked): string | undefined => {
      assert.equal(how, 'modal');
      assert.match(question, /first/u);
      return choices[0];
    };
    try {
      person.will(({ choices, text }) => {
        assert.deepEqual(
          choices.map((choice) => /step (\d) of .*: (\w+)/u.exec(choice)?.slice(1)),
          [
            ['3', 'revert_vm'],
            ['2', 'revert_vm'],
            ['1', 'checkpoint_vm'],
          ],
        );
        assert.match(text, /done/u);
        return undefined;
      });
      await undo();
      person.will(first, agree);
      await undo();
      assert.match(await rig.virsh('snapshot-current', guest.name, '--name'), /^first\s*$/u);
      await rig.virsh('snapshot-delete', guest.name, 'first');
      await command('virtRewind.refresh');
      person.will(first);
      await rejects(undo(), 'notFound');
    } finally {
      person.leave();
    }
  };

  before(async () => {
    rig = new CommandRig();
    await rig.api();
    guest = await rig.guest({ name: 'for-agents', agent: false });
  });
  after(() => rig.stop());

  it('are there, each with its name in a prompt', () => {
    const names = vscode.lm.tools.flatMap(({ name }) => (name.startsWith('virtRewind_') ? [name] : []));
    assert.equal(names.length, 10);
  });

  it('look, and change nothing that the settings do not allow', async () => {
    const { vms } = await call('list_vms', {});
    assert.ok(vms?.some(({ vm, you_may }) => vm === guest.name && you_may === 'look'));
    for (const [tool, more] of [
      ['checkpoint_vm', {}],
      ['revert_vm', { snapshot: 'any' }],
      ['undo_revert', {}],
      ['run_in_guest', { program: 'true' }],
    ] as const) {
      assert.equal((await call(tool, { vm: guest.name, ...more })).error?.kind, 'permission', tool);
    }
    assert.deepEqual((await call('describe_vm', { vm: guest.name })).snapshots, []);
  });

  it('act where they may and are refused elsewhere, and nothing is destroyed, though nobody is asked', async () => {
    const { name: vm } = guest;
    const set = async (values: Readonly<Record<string, unknown>>): Promise<void> => {
      for (const [key, value] of Object.entries(values)) {
        await vscode.workspace.getConfiguration('virtRewind').update(key, value, vscode.ConfigurationTarget.Global);
      }
    };
    const refused = async (kind: string, tool: string, more: object = {}): Promise<void> =>
      assert.equal((await call(tool, { vm, ...more })).error?.kind, kind, tool);
    await set({ 'agents.permissions': { [vm]: 'act' } });
    try {
      await rejects(command('virtRewind.undoAgentStep', { vm }), 'notFound');
      const first = await call('checkpoint_vm', { vm, title: 'first' });
      assert.deepEqual([first.error, first.snapshot], [undefined, 'first']);
      const back = await call('revert_vm', { vm, snapshot: 'first' });
      assert.equal(back.error, undefined, JSON.stringify(back));
      assert.equal((await call('revert_vm', { vm, before_step: 1 })).error, undefined);
      const made = await rig.snapshots(vm);
      assert.equal(made.length, 3);
      await refused('notRunning', 'run_in_guest', { program: 'true' });
      await refused('notFound', 'revert_vm', { snapshot: 'nope' });
      await refused('invalid', 'revert_vm', { snapshot: 'first', checkpointFirst: false });
      await set({ 'agents.checkpoints': 1 });
      await refused('tooMany', 'checkpoint_vm');
      await set({ 'agents.checkpoints': undefined, protectedVms: [vm] });
      await refused('protected', 'checkpoint_vm');
      await refused('protected', 'revert_vm', { before_step: 1 });
      await set({ protectedVms: undefined, 'agents.permissions': { [vm]: 'none' } });
      await refused('permission', 'describe_vm');
      assert.deepEqual(await rig.snapshots(vm), made);
      await undone();
    } finally {
      await set({ 'agents.permissions': undefined, 'agents.checkpoints': undefined, protectedVms: undefined });
    }
  });
});
