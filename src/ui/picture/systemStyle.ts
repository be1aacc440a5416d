// How the picture of a system of VMs looks: a line down for each VM, a band across for each restore point. A theme of
// high contrast brings its own borders.

export const systemStyle = `
body { forced-color-adjust: none; color: var(--vscode-foreground); padding: 0.5rem 1rem; font-size: 1rem; line-height: 1.4; }
h1 { font-size: 1.5rem; margin: 0.3rem 0; font-weight: 600; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.5rem 0 1rem; }
.scroller { overflow-x: auto; }
.scroller:focus-visible, a:focus-visible { outline: 2px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem; font-weight: 400; overflow-wrap: anywhere; min-width: 8rem; }
thead th { font-weight: 600; border-bottom: 1px solid var(--vscode-foreground); }
tbody th { min-width: 11rem; max-width: 18rem; }
tbody td { border-left: 3px solid var(--vscode-charts-lines, var(--vscode-foreground)); }
small { display: block; color: var(--vscode-descriptionForeground); font-size: 0.9em; }
.title { font-weight: 600; }
.point th, .point td { border-top: 1px solid var(--vscode-focusBorder, currentColor); border-bottom: 1px solid var(--vscode-focusBorder, currentColor);
  background: var(--vscode-textCodeBlock-background); }
.point .title, .point small { color: var(--vscode-foreground); }
.here { font-weight: 600; }
.here .mark { color: var(--vscode-charts-blue, currentColor); }
.single th { text-align: right; }
.lost, .wrong, small.wrong { color: var(--vscode-editor-foreground); font-style: italic; }
.present th { font-weight: 600; }
.actions { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.3rem; }
.button { padding: 0.15rem 0.5rem; text-decoration: none; border-radius: 2px;
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.primary { background: var(--vscode-button-background); color: var(--vscode-button-foreground); }
.primary:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
.secondary { background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground); }
.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); color: var(--vscode-button-secondaryForeground); }
thead a { color: var(--vscode-textLink-foreground); }
.space td { height: 0.8rem; padding: 0; }
.space .axis { border-left: none; }
.space-2 td { height: 1.6rem; } .space-3 td { height: 2.4rem; }
`;
