// Labs in the editor: a file is read while it is written, and its lab is made, checked, reset and removed by commands
// and by a task.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { readLab } from '../../src/lab/readLab.js';
import type { SystemResult } from '../../src/systems/groupRun.js';
import { labTests } from '../../src/ui/lab/labTests.js';
import { asksFirst, call, CommandRig, fromMenu, type Guest, rejects, untrustedly } from './commandRig.js';
import { Person } from './person.js';

const vm = 'lab-member';

/**
 * The profile "Reset first" of our own labs in the Testing view, beside that of the extension: nobody else can run one.
 */
function watchedProfile(): {
  readonly run: (label?: string, source?: vscode.CancellationTokenSource) => Promise<readonly string[]>;
  readonly dispose: () => void;
} {
  const create = vscode.tests.createTestController;
  const own: {
    controller?: vscode.TestController;
    handler?: (request: vscode.TestRunRequest, token: vscode.CancellationToken) => Thenable<void> | void;
  } = {};
  const outcomes: string[] = [];
  const heard = (run: vscode.TestRun): vscode.TestRun =>
    new Proxy(run, {
      get: (target, key) => {
        if (key === 'passed' || key === 'failed' || key === 'errored' || key === 'skipped') {
          return () => outcomes.push(key);
        }
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    });
  Reflect.set(vscode.tests, 'createTestController', (id: string, label: string) => {
    const controller = create(`${id}.watched`, label);
    own.controller = controller;
    return new Proxy(controller, {
      get: (target, key) =>
        key === 'createTestRun'
          ? (request: vscode.TestRunRequest) => heard(target.createTestRun(request))
          : key === 'createRunProfile'
            ? (...given: Parameters<vscode.TestController['createRunProfile']>) => {
                [, , own.handler] = given;
                return target.createRunProfile(...given);
              }
            : (Reflect.get(target, key) as unknown),
      set: (target, key, value) => Reflect.set(target, key, value),
    });
  });
  const labs = labTests();
  Reflect.set(vscode.tests, 'createTestController', create);
  return {
    run: async (label = 'tests', { token } = new vscode.CancellationTokenSource()) => {
      const { controller, handler } = own;
      assert.ok(controller !== undefined && handler !== undefined);
      const found = (): vscode.TestItem | undefined =>
        [...controller.items]
          .flatMap(([, { children }]) => [...children].map(([, child]) => child))
          .find((child) => child.label === label);
      // The editor reads tasks.json when it sees that it was written.
      do {
        await controller.refreshHandler?.(token);
      } while (found() === undefined);
      outcomes.length = 0;
      await handler(new vscode.TestRunRequest([found()!]), token);
      return [...outcomes];
    },
    dispose: () => labs.dispose(),
  };
}

describe('a lab in the editor', () => {
  let rig: CommandRig;
  let guest: Guest;
  let file: string;

  const text = (points = 'points:\n  - title: clean\n'): string =>
    `version: 1\nname: shop\nvms:\n  one:\n    existing: ${vm}\n${points}`;
  /** The commands that are offered above its first line. */
  const offers = async (): Promise<string> => {
    const { uri } = await vscode.workspace.openTextDocument(file);
    const lenses = await vscode.commands.executeCommand<readonly vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      uri,
    );
    return lenses.map(({ command }) => command?.command.replace('virtRewind.', '')).join(' ');
  };
  const systems = async (): Promise<readonly string[]> =>
    (await rig.virsh('snapshot-list', vm, '--name')).split('\n').filter(Boolean);

  before(async () => {
    rig = new CommandRig();
    await call('virtRewind.connect', { connection: rig.uri });
    guest = await rig.guest({ name: vm });
    await guest.start();
    await call('virtRewind.refresh');
    mkdirSync(join(rig.dir, 'shop'), { recursive: true });
    file = join(rig.dir, 'shop/virt-rewind.yaml');
    writeFileSync(file, text());
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await rig.stop();
  });

  it('is told what is wrong with its file, until it is right', async () => {
    writeFileSync(file, text('point: []\n'));
    await call('virtRewind.openLabFile', { file });
    const document = vscode.window.activeTextEditor?.document;
    assert.equal(document?.uri.fsPath, file);
    const problems = async (count: number): Promise<readonly vscode.Diagnostic[]> => {
      for (;;) {
        const found = vscode.languages.getDiagnostics(document.uri);
        if (found.length === count) {
          return found;
        }
        await new Promise((resolve) => {
          const listener = vscode.languages.onDidChangeDiagnostics(() => {
            listener.dispose();
            resolve(undefined);
          });
        });
      }
    };
    const [wrong] = await problems(1);
    assert.match(wrong?.message ?? '', /points/u);
    assert.equal(wrong?.range.start.line, 5);
    await rejects(call('virtRewind.createLab', { file, confirm: false }), 'invalid');
    assert.equal(await offers(), '');

    const edit = new vscode.WorkspaceEdit();
    edit.replace(document.uri, new vscode.Range(5, 0, 99, 0), 'points:\n  - title: clean\n    ');
    await vscode.workspace.applyEdit(edit);
    await problems(0);
    assert.equal(await offers(), 'createLab');
  });

  it('is made of what the editor has, asked before', async () => {
    // What was typed is saved first.
    assert.equal(vscode.window.activeTextEditor?.document.isDirty, true);
    assert.match(await asksFirst(call('virtRewind.createLab', { file })), /Create the lab shop/u);
    assert.equal(vscode.window.activeTextEditor.document.isDirty, false);
    assert.deepEqual(await systems(), []);
    assert.deepEqual(await call('virtRewind.checkLab', { file }), ['The lab was not created.']);
    await rejects(call('virtRewind.resetLab', { file, confirm: false }), 'notFound');
    assert.deepEqual(await call('virtRewind.createLab', { file, confirm: false }), { lab: 'shop', isNew: true });
    assert.deepEqual(await call('virtRewind.createLab', { file, confirm: false }), { lab: 'shop', isNew: false });
    assert.deepEqual(await call('virtRewind.checkLab', { file }), []);
    const { tree } = await rig.api();
    const [top] = await tree.getChildren();
    assert.ok(top?.kind === 'system');
    assert.equal(tree.getTreeItem(top).label, 'shop');
    assert.equal(await offers(), 'resetLab checkLab destroyLab');

    // Written of its system, it says what its file says.
    const again = join(rig.dir, 'shop/again.yaml');
    await call('virtRewind.exportLab', { system: 'shop', file: again });
    assert.deepEqual(readLab(readFileSync(again, 'utf8')).lab, readLab(readFileSync(file, 'utf8')).lab);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('is reset by its command, and by a task before a debugging session', async () => {
    await guest.setCounters(7);
    await asksFirst(call('virtRewind.resetLab', { file }));
    const { members } = await call<SystemResult>('virtRewind.resetLab', { file, confirm: false });
    assert.deepEqual(
      members.map(({ outcome }) => outcome),
      ['done'],
    );
    assert.equal((await guest.counters()).memory, 0);
    await rejects(call('virtRewind.resetLab', { file, snapshot: 'nothing', confirm: false }), 'notFound');
    // Back and not up is no reset to go on by: tests would run against it.
    const start = { system: 'shop', vm, startsAfter: [] };
    await call('virtRewind.setStartOrder', { ...start, host: '127.0.0.1', port: 1, seconds: 1 });
    await guest.setCounters(6);
    await rejects(call('virtRewind.resetLab', { file, confirm: false }), 'failed');
    assert.equal((await guest.counters()).memory, 0);
    await call('virtRewind.setStartOrder', { ...start, upWhen: 'nothing' });

    await guest.setCounters(8);
    const definition = { type: 'virt-rewind', action: 'resetLab', file, confirm: false };
    const configuration = vscode.workspace.getConfiguration('tasks');
    await configuration.update('version', '2.0.0', vscode.ConfigurationTarget.Workspace);
    await configuration.update('tasks', [{ label: 'reset', ...definition }], vscode.ConfigurationTarget.Workspace);
    try {
      let task: vscode.Task | undefined;
      while (task === undefined) {
        task = (await vscode.tasks.fetchTasks({ type: 'virt-rewind' })).find(({ name }) => name === 'reset');
      }
      const code = new Promise((resolve) => {
        const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
          if (execution.task.name === 'reset') {
            listener.dispose();
            resolve(exitCode);
          }
        });
      });
      await vscode.commands.executeCommand('workbench.action.tasks.runTask', 'reset');
      assert.equal(await code, 0);
    } finally {
      await configuration.update('tasks', undefined, vscode.ConfigurationTarget.Workspace);
    }
    assert.equal((await guest.counters()).memory, 0);
  });

  it('is reset before the tests of another extension by the key of the documents, and they do not run where it cannot be', async () => {
    const page = readFileSync(join(__dirname, '../../docs/test-loop.md'), 'utf8');
    const shown = /^\/\/ keybindings\.json.*?\n(\{.*?^\})$/msu.exec(page)?.[1]?.replaceAll(/,(?=\s*[\]}])/gu, '');
    assert.ok(shown !== undefined, 'the page has no such key');
    const key = (more: object): { readonly command: string; readonly args: object } =>
      JSON.parse(shown, (name, value: unknown) =>
        name === 'args' && typeof value === 'object' && value !== null && 'file' in value
          ? { ...value, file, ...more }
          : value,
      ) as { readonly command: string; readonly args: object };
    const controller = vscode.tests.createTestController('others', 'Others');
    controller.items.add(controller.createTestItem('one', 'one'));
    const found: (number | undefined)[] = [];
    let ran = (): void => undefined;
    const once = new Promise<void>((resolve) => (ran = resolve));
    controller.createRunProfile(
      'Run',
      vscode.TestRunProfileKind.Run,
      async (request) => {
        const run = controller.createTestRun(request);
        found.push((await guest.counters()).memory);
        run.end();
        ran();
      },
      true,
    );
    try {
      await guest.setCounters(9);
      const failing = key({ snapshot: 'nothing' });
      await vscode.commands.executeCommand(failing.command, failing.args);
      const working = key({});
      await vscode.commands.executeCommand(working.command, working.args);
      await once;
      assert.deepEqual(found, [0]);
    } finally {
      controller.dispose();
    }
  });

  it('is removed, and what was there before stays', async () => {
    assert.match(await asksFirst(call('virtRewind.destroyLab', { file })), /Destroy the lab shop/u);
    assert.deepEqual(await call('virtRewind.destroyLab', { file, confirm: false }), { removed: [] });
    assert.ok(!(await systems()).includes('clean'));
    assert.equal(await guest.state(), 'running');
    assert.equal(await offers(), 'createLab');
  });

  it('is written of VMs that are there, into the folder of the workspace, and opened', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
    assert.ok(folder !== undefined);
    const written = join(folder, 'virt-rewind.yaml');
    const row = await rig.vmRow(vm);
    const person = new Person();
    try {
      person.will();
      assert.deepEqual(await fromMenu('virtRewind.exportLab', row), { file: written, vms: [vm] });
      assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, written);
      assert.match(readFileSync(written, 'utf8'), /existing: lab-member/u);
      assert.deepEqual(await call('virtRewind.checkLab', { file: written }), ['The lab was not created.']);
      // Somebody's work is there now: it stays unless a person says otherwise.
      writeFileSync(written, text());
      person.will(({ how, question, text: lines }) => {
        assert.equal(how, 'modal');
        assert.match(`${question} ${lines}`, /Replace the file.*virt-rewind\.yaml/su);
        return undefined;
      });
      assert.equal(await fromMenu('virtRewind.exportLab', row), undefined);
      assert.equal(readFileSync(written, 'utf8'), text());
      person.will('Replace');
      assert.deepEqual(await fromMenu('virtRewind.exportLab', row), { file: written, vms: [vm] });
      assert.doesNotMatch(readFileSync(written, 'utf8'), /clean/u);
      // No existing lab is picked before the person does.
      person.will(({ how, choices }) => {
        assert.ok(how === 'pick' && choices.includes(vm));
        return vm;
      }, 'Replace');
      assert.deepEqual(await call('virtRewind.exportLab'), { file: written, vms: [vm] });
    } finally {
      person.leave();
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
      await vscode.workspace.fs.delete(vscode.Uri.file(written));
    }
  });

  it('is written as a program says, and not over what is typed or into no folder', async () => {
    const other = join(rig.dir, 'shop/exported.yaml');
    const given = { vms: [vm], file: other };
    await call('virtRewind.exportLab', given);
    await asksFirst(call('virtRewind.exportLab', given));
    writeFileSync(other, '# mine\n');
    await call('virtRewind.exportLab', { ...given, confirm: false });
    const exported = readFileSync(other, 'utf8');
    assert.match(exported, /existing: lab-member/u);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(vscode.Uri.file(other), new vscode.Position(0, 0), '# typed\n');
    assert.ok(await vscode.workspace.applyEdit(edit));
    await rejects(call('virtRewind.exportLab', { ...given, confirm: false }), 'refused');
    assert.equal(readFileSync(other, 'utf8'), exported);
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await rejects(call('virtRewind.exportLab', { ...given, file: join(rig.dir, 'nowhere/a.yaml') }), 'failed');
    await rejects(call('virtRewind.exportLab', { ...given, vms: ['nobody'] }), 'notFound');
    await rejects(call('virtRewind.exportLab', { system: 'nothing', file: other }), 'notFound');
    await rejects(call('virtRewind.exportLab', { vms: [], file: other }), 'invalid');
  });

  it('can be looked at in a workspace that is not trusted, and nothing is done or written', async () => {
    const lab = join(rig.dir, 'shop/untrusted.yaml');
    writeFileSync(lab, text().replace('name: shop', 'name: untrusted'));
    const exported = join(rig.dir, 'shop/never.yaml');
    const before_ = await systems();
    await untrustedly(async () => {
      assert.deepEqual(await call('virtRewind.checkLab', { file: lab }), ['The lab was not created.']);
      await call('virtRewind.openLabFile', { file: lab });
      for (const command of ['virtRewind.createLab', 'virtRewind.resetLab', 'virtRewind.destroyLab'] as const) {
        await rejects(call(command, { file: lab, confirm: false }), 'refused');
      }
      await rejects(call('virtRewind.exportLab', { vms: [vm], file: exported, confirm: false }), 'refused');
    });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    assert.deepEqual(await call('virtRewind.checkLab', { file: lab }), ['The lab was not created.']);
    assert.deepEqual(await systems(), before_);
    assert.ok(!existsSync(exported));
  });

  it('is reset before test tasks by its profile, and they do not run where it may not be', async () => {
    const folder = vscode.workspace.workspaceFolders?.[0];
    assert.ok(folder !== undefined);
    const ofTests = join(folder.uri.fsPath, 'virt-rewind.yaml');
    writeFileSync(ofTests, text().replace('name: shop', 'name: tested'));
    const configuration = vscode.workspace.getConfiguration('tasks');
    const task = { label: 'tests', type: 'process', command: 'true', group: 'test' };
    await configuration.update('version', '2.0.0', vscode.ConfigurationTarget.Workspace);
    await configuration.update('tasks', [task], vscode.ConfigurationTarget.Workspace);
    const profile = watchedProfile();
    try {
      await guest.setCounters(4);
      await call('virtRewind.createLab', { file: ofTests, confirm: false });
      const { activeVm } = await rig.api();
      const before = activeVm.ref;
      assert.match(activeVm.text ?? '', /tested · /u);
      await guest.setCounters(5);
      assert.deepEqual(await profile.run(), ['passed']);
      assert.equal((await guest.counters()).memory, 4);
      assert.match(activeVm.text ?? '', /tested · /u);
      assert.deepEqual(activeVm.ref, before);
      await guest.setCounters(6);
      const ran: string[] = [];
      const listener = vscode.tasks.onDidStartTask(({ execution }) => ran.push(execution.task.name));
      assert.deepEqual(await untrustedly(() => profile.run()), ['errored']);
      listener.dispose();
      assert.deepEqual(ran, []);
      assert.equal((await guest.counters()).memory, 6);

      // The editor reports nothing of tasks that wait for others which never begin.
      const after = (label: string, dependsOn: string): object => ({ ...task, label, dependsOn });
      const broken = { label: 'broken', type: 'process', command: 'false' };
      const waits = { label: 'waits', type: 'process', command: 'sleep', args: ['infinity'] };
      const all = [broken, after('after the broken one', 'broken'), waits, after('after the one that waits', 'waits')];
      await configuration.update('tasks', all, vscode.ConfigurationTarget.Workspace);
      assert.deepEqual(await profile.run('after the broken one'), ['failed']);
      const source = new vscode.CancellationTokenSource();
      const waiting: vscode.TaskExecution[] = [];
      const watch = vscode.tasks.onDidStartTask(({ execution }) => {
        waiting.push(execution);
        source.cancel();
      });
      assert.deepEqual(await profile.run('after the one that waits', source), ['skipped']);
      watch.dispose();
      const end = new Promise((resolve) => vscode.tasks.onDidEndTask(resolve));
      waiting.forEach((one) => one.terminate());
      await end;
    } finally {
      profile.dispose();
      await configuration.update('tasks', undefined, vscode.ConfigurationTarget.Workspace);
      await call('virtRewind.destroyLab', { file: ofTests, confirm: false });
      await vscode.workspace.fs.delete(vscode.Uri.file(ofTests));
    }
  });

  it('has a page of all that is wrong with its file, where that is more than a message holds', async () => {
    const several = join(rig.dir, 'shop/several.yaml');
    writeFileSync(several, 'version: 1\nname: several\nvms:\n  one:\n    vm: a\n  two:\n    vm: b\n');
    for (const command of ['virtRewind.checkLab', 'virtRewind.createLab'] as const) {
      // As the explorer's menu calls it: who reads messages, and not errors.
      await vscode.commands.executeCommand(command, vscode.Uri.file(several));
      const path = '/Check of several.yaml.md';
      const page = await vscode.workspace.openTextDocument(vscode.Uri.from({ scheme: 'virt-rewind-report', path }));
      assert.match(page.getText().replaceAll('\\', ''), /^- Line 5: .*vm[^]*^- Line 7: .*vm/mu);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    }
  });
});
