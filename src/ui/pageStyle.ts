// How a page that is read looks: the history, what is wrong with VMs. A theme of high contrast brings its own borders.

export const pageStyle = `
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0.5rem 1rem; font-size: 1rem; line-height: 1.4; max-width: 60rem; }
h1 { font-size: 1.5rem; margin: 0.3rem 0; font-weight: 600; }
h2 { font-size: 1.1rem; margin: 1.2rem 0 0.3rem; font-weight: 600; border-bottom: 1px solid var(--vscode-foreground); }
h3, h4 { font-size: 1rem; margin: 0; font-weight: 600; overflow-wrap: anywhere; }
p + h3, p + h4 { margin-top: 0.9rem; }
ol { list-style: none; margin: 0; padding: 0; }
li { padding: 0.6rem 0; }
li li { padding: 0.2rem 1rem; }
p { margin: 0.15rem 0; overflow-wrap: anywhere; }
time { font-variant-numeric: tabular-nums; font-weight: 400; margin-right: 0.4rem; }
.facts { color: var(--vscode-descriptionForeground); }
.actions { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.3rem; }
.button { padding: 0.15rem 0.5rem; text-decoration: none; border-radius: 2px;
  background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground);
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.button:hover { background: var(--vscode-button-secondaryHoverBackground); color: var(--vscode-button-secondaryForeground); }
select, input { font: inherit; padding: 0.15rem 0.4rem; max-width: 100%; color: var(--vscode-input-foreground); background: var(--vscode-input-background);
  border: 1px solid var(--vscode-input-border, var(--vscode-contrastBorder, var(--vscode-foreground))); }
select { color: var(--vscode-dropdown-foreground); background: var(--vscode-dropdown-background); }
input::placeholder { color: var(--vscode-input-placeholderForeground); }
select:focus-visible, input:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; margin-top: 0.3rem; }
th, td { text-align: start; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--vscode-widget-border, var(--vscode-contrastBorder, transparent)); }
th[scope=row] { font-weight: 400; width: 30%; }
td:nth-child(2) { width: 15%; }
ul { margin: 0.3rem 0; padding-left: 1.2rem; }
ul li { padding: 0; }
summary { cursor: pointer; width: fit-content; overflow-wrap: anywhere; }
details > :not(summary) { margin-left: 1rem; }
code { display: block; font-family: var(--vscode-editor-font-family, monospace); overflow-wrap: anywhere; white-space: pre-wrap; padding: 0.3rem 0.5rem;
  color: var(--vscode-editor-foreground); background: var(--vscode-textCodeBlock-background); user-select: all; }
`;
