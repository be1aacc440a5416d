// What a person is told before an agent acts: what is kept and what is lost, and nothing is done for it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentSession } from '../../../src/agents/agentSession.js';
import { toolNames, toolOf, type ToolName } from '../../../src/agents/toolTable.js';
import type { ToolQuestion } from '../../../src/agents/toolCall.js';
import { parseSettings, settingKeys } from '../../../src/manifest/settings.js';
import { Session } from '../../../src/session/session.js';
import { silentLog } from '../../silentLog.js';
import { fakeVm } from '../engine/fakeHypervisor.js';
import { type Rig, rig } from '../engine/rig.js';
import { readers } from '../../readers.js';

const folder = join(tmpdir(), 'virt-rewind-nobody-makes-this');
const signal = new AbortController().signal;
const reading = /^(?:list|read|count|probe|find)\w*[( ]/u;

describe('the question before an act of an agent', () => {
  let r: Rig;
  let settings: Readonly<Record<string, unknown>>;
  let tools: AgentSession;

  beforeEach(async () => {
    const web = fakeVm('web', ['a', 'b']);
    r = await rig({ ...web, vm: { ...web.vm, agentChannel: true, agentConnected: true } });
    settings = { [settingKeys.agentPermissions]: { web: 'act' } };
    tools = new AgentSession({
      session: () =>
        Promise.resolve(
          Session.within(
            r.engine,
            parseSettings((key) => settings[key]),
            folder,
          ),
        ),
      agent: () => 'a test',
      readers,
      log: silentLog,
    });
  });
  afterEach(() => {
    assert.deepEqual(
      r.opened.flatMap(({ calls }) => calls).filter((call) => !reading.test(call) && call !== 'listVms'),
      [],
    );
    assert.deepEqual([r.persistence.written, r.persistence.notes, [...tools.fresh]], [[], [], []]);
    assert.ok(!existsSync(folder));
    r.engine.dispose();
  });

  const ask = (tool: ToolName, more: object = {}): Promise<ToolQuestion | undefined> =>
    tools.question(tool, { vm: 'web', ...more }, signal);

  it('says of a revert what comes back, what is kept and what is lost', async () => {
    for (const question of [
      await ask('revert_vm', { snapshot: 'a' }),
      await ask('revert_vm', { snapshot: 'a', after: 'paused' }),
    ]) {
      assert.match(question?.title ?? '', /Revert web to “a”/u);
      assert.match(question?.details ?? '', /saved first as the snapshot “Before revert, [^]*is lost/u);
    }
  });

  it('says of a checkpoint how long the guest stands still, and of a program that not all of it can be undone', async () => {
    const checkpoint = await ask('checkpoint_vm', { title: 'mine' });
    assert.match(checkpoint?.title ?? '', /“mine” of web/u);
    assert.match(checkpoint?.details ?? '', /Pauses the VM/u);
    const program = await ask('run_in_guest', { program: 'rm', args: ['-r', '/srv\n\u202eevil'] });
    assert.match(program?.title ?? '', /program in web/u);
    assert.deepEqual(program?.details.split('\n')[0], 'rm -r /srv evil');
    assert.match(program.details, /cannot/u);
    const typed = await ask('type_text', { text: 'rm -r /srv' });
    assert.match(typed?.title ?? '', /Press keys in web/u);
    assert.equal(typed?.details.split('\n')[0], 'rm -r /srv');
    const clicked = await ask('click', { x: 0, y: 7 });
    assert.deepEqual([clicked?.title, clicked?.details.split('\n')[0]], ['Click on the display of web?', '0, 7']);
  });

  it('is none where nothing is changed, and none of what is refused', async () => {
    const given = { snapshot: 'a', program: 'true' };
    const none = async (tools: readonly ToolName[], more: object): Promise<void> => {
      for (const tool of tools) {
        assert.equal(await ask(tool, more), undefined, tool);
      }
    };
    const acts = toolNames.filter((name) => toolOf(name).acts);
    assert.equal(acts.length, 8);
    await none(
      toolNames.filter((name) => !acts.includes(name)),
      {},
    );
    await none(['undo_revert'], {});
    await none(['revert_vm'], { snapshot: 'nothing' });
    await none(['revert_vm'], { snapshot: 'a', checkpointFirst: false });
    await none(acts, { ...given, vm: 'nobody' });
    for (const forbidding of [
      { [settingKeys.agentPermissions]: { web: 'look' } },
      { [settingKeys.agentPermissions]: { web: 'act' }, [settingKeys.protectedVms]: ['web'] },
    ]) {
      settings = forbidding;
      await none(['checkpoint_vm'], {});
      await none(['revert_vm'], { snapshot: 'a' });
      await none(['run_in_guest'], { program: 'true' });
    }
  });
});
