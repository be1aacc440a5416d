// How the page with all VMs looks. A theme of high contrast brings its own borders.

export const vmsStyle = `
html { scroll-padding: calc(var(--tools-height, 0px) + 2rem) 0 2rem; }
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0.5rem 1rem; font-size: 0.85rem; line-height: 1.3; }
h1 { font-size: 1.3rem; margin: 0.3rem 0; font-weight: 600; }
.tools { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem; padding: 0.4rem 0;
  background: var(--vscode-editor-background); }
.tools button { font: inherit; padding: 0.15rem 0.5rem; border-radius: 2px; cursor: pointer;
  background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground);
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.tools button:hover:enabled { background: var(--vscode-button-secondaryHoverBackground); }
.tools button:disabled { opacity: 0.5; cursor: default; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; color: var(--vscode-descriptionForeground); padding: 0.2rem 0; }
th, td { text-align: start; vertical-align: top; font-weight: 400; padding: 0.15rem 0.8rem 0.15rem 0; white-space: nowrap; }
th[scope=row], td:last-child { white-space: normal; overflow-wrap: anywhere; }
th[scope=row] { min-width: 6rem; }
td:last-child { min-width: 9rem; padding-right: 0; }
thead th { position: sticky; top: var(--tools-height, 0); z-index: 1; background: var(--vscode-editor-background);
  box-shadow: inset 0 -1px var(--vscode-foreground); }
tbody tr { border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
tbody tr:hover { background: var(--vscode-list-hoverBackground); color: var(--vscode-list-hoverForeground, inherit); }
tbody tr.chosen { background: var(--vscode-list-inactiveSelectionBackground); color: var(--vscode-list-inactiveSelectionForeground, inherit); }
tfoot td { position: sticky; bottom: 0; background: var(--vscode-editor-background); border-top: 1px solid var(--vscode-foreground); font-weight: 600; }
td:nth-child(n+4):nth-child(-n+7) { font-variant-numeric: tabular-nums; }
small { display: block; font-size: 0.78rem; color: var(--vscode-descriptionForeground); }
.chosen small { color: inherit; }
.sort, .name { font: inherit; font-weight: 600; color: inherit; background: none; border: none; padding: 0; cursor: pointer; text-align: start; overflow-wrap: anywhere; }
.name { font-weight: 400; }
.name:hover, .sort:hover { text-decoration: underline; }
[aria-sort=ascending] .sort::after { content: ' ▲'; }
[aria-sort=descending] .sort::after { content: ' ▼'; }
.notes { list-style: none; padding: 0; margin: 0.2rem 0; color: var(--vscode-descriptionForeground); }
input { accent-color: var(--vscode-button-background); margin: 0.2rem 0.3rem 0 0; }
button:focus-visible, input:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
`;
