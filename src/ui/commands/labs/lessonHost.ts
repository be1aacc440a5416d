// The lesson with its page and its levels, loaded when somebody wants it or an earlier one left something.
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Disposable } from '../../../base/disposable.js';
import type { Log } from '../../../base/log.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { LessonOptions, LevelScore } from '../../../lesson/lessonRun.js';
import type { NamedLevel } from '../../../lesson/levelShape.js';
import { usedSinceText } from '../../../text/words.js';
import { notify } from '../../prompts/notify.js';
import type { ListedLevel } from '../../lesson/levelList.js';
import type { LessonWithPanel } from '../../lesson/lessonPanel.js';

interface HostOptions extends Omit<LessonOptions, 'perform' | 'onDone' | 'guest' | 'commandLine'> {
  readonly context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalState'>;
}

/** The best that this person reached, by the id of the level. */
type Results = Readonly<Record<string, LevelScore>>;
const resultsKey = 'lessonResults';
const mostFiles = 50;

export class LessonHost implements Disposable {
  /** The file that the lesson's VM runs. */
  readonly guest: string;
  /** Where the levels and the guest are. */
  readonly #folder: string;
  readonly #options: HostOptions;
  #opened: Promise<LessonWithPanel> | undefined;
  #own: Promise<readonly NamedLevel[]> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#folder = join(options.context.extensionPath, 'dist');
    this.guest = join(this.#folder, 'lesson.bin');
  }

  open(): Promise<LessonWithPanel> {
    this.#opened ??= this.#load();
    return this.#opened;
  }

  /** Ours, then those of the workspace, where it is trusted. */
  async levels(): Promise<readonly ListedLevel[]> {
    const { readOwnLevels } = await import('../../../lesson/ownLevels.js');
    this.#own ??= readOwnLevels(join(this.#folder, 'levels.json.br'));
    const results = this.#results;
    const all = [...(await this.#own), ...(await levelsInWorkspace(this.#options.log))];
    return all.map((one) => {
      const best = results[one.id];
      return best === undefined ? one : { ...one, best };
    });
  }

  /** Removes what lessons of editors that are gone have left. */
  async removeLeft(): Promise<void> {
    const left = await this.#options.engine.demoVms.readLeftDemoVms();
    if (left.length > 0) {
      await (await this.open()).lesson.removeLeft();
    }
  }

  async end(): Promise<void> {
    await (await this.#opened)?.lesson.end();
  }

  dispose(): void {
    void this.#opened?.then(({ lesson, panel }) => {
      panel.dispose();
      lesson.dispose();
    });
  }

  get #results(): Results {
    return this.#options.context.globalState.get<Results>(resultsKey, {});
  }

  /** Keeps the best of each figure. */
  #keep({ id }: NamedLevel, { steps, bytes }: LevelScore): void {
    const best = this.#results[id] ?? { steps, bytes };
    const kept = { steps: Math.min(best.steps, steps), bytes: Math.min(best.bytes, bytes) };
    this.#options.context.globalState
      .update(resultsKey, { ...this.#results, [id]: kept })
      .then(undefined, (error: unknown) => {
        this.#options.log.warn(`the result of ${id} is not kept: ${String(error)}`);
      });
  }

  async #load(): Promise<LessonWithPanel> {
    const [{ Lesson: Loaded }, { LessonPanel: Panel }, { isCommand, performAsCommand }] = await Promise.all([
      import('../../../lesson/lesson.js'),
      import('../../lesson/lessonPanel.js'),
      import('./performAsCommand.js'),
    ]);
    const { engine, log } = this.#options;
    const lesson = new Loaded({
      ...this.#options,
      guest: this.guest,
      commandLine: {
        program: process.execPath,
        script: join(this.#folder, 'commandLine.js'),
        environment: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      },
      perform: (request) => (isCommand(request) ? performAsCommand(request) : engine.runOperation(request)),
      onDone: (level, score) => this.#keep(level, score),
      onStays: (vms) => vms.forEach((name) => void notify('info', usedSinceText(name))),
    });
    return { lesson, panel: new Panel(lesson, () => this.levels(), log) };
  }
}

/** Files named `NAME.level.yaml`; those that are wrong are named in the log. */
async function levelsInWorkspace(log: Log): Promise<readonly NamedLevel[]> {
  if (!vscode.workspace.isTrusted) {
    return [];
  }
  const found = await vscode.workspace.findFiles('**/*.level.yaml', '**/node_modules/**', mostFiles);
  const { readLevelFile } = await import('../../../lesson/levelFiles.js');
  const read = await Promise.all(
    found
      .filter(({ scheme }) => scheme === 'file')
      .map(async ({ fsPath }) => {
        try {
          const { level, problems } = await readLevelFile(fsPath);
          if (level !== undefined && problems.length === 0) {
            return [{ id: `file:${fsPath}`, level }];
          }
          log.warn(`${fsPath} is not listed: virt-rewind level check says why`);
        } catch (error) {
          log.warn(`${fsPath}: ${asFailure(error).line}`);
        }
        return [];
      }),
  );
  return read.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
}
