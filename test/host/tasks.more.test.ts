// Tasks of tasks.json, as the editor runs them: the examples of features.md and test-loop.md as they stand there.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { call, CommandRig, type Guest, operate } from './commandRig.js';

const example = exampleOf(readFileSync(join(__dirname, '../../docs/features.md'), 'utf8'));
const shortExample = exampleOf(readFileSync(join(__dirname, '../../docs/test-loop.md'), 'utf8'));
const vm = 'rewind-internal';

/** The tasks of the block below the remark that says it is run here. */
function exampleOf(page: string): readonly object[] {
  const found = /<!-- run by test\/host\/tasks\.more\.test\.ts[^>]*-->\s*```jsonc\n(.*?)```/s.exec(page)?.[1];
  assert.ok(found, 'the page has no example that is to be run');
  const plain = found.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/,(?=\s*[\]}])/g, '');
  return (JSON.parse(plain) as { readonly tasks: readonly object[] }).tasks;
}

/**
 * Writes tasks.json as the editor does, because a file system without a watcher tells nobody, and waits until it is
 * read.
 */
async function configure(tasks: readonly object[]): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('tasks');
  await configuration.update('version', '2.0.0', vscode.ConfigurationTarget.Workspace);
  await configuration.update('tasks', tasks, vscode.ConfigurationTarget.Workspace);
  for (;;) {
    const known = await vscode.tasks.fetchTasks({ type: 'virt-rewind' });
    if (known.length === tasks.length) {
      return;
    }
  }
}

/** Resolves to the exit codes of the task and of those that it depends on, in their order. */
async function ended(label: string): Promise<readonly (readonly [string, number | undefined])[]> {
  const codes: (readonly [string, number | undefined])[] = [];
  let stop: vscode.Disposable | undefined;
  const end = new Promise<void>((resolve) => {
    stop = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      codes.push([execution.task.name, exitCode]);
      if (execution.task.name === label || exitCode !== 0) {
        resolve();
      }
    });
  });
  try {
    await vscode.commands.executeCommand('workbench.action.tasks.runTask', label);
    await end;
    return codes;
  } finally {
    stop?.dispose();
  }
}

describe('tasks', () => {
  let rig: CommandRig;
  let guest: Guest;

  before(async () => {
    rig = new CommandRig();
    guest = await rig.guest({ name: vm });
    await guest.start();
    await operate('virtRewind.createSnapshot', { vm, kind: 'memory', title: 'clean-install' });
  });

  after(async () => {
    await vscode.workspace.getConfiguration('tasks').update('tasks', undefined, vscode.ConfigurationTarget.Workspace);
    await rig.stop();
  });

  it('do what the example of the documents says', async () => {
    await configure(example);
    await guest.setCounters(77);
    assert.deepEqual(await ended('fresh VM'), [
      ['clean disks', 0],
      ['fresh VM', 0],
    ]);
    const { memory, disk } = await guest.counters();
    assert.deepEqual([memory, disk], [0, 0]);
    assert.equal(await guest.state(), 'running');
  });

  it('do what the example of the test loop says', async () => {
    await configure(shortExample);
    await guest.setCounters(76);
    assert.deepEqual(await ended('clean VM'), [['clean VM', 0]]);
    const { memory, disk } = await guest.counters();
    assert.deepEqual([memory, disk], [0, 0]);
    assert.equal(await guest.state(), 'running');
  });

  it('are done before a debugger starts that names one as its preLaunchTask, and after one that names one as its postDebugTask', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const program = join(folder.uri.fsPath, 'program.js');
    writeFileSync(program, 'setTimeout(() => {}, 100);\n');
    const after = { type: 'virt-rewind', label: 'after it', action: 'run', vm, program: 'sh', args: ['-c', 'exit 7'] };
    await configure([...example, after]);
    await guest.setCounters(78);
    const launch = {
      type: 'node',
      request: 'launch',
      name: 'a program',
      program,
      preLaunchTask: 'fresh VM',
      postDebugTask: after.label,
    };
    const configuration = vscode.workspace.getConfiguration('launch');
    await configuration.update('configurations', [launch], vscode.ConfigurationTarget.Workspace);
    const began = new Promise<void>((resolve) => {
      const listening = vscode.debug.onDidStartDebugSession(() => {
        listening.dispose();
        resolve();
      });
    });
    await vscode.commands.executeCommand('workbench.action.debug.start');
    await began;
    const afterwards = new Promise<number | undefined>((resolve) => {
      const listening = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (execution.task.name === after.label) {
          listening.dispose();
          resolve(exitCode);
        }
      });
    });
    await vscode.debug.stopDebugging();
    // That of the program in the guest.
    assert.equal(await afterwards, 7);
    await configuration.update('configurations', undefined, vscode.ConfigurationTarget.Workspace);
    assert.equal((await guest.counters()).disk, 0);
  });

  it('end with 1 when they are refused, and with 0 where the VM is so already', async () => {
    const before = await rig.snapshots(vm);
    const tasks = [
      { action: 'revert', snapshot: 'nowhere', confirm: false },
      // A question that is not answered: no dialog is shown in tests.
      { action: 'forceOff' },
      { action: 'start' },
      { action: 'checkpoint', title: 'from a task' },
      { action: 'forceOff', confirm: false },
      { action: 'shutDown' },
    ].map((task) => ({ type: 'virt-rewind', label: JSON.stringify(task), vm, ...task }));
    await configure(tasks);
    const codes: (number | undefined)[] = [];
    for (const { label } of tasks) {
      codes.push((await ended(label))[0]?.[1]);
    }
    assert.deepEqual(codes, [1, 1, 0, 0, 0, 0]);
    assert.equal(await guest.state(), 'shut off');
    assert.equal((await rig.snapshots(vm)).length, before.length + 1);
  });

  it('end at once when somebody ends them, but what they have begun goes on', async () => {
    if ((await guest.state()) !== 'shut off') {
      await call('virtRewind.forceOff', { vm, confirm: false });
    }
    const before = await rig.snapshots(vm);
    const [inVain, checkpoint] = [{ action: 'wait' }, { action: 'checkpoint', title: 'goes on' }].map((task) => ({
      type: 'virt-rewind',
      label: JSON.stringify(task),
      vm,
      ...task,
    }));
    assert.ok(inVain && checkpoint);
    await configure([inVain, checkpoint]);
    for (const { label } of [inVain, checkpoint]) {
      const started = new Promise<vscode.TaskExecution>((resolve) => {
        const listening = vscode.tasks.onDidStartTask(({ execution }) => {
          listening.dispose();
          resolve(execution);
        });
      });
      const over = new Promise<void>((resolve) => {
        const listening = vscode.tasks.onDidEndTask(() => {
          listening.dispose();
          resolve();
        });
      });
      await vscode.commands.executeCommand('workbench.action.tasks.runTask', label);
      (await started).terminate();
      await over;
    }
    while ((await rig.snapshots(vm)).length === before.length) {
      await call('virtRewind.refresh');
    }
    assert.equal((await rig.snapshots(vm)).length, before.length + 1);
    // The next operation is refused while one is under way: this one was done to its end.
    await operate('virtRewind.start', { vm });
  });

  it('start, shut down and wait for all VMs of a system, and end with 0 where all are so already', async () => {
    const other = await rig.guest({ name: 'task-other' });
    if ((await guest.state()) !== 'shut off') {
      await call('virtRewind.forceOff', { vm, confirm: false });
    }
    await call('virtRewind.refresh');
    await call('virtRewind.createSystem', { vms: [vm, 'task-other'], title: 'task-pair' });
    const states = (): Promise<readonly string[]> => Promise.all([guest.state(), other.state()]);
    const [start, shutDown, wrong, inVain, wait] = [
      { action: 'start', system: 'task-pair' },
      { action: 'shutDown', system: 'task-pair' },
      { action: 'start', system: 'nobody' },
      { action: 'wait', system: 'task-pair', seconds: 0 },
      { action: 'wait', system: 'task-pair' },
    ].map((task) => ({ type: 'virt-rewind', label: JSON.stringify(task), ...task }));
    assert.ok(start && shutDown && wrong && inVain && wait);
    await configure([start, shutDown, wrong, inVain, wait]);
    try {
      assert.deepEqual(await states(), ['shut off', 'shut off']);
      assert.deepEqual(await ended(shutDown.label), [[shutDown.label, 0]]);
      assert.deepEqual(await ended(inVain.label), [[inVain.label, 1]]);
      assert.deepEqual(await ended(start.label), [[start.label, 0]]);
      assert.deepEqual(await states(), ['running', 'running']);
      assert.deepEqual(await ended(wait.label), [[wait.label, 0]]);
      assert.deepEqual(await ended(start.label), [[start.label, 0]]);
      assert.deepEqual(await ended(wrong.label), [[wrong.label, 1]]);
    } finally {
      await call('virtRewind.dissolveSystem', { system: 'task-pair', confirm: false });
    }
  });
});
