// A person at the keyboard, for tests: answers the questions that the extension asks, in order, and remembers what was
// asked and said. VS Code itself shows no modal dialog in tests.
import { AssertionError } from 'node:assert/strict';
import * as vscode from 'vscode';
import { buttonsWidth, roomForButtons } from '../buttonWidth.js';

export interface Asked {
  readonly how: 'pick' | 'input' | 'modal';
  /** Placeholder, title, or the question. */
  readonly question: string;
  /** What stands above a list. */
  readonly title: string;
  /** Labels of a list, buttons of a dialog or of a box. */
  readonly choices: readonly string[];
  /** Everything else that could be read: descriptions and details. */
  readonly text: string;
  /** The text in an input box before anything is typed. */
  readonly value: string;
  /** What is said against a text while it is typed. */
  readonly problem: (text: string) => Promise<string | undefined>;
}

/**
 * The label, button or text of the answer (of a box its button, or a text and the button in a line below it); of a list
 * with boxes the labels that stay ticked, a line each; undefined leaves the question, as Escape does.
 */
export type Answer = (asked: Asked) => string | undefined | Promise<string | undefined>;

export interface Said {
  readonly severity: 'information' | 'warning' | 'error';
  readonly message: string;
  readonly buttons: readonly string[];
  /** Clicks a button. */
  readonly click: (button: string) => void;
}

/** A notification that tells how far something is. */
export interface Told {
  readonly title: string;
  readonly cancellable: boolean;
  readonly messages: readonly string[];
  /** Clicks Cancel. */
  readonly cancel: () => void;
}

/**
 * As the editor finds links in messages, boxes and notifications (vs/base/common/linkedText.ts). It is never given one,
 * whatever a VM is called.
 */
const link = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)/iu;

function isText(...texts: readonly (string | undefined)[]): void {
  const found = texts.find((text) => text !== undefined && link.test(text.replace(/\s/gu, ' ')));
  if (found !== undefined) {
    throw new Error(`the editor was given a link: ${found}`);
  }
}

type Task = Parameters<typeof vscode.window.withProgress>[1];
type Items = readonly vscode.QuickPickItem[];
const names = [
  'showQuickPick',
  'showInputBox',
  'createInputBox',
  'showInformationMessage',
  'showWarningMessage',
  'showErrorMessage',
  'withProgress',
] as const;

export class Person {
  readonly asked: Asked[] = [];
  readonly said: Said[] = [];
  readonly told: Told[] = [];
  readonly #originals = names.map((name) => [name, Reflect.get(vscode.window, name) as unknown] as const);
  readonly #answers: Answer[] = [];
  #listener: (() => void) | undefined;
  /** What was not as a test awaited it, or a box could not answer: it may have nobody to throw to. */
  #unexpected: Error | undefined;
  #press: (said: Said) => string | undefined = () => undefined;

  constructor() {
    const message =
      (severity: Said['severity']) =>
      (text: string, ...rest: unknown[]): Promise<string | undefined> =>
        this.#hear(severity, text, rest);
    const replacements: Record<(typeof names)[number], unknown> = {
      showQuickPick: (items: Items | Promise<Items>, options: vscode.QuickPickOptions) => this.#pick(items, options),
      showInputBox: (options: vscode.InputBoxOptions) => this.#type(options),
      createInputBox: () => this.#box(),
      showInformationMessage: message('information'),
      showWarningMessage: message('warning'),
      showErrorMessage: message('error'),
      withProgress: (options: vscode.ProgressOptions, task: Task) => this.#watch(options, task),
    };
    for (const name of names) {
      Reflect.set(vscode.window, name, replacements[name]);
    }
  }

  /** The next questions are answered so; one more is a failure of the test. */
  will(...answers: readonly (Answer | string | undefined)[]): void {
    this.asked.length = 0;
    this.said.length = 0;
    this.told.length = 0;
    this.#answers.length = 0;
    this.#answers.push(...answers.map((answer) => (typeof answer === 'function' ? answer : () => answer)));
  }

  /** Resolves as soon as a notification says such a thing. */
  hears(text: string): Promise<Told> {
    return new Promise((resolve) => {
      this.#listener = () => {
        const found = this.told.find(({ messages }) => messages.some((message) => message.includes(text)));
        if (found !== undefined) {
          this.#listener = undefined;
          resolve(found);
        }
      };
    });
  }

  /** Presses a button of each message that has one for it. */
  presses(button: (said: Said) => string | undefined): void {
    this.#press = button;
  }

  /** Resolves with the next message. */
  hearsNext(): Promise<Said> {
    return new Promise((resolve) => {
      this.#press = (said) => {
        this.#press = () => undefined;
        resolve(said);
        return undefined;
      };
    });
  }

  leave(): void {
    for (const [name, original] of this.#originals) {
      Reflect.set(vscode.window, name, original);
    }
    if (this.#unexpected !== undefined) {
      throw this.#unexpected;
    }
  }

  async #pick(items: Items | Promise<Items>, options: vscode.QuickPickOptions): Promise<unknown> {
    const all = await items;
    const label = await this.#answer({
      how: 'pick',
      question: options.placeHolder ?? '',
      title: options.title ?? '',
      choices: all.map((item) => item.label),
      text: all.map(({ label: name, description, detail }) => [name, description, detail].join(' | ')).join('\n'),
    });
    if (label === undefined) {
      return undefined;
    }
    const ticked = label.split('\n');
    return options.canPickMany === true
      ? all.filter((item) => ticked.includes(item.label))
      : all.find((item) => item.label === label);
  }

  #type(options: vscode.InputBoxOptions): Promise<string | undefined> {
    const { title, prompt, value, placeHolder } = options;
    isText(title, prompt, placeHolder);
    return this.#answer({
      how: 'input',
      question: title ?? '',
      text: prompt ?? '',
      ...(value !== undefined && { value }),
      problem: async (text) => {
        const said = await options.validateInput?.(text);
        const problem = typeof said === 'string' ? said : said?.message;
        isText(problem);
        return problem;
      },
    });
  }

  /** As much of a box with buttons as the extension uses. */
  #box(): unknown {
    const [accepted, pressed, hidden] = [
      new vscode.EventEmitter<void>(),
      new vscode.EventEmitter<vscode.QuickInputButton>(),
      new vscode.EventEmitter<void>(),
    ];
    const box = {
      title: '',
      prompt: '',
      value: '',
      buttons: [] as readonly vscode.QuickInputButton[],
      onDidAccept: accepted.event,
      onDidTriggerButton: pressed.event,
      onDidHide: hidden.event,
      dispose: () => undefined,
      show: (): void => {
        const { title, prompt, value, buttons } = box;
        isText(title, prompt, ...buttons.map(({ tooltip }) => tooltip));
        const choices = buttons.map(({ tooltip }) => tooltip ?? '');
        void this.#answer({ how: 'input', question: title, text: prompt, value, choices }).then(
          (answer) => {
            const button = buttons.find(({ tooltip }) => answer?.split('\n').at(-1) === tooltip);
            if (answer === undefined) {
              hidden.fire();
            } else if (button === undefined) {
              box.value = answer;
              accepted.fire();
            } else {
              box.value = answer.includes('\n') ? answer.slice(0, answer.lastIndexOf('\n')) : value;
              pressed.fire(button);
            }
          },
          (unexpected: unknown) => {
            this.#unexpected = unexpected instanceof Error ? unexpected : new Error(String(unexpected));
            hidden.fire();
          },
        );
      },
    };
    return box;
  }

  #hear(severity: Said['severity'], text: string, rest: readonly unknown[]): Promise<string | undefined> {
    const [first, ...others] = rest;
    isText(text, typeof first === 'object' ? (first as vscode.MessageOptions).detail : undefined);
    const options = typeof first === 'object' ? (first as vscode.MessageOptions) : {};
    const buttons = (typeof first === 'string' ? rest : others).filter((one) => typeof one === 'string');
    if (options.modal === true) {
      if (buttonsWidth([...buttons, 'Cancel']) > roomForButtons) {
        throw new Error(`a narrow window would cut the buttons ${buttons.join(' | ')}`);
      }
      return this.#answer({ how: 'modal', question: text, choices: buttons, text: options.detail ?? '' });
    }
    return new Promise((click) => {
      const said = { severity, message: text, buttons, click };
      this.said.push(said);
      const pressed = this.#press(said);
      if (pressed !== undefined) {
        click(pressed);
      }
    });
  }

  #watch({ title = '', cancellable = false }: vscode.ProgressOptions, task: Task): Thenable<unknown> {
    isText(title);
    const source = new vscode.CancellationTokenSource();
    const messages: string[] = [];
    if (title !== '') {
      this.told.push({ title, cancellable, messages, cancel: () => source.cancel() });
    }
    const report = ({ message }: { readonly message?: string }): void => {
      if (message !== undefined) {
        isText(message);
        messages.push(message);
        this.#listener?.();
      }
    };
    return task({ report }, source.token);
  }

  async #answer(part: Pick<Asked, 'how' | 'question' | 'text'> & Partial<Asked>): Promise<string | undefined> {
    const asked: Asked = { choices: [], value: '', title: '', problem: () => Promise.resolve(undefined), ...part };
    this.asked.push(asked);
    const answer = this.#answers.shift();
    if (answer === undefined) {
      throw new Error(`nobody expected the question "${asked.question}"`);
    }
    try {
      return await answer(asked);
    } catch (error) {
      // A command that no program called shows it as a message, and the test would go on.
      this.#unexpected ??= error instanceof AssertionError ? error : undefined;
      throw error;
    }
  }
}
