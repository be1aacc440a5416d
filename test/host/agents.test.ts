// The tools of agents through the editor's own API, called as another extension calls them: no question is asked of a model that may
// do nothing, and nothing is changed.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { CommandRig, type Guest } from './commandRig.js';

interface Told {
  readonly vms?: readonly { readonly vm: string; readonly you_may: string }[];
  readonly error?: { readonly kind: string };
  readonly snapshots?: readonly unknown[];
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
});
