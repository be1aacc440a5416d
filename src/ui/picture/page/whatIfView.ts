// What an operation would do, in words, with the button that runs it. Knows no operation.
import { t } from '@vscode/l10n';
import { button, element, setText } from './element.js';
import type { PictureWhatIf } from '../messages.js';

interface Answers {
  /** Runs what is shown. */
  readonly agree: (number: number) => void;
  /** Puts what would be deleted into the trash. */
  readonly throwAway: (number: number) => void;
  /** Has the command ask in which way. */
  readonly run: (action: string, snapshot: string) => void;
  readonly leave: () => void;
}

type Run = NonNullable<PictureWhatIf['run']>;

export class WhatIfView {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #lines: HTMLElement;
  readonly #run: HTMLButtonElement;
  readonly #trash: HTMLButtonElement;
  readonly #others: HTMLButtonElement;
  readonly #leave: HTMLButtonElement;
  #shown: PictureWhatIf | undefined;

  constructor({ agree, throwAway, run, leave }: Answers) {
    this.#title = element('h2', { attributes: { tabindex: '-1' } });
    this.#lines = element('p');
    this.#run = this.#button('', ({ number }) => agree(number), 'button main');
    this.#trash = this.#button('', ({ number }) => throwAway(number), 'button main');
    this.#others = this.#button(t('More Options…'), ({ action, snapshot }) => run(action, snapshot));
    this.#leave = button(t('Cancel'), leave);
    this.element = element(
      'section',
      { class: 'part what-if', attributes: { 'aria-label': t('What If') } },
      this.#title,
      this.#lines,
      element('div', { class: 'tools' }, this.#trash, this.#run, this.#others, this.#leave),
    );
    this.element.hidden = true;
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        leave();
      }
    });
  }

  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  show(whatIf: PictureWhatIf): void {
    this.#shown = whatIf;
    setText(this.#title, whatIf.title);
    this.#lines.replaceChildren(
      ...whatIf.lines.flatMap((line) => line.split('\n').map((text) => element('span', { text }))),
    );
    this.#run.hidden = whatIf.run === undefined;
    setText(this.#run, whatIf.run?.label ?? '');
    this.#trash.hidden = whatIf.run?.trash === undefined;
    setText(this.#trash, whatIf.run?.trash ?? '');
    // As in the dialog: what loses nothing stands first.
    this.#run.classList.toggle('main', whatIf.run?.trash === undefined);
    this.#others.hidden = whatIf.run?.hasOtherWays !== true;
    const isAsked = whatIf.answer === 'asked';
    this.#leave.hidden = isAsked;
    this.element.hidden = false;
    if (!isAsked) {
      // The dialog that asks has the keyboard.
      this.#title.focus();
    }
    this.element.scrollIntoView({ block: 'nearest' });
  }

  leave(): void {
    this.#shown = undefined;
    this.element.hidden = true;
  }

  #button(label: string, act: (run: Run) => void, style?: string): HTMLButtonElement {
    const press = (): void => {
      const wanted = this.#shown?.run;
      if (wanted !== undefined) {
        act(wanted);
      }
    };
    return button(label, press, style);
  }
}
