// The one door to the editor's boxes and lists. What goes through it holds names from a libvirt: the editor makes links
// that run commands of `[label](command:…)` in a box's prompt and in what it says of a text, and icons of `$(name)` in
// lists.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Event } from '../../base/emitter.js';
import { displayLine, displayText } from '../../domain/plainText.js';
import { noticeText, withoutIcons } from '../../text/noticeText.js';
import { whileModalOpen } from '../openQuestions.js';

/** The longest text of a line: a virsh command that names several files. */
const longestText = 1_000;

/**
 * What every list has: a toast that was pressed gives the focus to the editor area, and a page in it may take it late,
 * when the list that the press brought is already there. A list that goes with the focus would be gone before it was
 * read.
 */
const everyList = { ignoreFocusOut: true } as const;

interface TextQuestion {
  readonly title?: string;
  readonly prompt: string;
  readonly placeHolder?: string;
  readonly value?: string;
  readonly ignoreFocusOut?: true;
  /** What is typed is not shown. */
  readonly password?: true;
  /** What is wrong with a text as it is typed. */
  readonly problem?: (text: string) => string | undefined;
  /** Is told each text as it is typed. */
  readonly onType?: (text: string) => void;
  /** Leaves the question when it is cancelled. */
  readonly until?: vscode.CancellationToken;
}

/** Resolves to what was typed; undefined when the box was left. */
export function askText({
  title,
  prompt,
  placeHolder,
  value,
  ignoreFocusOut,
  password,
  problem,
  onType,
  until,
}: TextQuestion): Thenable<string | undefined> {
  const options: vscode.InputBoxOptions = {
    prompt: noticeText(prompt),
    ...(title !== undefined && { title: noticeText(title) }),
    ...(placeHolder !== undefined && { placeHolder: displayLine(placeHolder) }),
    ...(value !== undefined && { value: displayText(value) }),
    ...(ignoreFocusOut !== undefined && { ignoreFocusOut }),
    ...(password !== undefined && { password }),
    ...((problem !== undefined || onType !== undefined) && {
      validateInput: (text) => {
        onType?.(text);
        const said = problem?.(text);
        return said === undefined ? undefined : noticeText(said);
      },
    }),
  };
  return whileModalOpen(vscode.window.showInputBox(options, until));
}

/** In the title of a box, reached by Tab too: what was typed is gone on with elsewhere. */
interface BoxButton {
  readonly label: string;
  /** Name of a codicon. */
  readonly icon: string;
}

interface TextOrButton {
  readonly text: string;
  /** The label of the button that was pressed. */
  readonly pressed?: string;
}

/** Resolves to what was typed, and which button was pressed; undefined when the box was left. */
export function askTextOr(
  { title = '', prompt, value = '', problem }: Pick<TextQuestion, 'title' | 'prompt' | 'value' | 'problem'>,
  ...buttons: readonly BoxButton[]
): Promise<TextOrButton | undefined> {
  const box = vscode.window.createInputBox();
  box.title = noticeText(title);
  box.prompt = noticeText(prompt);
  box.value = displayText(value);
  box.ignoreFocusOut = true;
  const inTitle = buttons.map(boxButton);
  box.buttons = inTitle;
  const problemNow = (): string | undefined => problem?.(box.value);
  const answer = new Promise<TextOrButton | undefined>((resolve) => {
    const end: typeof resolve = (given) => {
      resolve(given);
      box.dispose();
    };
    const endWith = (pressed: BoxButton | undefined): void => {
      if (problemNow() === undefined) {
        end({ text: box.value, ...(pressed !== undefined && { pressed: pressed.label }) });
      }
    };
    box.onDidChangeValue(() => {
      const shown = problemNow();
      box.validationMessage = shown === undefined ? undefined : noticeText(shown);
    });
    box.onDidAccept(() => endWith(undefined));
    box.onDidTriggerButton((one) => endWith(buttons[inTitle.indexOf(one)]));
    box.onDidHide(() => end(undefined));
    box.show();
  });
  return whileModalOpen(answer);
}

/** A line of a list. */
export interface ListLine<T> {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** Name of a codicon before the label. */
  readonly icon?: string;
  /** What a line between this one and those of another group says. */
  readonly group?: string;
  /** Whether it is picked at first, in a list of several; it is unless it says so. */
  readonly isPicked?: boolean;
  readonly value: T;
}

/** Resolves to the value of the line that was picked; undefined when the list was left. */
export async function askOne<T>(
  lines: readonly ListLine<T>[],
  placeHolder: string,
  title?: string,
): Promise<{ value: T } | undefined> {
  const options = {
    ...everyList,
    ...(title !== undefined && { title: noticeText(title) }),
    placeHolder: displayLine(placeHolder),
    matchOnDescription: true,
    matchOnDetail: true,
  };
  return whileModalOpen(vscode.window.showQuickPick(lines.flatMap(itemWithGroup), options));
}

/** All are picked until the user takes some out. @param others stand below them; to pick one changes nothing */
export async function askSeveral<T>(
  lines: readonly ListLine<T>[],
  placeHolder: string,
  others: readonly Pick<ListLine<T>, 'label' | 'detail'>[] = [],
  title?: string,
): Promise<readonly T[] | undefined> {
  const options = {
    ...everyList,
    ...(title !== undefined && { title: noticeText(title) }),
    placeHolder: displayLine(placeHolder),
    canPickMany: true,
  } as const;
  const items: readonly (vscode.QuickPickItem & { values: readonly T[] })[] = [
    ...lines.flatMap((line, index) =>
      itemWithGroup(line, index, lines).map((one) => ({ ...one, picked: line.isPicked ?? true, values: [line.value] })),
    ),
    ...(others.length === 0 ? [] : [{ ...separator(t('Left out')), values: [] }]),
    ...others.map((line) => ({ ...item({ ...line, value: [] }), values: [] })),
  ];
  const picked = await whileModalOpen(vscode.window.showQuickPick(items, options));
  return picked?.flatMap(({ values }) => values);
}

/** A line of a list that stays open and changes. */
export interface LiveLine extends Pick<ListLine<object>, 'label' | 'description' | 'detail' | 'icon' | 'value'> {
  /** Closes the list; absent: there is nothing to choose. */
  readonly choose?: (() => void) | undefined;
  readonly button?: (BoxButton & { readonly press: () => void }) | undefined;
}

interface LiveList {
  readonly title: string;
  readonly placeHolder: string;
  /** As they are now. */
  readonly lines: () => readonly LiveLine[];
  /** In its title; undefined: none now. */
  readonly button: () => (BoxButton & { readonly press: () => void }) | undefined;
  readonly onDidChange: Event<void>;
}

/** Resolves when it was closed. The row that has the focus keeps it. */
export async function showLive({ title, placeHolder, lines, button, onDidChange }: LiveList): Promise<void> {
  const list = vscode.window.createQuickPick<vscode.QuickPickItem & { readonly line: LiveLine }>();
  Object.assign(list, everyList, { title: noticeText(title), placeholder: displayLine(placeHolder) });
  Object.assign(list, { keepScrollPosition: true, matchOnDescription: true, matchOnDetail: true });
  const draw = (): void => {
    const items = lines().map((line) => ({
      ...item(line),
      line,
      ...(line.button && { buttons: [boxButton(line.button)] }),
    }));
    const titleButton = button();
    if (textOf(items) !== textOf(list.items) || (titleButton === undefined) !== (list.buttons.length === 0)) {
      const [active] = list.activeItems;
      list.items = items;
      list.activeItems = items.filter(({ line }, index) => (active ? line.value === active.line.value : index === 0));
      list.buttons = titleButton === undefined ? [] : [boxButton(titleButton)];
    }
  };
  draw();
  const listening = onDidChange(draw);
  const closed = new Promise<void>((resolve) => {
    list.onDidHide(() => resolve());
    list.onDidTriggerButton(() => button()?.press());
    list.onDidTriggerItemButton(({ item: { line } }) => line.button?.press());
    list.onDidAccept(() => {
      const choose = list.selectedItems[0]?.line.choose;
      if (choose !== undefined) {
        list.hide();
        choose();
      }
    });
    list.show();
  });
  await whileModalOpen(closed);
  listening.dispose();
  list.dispose();
}

function boxButton({ icon, label }: BoxButton): vscode.QuickInputButton {
  return { iconPath: new vscode.ThemeIcon(icon), tooltip: label };
}

function textOf(items: readonly vscode.QuickPickItem[]): string {
  return JSON.stringify(items.map(({ label, description, detail, buttons }) => [label, description, detail, buttons]));
}

function itemWithGroup<T>(
  line: ListLine<T>,
  index: number,
  all: readonly ListLine<T>[],
): (vscode.QuickPickItem & { value: T })[] {
  const { group, value } = line;
  return group === undefined || group === all[index - 1]?.group
    ? [item(line)]
    : [{ ...separator(group), value }, item(line)];
}

function separator(label: string): vscode.QuickPickItem {
  return { label: listText(label), kind: vscode.QuickPickItemKind.Separator };
}

function item<T>({ label, description, detail, icon, value }: ListLine<T>): vscode.QuickPickItem & { value: T } {
  return {
    label: `${icon === undefined ? '' : `$(${icon}) `}${listText(label)}`,
    ...(description !== undefined && { description: listText(description) }),
    ...(detail !== undefined && { detail: listText(detail) }),
    value,
  };
}

function listText(text: string): string {
  return withoutIcons(displayLine(text, longestText));
}
