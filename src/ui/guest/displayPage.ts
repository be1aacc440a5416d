// The document of a display's tab.
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { htmlText } from '../../text/html.js';
import type { PagePanel } from '../pagePanel.js';

export function displayPage(vm: string, panel: PagePanel, folder: vscode.Uri, nonce: string): string {
  const address = (name: string): string => panel.addressOf(vscode.Uri.joinPath(folder, name));
  // noVNC makes images of what it gets.
  const policy = `default-src 'none'; style-src ${panel.source}; img-src data: blob:; script-src 'nonce-${nonce}'`;
  const button = (id: string, text: string): string => `<button id="${id}" type="button">${htmlText(text)}</button>`;
  return `<!DOCTYPE html>
<html lang="${t('en')}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Virt Rewind</title>
<link rel="stylesheet" href="${address('display.css')}">
</head>
<body>
<main>
<div id="bar" role="toolbar" aria-label="${htmlText(t('Display'))}">
<h1>${htmlText(vm)}</h1>
${button('keys', t('Send Ctrl+Alt+Del'))}
${button('paste', t('Type Clipboard'))}
${button('copy', t('Copy From Guest'))}
${button('fit', t('Fit'))}
${button('viewOnly', t('View Only'))}
${button('screenshot', t('Show Screenshot'))}
<span id="hint">${htmlText(t('Ctrl+Alt+G leaves the display'))}</span>
</div>
<p id="status" role="status"></p>
<div id="screen"></div>
</main>
<script type="module" nonce="${nonce}" src="${address('display.js')}"></script>
</body>
</html>`;
}
