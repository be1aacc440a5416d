// Rows and facts → what the editor shows. Does no I/O, and trusts no text.
import * as vscode from 'vscode';
import type { AnyCommandId } from '../../verbs/verbs.js';
import type { FactList } from '../../text/rows/factList.js';
import { factsMarkdown } from '../../text/markdown.js';
import { noticeText } from '../../text/noticeText.js';
import type { MessageRow } from './messageRows.js';
import type { Node } from './nodes.js';
import type { DisplayPicture, TooltipContent } from './tooltipFacts.js';
import type { Row } from '../../text/rows/rows.js';
import { rowMarkUri } from './rowMarks.js';

const collapsible: Readonly<Record<Row['opens'], vscode.TreeItemCollapsibleState>> = {
  never: vscode.TreeItemCollapsibleState.None,
  closed: vscode.TreeItemCollapsibleState.Collapsed,
  open: vscode.TreeItemCollapsibleState.Expanded,
};

/**
 * A hair space. The editor parts label and description by a margin alone, so that a screen reader would read them as
 * one word.
 */
const gap = '\u200A';

export function treeItem(node: Node, row: Row | MessageRow): vscode.TreeItem {
  const item = new vscode.TreeItem(row.label, collapsible[row.opens]);
  item.id = node.id;
  item.description = row.description === '' ? '' : `${gap}${row.description}`;
  item.iconPath = new vscode.ThemeIcon(
    row.icon.name,
    row.icon.color === undefined ? undefined : new vscode.ThemeColor(row.icon.color),
  );
  item.contextValue = row.context;
  if ('mark' in row) {
    item.resourceUri = rowMarkUri(row.mark);
  }
  item.accessibilityInformation = { label: row.spoken };
  if ('click' in row) {
    item.command = click(row.click, node);
  }
  return item;
}

function click({ title, command }: { title: string; command: AnyCommandId }, node: Node): vscode.Command {
  return { title, command, arguments: [node] };
}

/** In the place of a row that has gone. */
export function goneItem(node: Node): vscode.TreeItem {
  return Object.assign(new vscode.TreeItem(''), { id: node.id });
}

/** Above the rows; a line of it that is a link would be drawn as a button. */
export function giveMessage(view: Pick<vscode.TreeView<Node>, 'message'>, text: string): void {
  view.message = noticeText(text);
}

export function giveBadge(view: Pick<vscode.TreeView<Node>, 'badge'>, value: number, tooltip: string): void {
  view.badge = value === 0 ? undefined : { value, tooltip: noticeText(tooltip) };
}

export function giveTooltip(item: vscode.TreeItem, { facts, picture }: TooltipContent): void {
  item.tooltip = tooltip(facts, picture);
}

function tooltip(facts: FactList, picture: DisplayPicture | undefined): vscode.MarkdownString {
  const image = picture && `\n\n![${picture.is}](data:image/png;base64,${Buffer.from(picture.png).toString('base64')})`;
  const markdown = new vscode.MarkdownString(`${factsMarkdown(facts)}${image ?? ''}`);
  markdown.isTrusted = false;
  markdown.supportHtml = false;
  return markdown;
}
