// The test tasks of a workspace with a lab in the Testing view, under a profile that resets the lab before each of
// them. Tests of other extensions cannot be run from here: docs/decisions/025 says why.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { systemClock } from '../../base/clock.js';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { CommandId } from '../../verbs/verbs.js';
import { labFileName } from '../../manifest/labFileName.js';
import { taskType } from '../../manifest/viewIds.js';
import { measuredText } from '../../text/relativeAge.js';
import { foldersWithLab } from './labFolders.js';

interface Tests {
  readonly task: vscode.Task;
  /** Absolute path of the lab file. */
  readonly file: string;
}

export function labTests(): Disposable {
  const store = new DisposableStore();
  const controller = store.add(vscode.tests.createTestController('virtRewind.labs', t('Labs')));
  const known = new Map<vscode.TestItem, Tests>();
  const find = async (): Promise<void> => {
    known.clear();
    const folders = await foldersWithLab();
    const tasks = folders.length === 0 ? [] : await vscode.tasks.fetchTasks();
    const items = folders.map((folder) => {
      const file = vscode.Uri.joinPath(folder.uri, labFileName);
      const item = controller.createTestItem(folder.uri.toString(), folder.name, file);
      for (const task of tasks.filter((one) => isTest(one) && isOf(one, folder))) {
        const child = controller.createTestItem(`${task.source}: ${task.name}`, task.name);
        known.set(child, { task, file: file.fsPath });
        item.children.add(child);
      }
      if (item.children.size === 0) {
        item.error = t('No task of this folder is a test. Add {0} to a task in tasks.json.', '"group": "test"');
      }
      return item;
    });
    controller.items.replace(items);
  };
  controller.resolveHandler = (item) => (item === undefined ? find() : undefined);
  controller.refreshHandler = find;
  const run = async (request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> => {
    const doing = controller.createTestRun(request);
    try {
      const wanted = leavesOf(request.include ?? [...controller.items].map(([, item]) => item));
      const items = wanted.filter((item) => request.exclude?.includes(item) !== true);
      items.forEach((item) => doing.enqueued(item));
      for (const item of items) {
        const tests = known.get(item);
        if (tests === undefined || token.isCancellationRequested) {
          doing.skipped(item);
        } else {
          await resetAndRun(item, tests, doing, token);
        }
      }
    } finally {
      doing.end();
    }
  };
  // Not a default: where another extension has tests, Run All means those.
  store.add(controller.createRunProfile(t('Reset First'), vscode.TestRunProfileKind.Run, run, false));
  return store;
}

async function resetAndRun(
  item: vscode.TestItem,
  { task, file }: Tests,
  run: vscode.TestRun,
  token: vscode.CancellationToken,
): Promise<void> {
  const say = (line: string): void => run.appendOutput(`${line}\r\n`, undefined, item);
  const isCancelled = (): boolean => token.isCancellationRequested;
  const command: CommandId = 'virtRewind.resetLab';
  run.started(item);
  item.description = '';
  const began = systemClock.ticks();
  try {
    // A person who runs this profile has agreed to the reset. A protected one still asks for its name.
    if ((await vscode.commands.executeCommand(command, { file, confirm: false })) === undefined || isCancelled()) {
      run.skipped(item);
      return;
    }
    const reset = systemClock.ticks() - began;
    say(t('The lab was reset in {0}.', measuredText(reset)));
    const code = await endOf(task, token);
    const tested = systemClock.ticks() - began - reset;
    say(t('The task {0} took {1}. Its output is in the terminal.', task.name, measuredText(tested)));
    item.description = t('after a reset that took {0}', measuredText(reset));
    if (code === 0) {
      run.passed(item, tested);
    } else if (isCancelled()) {
      run.skipped(item);
    } else {
      const why = t('The task {0} exited with code {1}.', task.name, code ?? '?');
      run.failed(item, new vscode.TestMessage(why), tested);
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    run.errored(item, new vscode.TestMessage(message), systemClock.ticks() - began);
  }
}

/** @returns the exit code of its last process; undefined where it had none, or nobody waits for it any more */
async function endOf(task: vscode.Task, token: vscode.CancellationToken): Promise<number | undefined> {
  const store = new DisposableStore();
  const codes = new Map<vscode.TaskExecution, number | undefined>();
  const begun = new Set<vscode.TaskExecution>();
  const over = new Set<vscode.TaskExecution>();
  let look = (): void => undefined;
  const noteIn =
    (those: Set<vscode.TaskExecution>) =>
    ({ execution }: { readonly execution: vscode.TaskExecution }): void => {
      those.add(execution);
      look();
    };
  // It may end before the editor has told us which one it is.
  store.add(vscode.tasks.onDidStartTask(noteIn(begun)));
  store.add(vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => void codes.set(execution, exitCode)));
  store.add(vscode.tasks.onDidEndTask(noteIn(over)));
  const { started, whole } = await start(task);
  const isIt = (one: vscode.TaskExecution): boolean =>
    started === undefined ? one.task.name === task.name : one === started;
  const end = new Promise<number | undefined>((resolve, reject) => {
    let isLeft = false;
    look = () => {
      const ended = [...over].find(isIt);
      const willNot = token.isCancellationRequested || [...codes.values()].some((code) => code !== 0);
      if (ended !== undefined) {
        resolve(codes.get(ended));
      } else if (isLeft && willNot && ![...begun].some(isIt)) {
        // One that it depends on has failed: nothing tells of the end of a task that never began.
        resolve(undefined);
      } else if (token.isCancellationRequested) {
        // Also one that begins only now, when what it depends on is done.
        vscode.tasks.taskExecutions.filter(isIt).forEach((one) => one.terminate());
      }
    };
    whole?.then(() => {
      isLeft = true;
      look();
    }, reject);
    look();
  }).finally(() => store.dispose());
  const cancelled = new Promise<undefined>((resolve) => {
    store.add(
      token.onCancellationRequested(() => {
        look();
        resolve(undefined);
      }),
    );
  });
  return Promise.race([end, cancelled]);
}

/**
 * In a window on a server, VS Code finds no folder for a task that it has listed itself ("No workspace folder"); by its
 * name it does. `whole`: until it has ended, with what it depends on; or until a person is asked which one is meant.
 */
async function start(
  task: vscode.Task,
): Promise<{ readonly started?: vscode.TaskExecution; readonly whole?: Thenable<unknown> }> {
  try {
    return { started: await vscode.tasks.executeTask(task) };
  } catch {
    return { whole: vscode.commands.executeCommand('workbench.action.tasks.runTask', task.name) };
  }
}

function isTest({ group, definition }: vscode.Task): boolean {
  return group?.id === vscode.TaskGroup.Test.id && definition.type !== taskType;
}

/** What belongs to the whole workspace, belongs to its first folder. */
function isOf({ scope }: vscode.Task, folder: vscode.WorkspaceFolder): boolean {
  return typeof scope === 'object' ? scope.index === folder.index : folder.index === 0;
}

function leavesOf(items: readonly vscode.TestItem[]): readonly vscode.TestItem[] {
  return items.flatMap((item) =>
    item.children.size === 0 ? [item] : leavesOf([...item.children].map(([, child]) => child)),
  );
}
