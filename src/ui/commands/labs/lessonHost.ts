// The lesson with its page, loaded when somebody wants it or an earlier one left something.
import type { Disposable } from '../../../base/disposable.js';
import type { LessonOptions } from '../../../lesson/lesson.js';
import type { LessonWithPanel } from '../../lesson/lessonPanel.js';

export class LessonHost implements Disposable {
  /** The file that the lesson's VM runs. */
  readonly guest: string;
  readonly #options: Omit<LessonOptions, 'perform'>;
  #opened: Promise<LessonWithPanel> | undefined;

  constructor(options: Omit<LessonOptions, 'perform'>) {
    this.#options = options;
    this.guest = options.guest;
  }

  open(): Promise<LessonWithPanel> {
    this.#opened ??= this.#load();
    return this.#opened;
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

  async #load(): Promise<LessonWithPanel> {
    const [{ Lesson: Loaded }, { LessonPanel: Panel }, { performAsCommand }] = await Promise.all([
      import('../../../lesson/lesson.js'),
      import('../../lesson/lessonPanel.js'),
      import('./performAsCommand.js'),
    ]);
    const lesson = new Loaded({ ...this.#options, perform: performAsCommand });
    return { lesson, panel: new Panel(lesson, this.#options.log) };
  }
}
