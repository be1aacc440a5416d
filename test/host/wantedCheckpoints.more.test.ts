// Checkpoints that settings want at moments of the work: before a debugger starts, when a task starts, after a switch
// of the git branch; and the list of those of the branch.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { SystemResult } from '../../src/systems/groupRun.js';
import { call, CommandRig, operate, rejects, shortTask } from './commandRig.js';
import { Person } from './person.js';

const vm = 'auto-checkpoint';

/** As much of the git extension's API as is needed here. */
interface Git {
  openRepository(
    root: vscode.Uri,
  ): Promise<{ checkout(branch: string): Promise<void>; status(): Promise<void> } | null>;
}

interface GitExtension {
  readonly enabled: boolean;
  readonly onDidChangeEnablement: vscode.Event<boolean>;
  getAPI(version: 1): Git;
}

async function gitSetting(name: string, value: boolean | string): Promise<void> {
  await vscode.workspace.getConfiguration('git').update(name, value, vscode.ConfigurationTarget.Global);
}

/** Where the tests run in the rig, it is off, so that nothing comes and goes by itself. */
async function gitThatRuns(): Promise<GitExtension> {
  const git = await vscode.extensions.getExtension<GitExtension>('vscode.git')?.activate();
  assert.ok(git);
  if (!git.enabled) {
    const changed = new Promise((resolve) => {
      const listening = git.onDidChangeEnablement(() => {
        listening.dispose();
        resolve(undefined);
      });
    });
    await gitSetting('enabled', true);
    await changed;
  }
  return git;
}

describe('checkpoints by themselves', () => {
  let rig: CommandRig;
  let person: Person;
  let ref: VmRef;
  let dir: string | undefined;

  before(async () => {
    rig = new CommandRig();
    await rig.guest({ name: vm });
    await call('virtRewind.connect', { connection: rig.uri });
    await call('virtRewind.refresh');
    ({ ref } = await rig.vmRow(vm));
  });
  beforeEach(async () => {
    person = new Person();
    (await rig.api()).activeVm.take(ref);
  });
  afterEach(() => person.leave());
  after(async () => {
    if (dir !== undefined) {
      rmSync(dir, { recursive: true, force: true });
    }
    await rig.stop();
  });

  const automatic = async (): Promise<readonly Snapshot[]> => {
    const { snapshots } = await (await rig.api()).engine.readTree(ref);
    return snapshots.filter(({ trailers }) => trailers.auto === 'work');
  };
  const titles = async (): Promise<readonly string[]> => (await automatic()).map(({ title }) => title);

  /** Each change of the inventory is looked at, until it is so. */
  async function until(isSo: () => Promise<boolean>): Promise<void> {
    const { engine } = await rig.api();
    for (;;) {
      let listening: { dispose(): void } | undefined;
      const changed = new Promise<void>((resolve) => {
        listening = engine.onDidChange(() => resolve());
      });
      try {
        if (await isSo()) {
          return;
        }
        await changed;
      } finally {
        listening?.dispose();
      }
    }
  }

  /** From its start to its end. @returns what there was when its first session began */
  async function debug(name: string): Promise<readonly string[]> {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const program = join(folder.uri.fsPath, 'debugged.js');
    writeFileSync(program, 'setInterval(() => {}, 1000);\n');
    let first: Promise<readonly string[]> | undefined;
    const running = new Set<string>();
    const listening = [
      vscode.debug.onDidStartDebugSession(({ id }) => {
        running.add(id);
        first ??= titles();
      }),
    ];
    const ended = new Promise<void>((resolve) => {
      listening.push(
        vscode.debug.onDidTerminateDebugSession(({ id }) => {
          running.delete(id);
          if (running.size === 0) {
            resolve();
          }
        }),
      );
    });
    try {
      assert.ok(await vscode.debug.startDebugging(folder, { type: 'node', request: 'launch', name, program }));
      await vscode.debug.stopDebugging();
      await ended;
      assert.ok(first);
      return await first;
    } finally {
      vscode.Disposable.from(...listening).dispose();
    }
  }

  it('are none unless a setting wants them', async () => {
    assert.deepEqual(await debug('server'), []);
    await rig.withSettings({ 'autoCheckpoint.beforeDebugging': ['client'] }, () => debug('server'));
    assert.deepEqual(await titles(), []);
  });

  it('are there when the debugger starts, one for all its sessions, and Undo does not mean them', async () => {
    await rig.withSettings({ 'autoCheckpoint.beforeDebugging': true }, async () => {
      assert.deepEqual(await debug('server'), ['Before debugging server']);
    });
    assert.deepEqual(await titles(), ['Before debugging server']);
    assert.deepEqual(person.asked, []);
    const { engine } = await rig.api();
    const [last] = (await engine.readLog(ref)).toReversed();
    assert.equal(last?.unasked, true);
  });

  it('go beyond the number to be kept, and what somebody wants to keep stays', async () => {
    const [kept] = await automatic();
    assert.ok(kept);
    await call('virtRewind.mark', { vm, snapshot: kept.name, keep: true });
    await rig.withSettings({ 'autoCheckpoint.beforeDebugging': true, 'autoCheckpoint.keep': 1 }, async () => {
      await debug('second');
      await debug('third');
      await until(async () => (await automatic()).length === 2);
    });
    assert.deepEqual((await titles()).toSorted(), ['Before debugging server', 'Before debugging third']);
  });

  it('are not of a protected VM: that is said, and the session starts', async () => {
    const before = await titles();
    await rig.withSettings({ 'autoCheckpoint.beforeDebugging': true, protectedVms: [vm] }, () => debug('guarded'));
    assert.deepEqual(await titles(), before);
    assert.deepEqual(
      person.said.map(({ severity, message }) => [severity, message.includes(vm)]),
      [['warning', true]],
    );
  });

  it('are taken at the start of the tasks that are named', async () => {
    await rig.withSettings({ 'autoCheckpoint.atTaskStart': ['build'] }, async () => {
      await vscode.tasks.executeTask(shortTask('other'));
      await vscode.tasks.executeTask(shortTask('build'));
      await until(async () => (await titles()).includes('At the start of task build'));
    });
    assert.ok(!(await titles()).includes('At the start of task other'));
  });

  it('are taken after a switch of the git branch, and the branch finds what was taken on it', async () => {
    const given = { target: 'branch' };
    await rejects(call('virtRewind.revert', given), 'notFound');
    dir = mkdtempSync(join(tmpdir(), 'git-'));
    const as = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', dir]);
    execFileSync('git', [...as, 'commit', '--quiet', '--allow-empty', '--message=first'], { cwd: dir });
    execFileSync('git', ['branch', 'topic'], { cwd: dir });
    const git = (await gitThatRuns()).getAPI(1);
    // The oldest VS Code asks before it opens a repository outside of the workspace.
    await gitSetting('openRepositoryInParentFolders', 'always');
    const repository = await git.openRepository(vscode.Uri.file(dir));
    assert.ok(repository);
    await repository.status();
    await rejects(call('virtRewind.revert', given), 'notFound');
    await rig.withSettings({ 'autoCheckpoint.afterBranchSwitch': true }, async () => {
      await repository.checkout('topic');
      await until(async () => (await titles()).includes('After switching to topic'));
    });
    await operate('virtRewind.createSnapshot', { vm, kind: 'auto', title: 'by hand' });
    person.will(({ choices, question }) => {
      assert.match(question, /topic/u);
      assert.deepEqual(choices, ['by hand', 'After switching to topic']);
      return undefined;
    });
    await call('virtRewind.revert', given);
  });

  it('are found on their branch where they are of a system, as one, and not its snapshots besides', async () => {
    await rig.guest({ name: 'auto-second' });
    await call('virtRewind.refresh');
    await call('virtRewind.createSystem', { vms: [vm, 'auto-second'], title: 'branched' });
    await call('virtRewind.createSnapshot', { system: 'branched', title: 'all by hand' });
    person.will(
      ({ choices }) => choices.find((label) => label.includes('Choose Another VM or System')),
      ({ choices }) => choices.find((label) => label.includes('branched')),
    );
    await vscode.commands.executeCommand('virtRewind.workedVm');
    // A session waits until its checkpoint is there.
    await rig.withSettings({ 'autoCheckpoint.beforeDebugging': true }, () => debug('all of them'));
    person.will(({ choices }) => {
      const of = (title: string): number => choices.filter((label) => label.startsWith(title)).length;
      assert.deepEqual(
        [choices.length, of('all by hand'), of('Before debugging all of them')],
        [4, 1, 1],
        choices.join(),
      );
      return undefined;
    });
    await call('virtRewind.revert', { target: 'branch' });
    assert.equal(person.asked.length, 1);
  });

  it('are those of the system or the VM that is given, which is reverted as the call says', async () => {
    const offered: (readonly string[])[] = [];
    const leave = ({ choices }: { readonly choices: readonly string[] }): undefined => void offered.push(choices);
    const points = ['Before debugging all of them', 'all by hand'];
    person.will(leave, leave, () => 'all by hand');
    await call('virtRewind.revert', { system: 'branched', target: 'branch' });
    await call('virtRewind.revert', { vm: 'auto-second', target: 'branch' });
    assert.deepEqual(offered, [points, points]);
    const done = await call<SystemResult>('virtRewind.revert', {
      system: 'branched',
      target: 'branch',
      confirm: false,
    });
    assert.equal(done.members.length, 2);
  });
});
