// Has a checkpoint taken at the moments of the work that settings name: before debugging, when a task starts, after a
// switch of the git branch. Refuses to know how it is taken: that is loaded when the first one is due.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { type Disposable, DisposableStore, toDisposable } from '../../../base/disposable.js';
import { settingKeys } from '../../../manifest/settings.js';
import { notify } from '../../prompts/notify.js';
import { onDidChangeSettings, readSettings } from '../../readSettings.js';
import { isWantedAtTaskStart, isWantedBeforeDebugging, type Occasion } from './checkpointOccasions.js';
import type { CommandServices } from '../commandServices.js';
import { watchBranches } from './gitHead.js';
import { gitExtension } from './gitReference.js';
import type { RunningOperations } from '../operations/runningOperations.js';

export function automaticCheckpoints(services: CommandServices, running: RunningOperations): Disposable {
  const store = new DisposableStore();
  const one = new OneAtATime(services, running);
  store.add(beforeDebugging(one));
  store.add(
    vscode.tasks.onDidStartTask(({ execution: { task } }) => {
      const { name, source, definition } = task;
      if (isWantedAtTaskStart(readSettings(), { name, source, type: definition.type })) {
        void one.take({ kind: 'task', name });
      }
    }),
  );
  store.add(afterBranchSwitch(services, (name) => void one.take({ kind: 'branch', name })));
  return store;
}

/** Several that are due at once are one: it holds what is now for each of them. */
class OneAtATime {
  readonly #services: CommandServices;
  readonly #running: RunningOperations;
  #under: Promise<void> | undefined;

  constructor(services: CommandServices, running: RunningOperations) {
    this.#services = services;
    this.#running = running;
  }

  /** Never rejects. */
  take(occasion: Occasion, cancellation?: vscode.CancellationToken): Promise<void> {
    this.#under ??= this.#takeLogged(occasion, cancellation).finally(() => (this.#under = undefined));
    return this.#under;
  }

  async #takeLogged(occasion: Occasion, cancellation?: vscode.CancellationToken): Promise<void> {
    try {
      const { takeAutomatic } = await import('./takeAutomatic.js');
      await takeAutomatic(this.#services, this.#running, occasion, cancellation);
    } catch (error) {
      this.#services.log.error(`no checkpoint was taken by itself: ${String(error)}`);
    }
  }
}

/**
 * The last moment that the editor lets anybody hold a session back: after its `preLaunchTask`, and before its debugger
 * starts. A tracker of the debug adapter would be later, and is waited for one second only.
 */
function beforeDebugging(one: OneAtATime): Disposable {
  const store = new DisposableStore();
  const sessions = new Set<string>();
  store.add(vscode.debug.onDidStartDebugSession(({ id }) => sessions.add(id)));
  store.add(vscode.debug.onDidTerminateDebugSession(({ id }) => sessions.delete(id)));
  store.add(
    vscode.debug.registerDebugConfigurationProvider('*', {
      resolveDebugConfigurationWithSubstitutedVariables: async (_, configuration, token) => {
        if (isWantedBeforeDebugging(readSettings(), configuration.name, sessions.size)) {
          const taken = one.take({ kind: 'debugging', name: configuration.name }, token);
          await (token === undefined ? taken : Promise.race([taken, waitForCancel(token)]));
        }
        return configuration;
      },
    }),
  );
  return store;
}

function waitForCancel(token: vscode.CancellationToken): Promise<void> {
  return new Promise((resolve) => {
    if (token.isCancellationRequested) {
      resolve();
    }
    token.onCancellationRequested(() => resolve());
  });
}

/** From when it is wanted on: git is not woken for nothing. Whether it still is, is asked at each switch. */
function afterBranchSwitch({ log }: Pick<CommandServices, 'log'>, take: (branch: string) => void): Disposable {
  const store = new DisposableStore();
  const isEnabled = (): boolean => vscode.workspace.isTrusted && readSettings().checkpointAfterBranchSwitch;
  let isFollowed = false;
  const follow = (): void => {
    if (isEnabled() && !isFollowed) {
      isFollowed = true;
      followGit(store, (branch) => isEnabled() && take(branch)).catch((error: unknown) =>
        tellNoGit(log, String(error)),
      );
    }
  };
  store.add(onDidChangeSettings(follow));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(follow));
  follow();
  return store;
}

/** Git can be switched off and on while the editor runs. */
async function followGit(store: DisposableStore, onSwitch: (branch: string) => void): Promise<void> {
  const git = await gitExtension()?.activate();
  let watching: Disposable | undefined;
  const watch = (): void => {
    watching?.dispose();
    watching = git?.enabled === true ? watchBranches(git.getAPI(1), onSwitch) : undefined;
  };
  store.add(toDisposable(() => watching?.dispose()));
  watch();
  if (git !== undefined) {
    store.add(git.onDidChangeEnablement(watch));
  }
  if (watching === undefined) {
    throw new Error('the git extension is switched off, or is not there');
  }
}

function tellNoGit(log: CommandServices['log'], why: string): void {
  log.warn(`no branch can be followed: ${why}`);
  void notify(
    'warning',
    t(
      "Cannot create checkpoints after a switch of the Git branch: the editor's Git extension is not running. Enable it (git.enabled), or turn {0} off.",
      settingKeys.checkpointAfterBranchSwitch,
    ),
  );
}
