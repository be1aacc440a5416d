// What an operation would do, in words, with the button that runs it. Knows no operation.
import { t } from '@vscode/l10n';
import { button, element, setText } from './element.js';
import type { PictureWhatIf } from '../messages.js';

export class WhatIfView {
  readonly element: HTMLElement;
  readonly #title: HTMLElement;
  readonly #lines: HTMLElement;
  readonly #run: HTMLButtonElement;
  readonly #others: HTMLButtonElement;
  readonly #leave: HTMLButtonElement;
  #shown: PictureWhatIf | undefined;

  /**
   * @param agree runs what is shown
   * @param run has the command ask in which way
   */
  constructor(agree: (number: number) => void, run: (action: string, snapshot: string) => void, leave: () => void) {
    this.#title = element('h2', { attributes: { tabindex: '-1' } });
    this.#lines = element('p');
    this.#run = button(
      '',
      () => {
        const wanted = this.#shown?.run;
        if (wanted !== undefined) {
          agree(wanted.number);
        }
      },
      'button main',
    );
    this.#others = button(t('Other Ways…'), () => {
      const wanted = this.#shown?.run;
      if (wanted !== undefined) {
        run(wanted.action, wanted.snapshot);
      }
    });
    this.#leave = button(t('Leave It'), leave);
    this.element = element(
      'section',
      { class: 'part what-if', attributes: { 'aria-label': t('What If') } },
      this.#title,
      this.#lines,
      element('div', { class: 'tools' }, this.#run, this.#others, this.#leave),
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
    setText(this.#lines, whatIf.lines.join('\n'));
    this.#run.hidden = whatIf.run === undefined;
    setText(this.#run, whatIf.run?.label ?? '');
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
}
