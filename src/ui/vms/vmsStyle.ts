// How the page of all VMs looks: one line for each VM.

export const vmsStyle = `
html { scroll-padding: calc(var(--tools-height, 0px) + 2rem) 0 2rem; }
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0 1rem; font-size: 0.85rem; line-height: 1.3; }
h1 { font-size: 1.2rem; margin: 0.3rem 0 0; font-weight: 600; }
.tools { position: sticky; top: 0; z-index: 2; padding: 0.3rem 0; background: var(--vscode-editor-background); }
.line { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem; margin-bottom: 0.3rem; }
.tools button, .tools input, .tools select { font: inherit; padding: 0.1rem 0.4rem; border-radius: 2px; }
.tools button { cursor: pointer;
  background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground);
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.tools button:hover:enabled { background: var(--vscode-button-secondaryHoverBackground); }
.tools button:disabled { opacity: 0.5; cursor: default; }
.tools input { width: 14rem; color: var(--vscode-input-foreground); background: var(--vscode-input-background);
  border: 1px solid var(--vscode-input-border, var(--vscode-contrastBorder, var(--vscode-foreground))); }
.tools input::placeholder { color: var(--vscode-input-placeholderForeground); }
.tools select { color: var(--vscode-dropdown-foreground); background: var(--vscode-dropdown-background);
  border: 1px solid var(--vscode-dropdown-border, var(--vscode-contrastBorder, transparent)); }
[role=status] { color: var(--vscode-descriptionForeground); margin-inline-start: 0.4rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; font-weight: 400; padding: 0.1rem 0.6rem 0.1rem 0; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; max-width: 12rem; }
td:nth-child(4) { width: 100%; max-width: 0; min-width: 8rem; }
td:nth-child(4) div { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; white-space: normal; }
td:nth-child(5) { max-width: 8rem; }
.one :is(th, td):nth-child(5) { display: none; }
:is(th, td):last-child { padding-right: 0; }
thead th { position: sticky; top: var(--tools-height, 0); z-index: 1; background: var(--vscode-editor-background);
  box-shadow: inset 0 -1px var(--vscode-foreground); }
tbody { user-select: none; cursor: default; }
tbody tr { border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
tbody tr:hover { background: var(--vscode-list-hoverBackground); color: var(--vscode-list-hoverForeground, inherit); }
tbody tr.chosen { background: var(--vscode-list-inactiveSelectionBackground); color: var(--vscode-list-inactiveSelectionForeground, inherit); }
tbody tr:focus-visible { outline: 1px solid var(--vscode-focusBorder, currentColor); outline-offset: -1px; }
.group th { font-weight: 600; padding-top: 0.3rem; }
tfoot td { position: sticky; bottom: 0; background: var(--vscode-editor-background); border-top: 1px solid var(--vscode-foreground); font-weight: 600; }
td:nth-child(n+6) { font-variant-numeric: tabular-nums; }
.sort { font: inherit; font-weight: 600; color: inherit; background: none; border: none; padding: 0; cursor: pointer; text-align: start; }
.sort:hover { text-decoration: underline; }
[aria-sort=ascending] .sort::after { content: ' ▲'; }
[aria-sort=descending] .sort::after { content: ' ▼'; }
.notes { list-style: none; padding: 0; margin: 0.1rem 0; color: var(--vscode-descriptionForeground); }
td input, th input { accent-color: var(--vscode-button-background); margin: 0 0.3rem 0 0; vertical-align: middle; }
button:focus-visible, input:focus-visible, select:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
`;
