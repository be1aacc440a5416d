// How the lesson looks. The colours of layers are those of the picture beside it.
import { layerColors, type LayerColors } from '../layerColors.js';

function perLayer(rule: (layer: number) => string): string {
  return layerColors.light.layers.map((_, layer) => rule(layer)).join('\n');
}

function variables({ layers, inks }: LayerColors): string {
  return perLayer((layer) => `--layer-${layer}: ${layers[layer] ?? ''}; --ink-${layer}: ${inks[layer] ?? ''};`);
}

/**
 * Large enough for the last row of a room; one column where the editor is narrow. A theme of high contrast brings its
 * own colours: the system's would empty the bars and take the layers theirs.
 */
export const lessonStyle = `
:root { ${variables(layerColors.light)} }
.vscode-dark, .vscode-high-contrast:not(.vscode-high-contrast-light) { ${variables(layerColors.dark)} }
body { forced-color-adjust: none; font-size: 1.25rem; line-height: 1.5; color: var(--vscode-foreground); padding: 1rem 1.5rem; display: grid;
  gap: 0 3rem; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); max-width: 90rem; }
header, section { grid-column: 1 / -1; }
aside > h2:first-child { margin-top: 0.75rem; }
.place, .hint { color: var(--vscode-descriptionForeground); margin: 0; font-size: 1rem; }
progress { appearance: none; width: 100%; height: 0.6rem; border: none; background: none; }
progress::-webkit-progress-bar { background: transparent; border: 1px solid var(--vscode-foreground); border-radius: 0.3rem; }
progress::-webkit-progress-value { background: var(--vscode-textLink-foreground, Highlight); border-radius: 0.3rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0.4rem 0; font-weight: 600; }
p { margin: 0.5rem 0; }
li { margin: 0.25rem 0; }
h2 { font-size: 1.25rem; margin: 1.5rem 0 0.5rem; font-weight: 600; }
.task { border-left: 0.3rem solid var(--vscode-focusBorder, currentColor); padding-left: 1rem; }
.state { font-weight: 600; }
.note { border: 2px solid var(--vscode-focusBorder, currentColor); padding: 0 1rem; margin-bottom: 1rem; }
.failure { border: 2px solid var(--vscode-errorForeground, currentColor); padding: 0 1rem 1rem; margin-bottom: 1rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0; }
.button { padding: 0.4rem 0.8rem; text-decoration: none; border-radius: 2px;
  border: 1px solid var(--vscode-button-border, var(--vscode-contrastBorder, transparent)); }
.primary { background: var(--vscode-button-background); color: var(--vscode-button-foreground); font-weight: 600; }
.primary:hover { background: var(--vscode-button-hoverBackground); color: var(--vscode-button-foreground); }
.secondary { background: var(--vscode-button-secondaryBackground); color: var(--vscode-button-secondaryForeground); }
.secondary:hover { background: var(--vscode-button-secondaryHoverBackground); color: var(--vscode-button-secondaryForeground); }
.button:focus-visible { outline: 3px solid var(--vscode-focusBorder, currentColor); outline-offset: 2px; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.75rem 1rem; background: var(--vscode-textCodeBlock-background);
  border: 1px solid var(--vscode-contrastBorder, transparent); }
code { font-family: var(--vscode-editor-font-family, monospace); font-size: 1rem; color: var(--vscode-foreground); background: none; }
dl { margin: 0; } dl div { display: flex; justify-content: space-between; gap: 1rem; }
dt { color: var(--vscode-descriptionForeground); } dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; font-size: 1rem; }
th { text-align: left; font-weight: 400; overflow-wrap: anywhere; padding: 0.2rem 0.5rem 0.2rem 0; }
thead th:last-child { text-align: right; padding-right: 0; }
thead th { color: var(--vscode-descriptionForeground); }
th small { display: block; color: var(--vscode-descriptionForeground); }
td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.costs thead th:not(:first-child) { text-align: right; }
.costs th, .costs td { padding: 0.2rem 0 0.2rem 1rem; } .costs th:first-child { padding-left: 0; }
tr.used th { font-weight: 600; }
meter { width: 6rem; height: 1rem; }
meter::-webkit-meter-bar { background: transparent; border: 1px solid var(--vscode-foreground); border-radius: 0; }
meter::-webkit-meter-optimum-value { background: var(--vscode-charts-foreground, var(--vscode-foreground)); }
${perLayer(
  (layer) => `.layer-${layer} { background: var(--layer-${layer}); color: var(--ink-${layer}); }
tr.of-${layer} meter::-webkit-meter-optimum-value { background: var(--layer-${layer}); }`,
)}
.letter { display: inline-block; min-width: 1.5em; margin-right: 0.5em; padding: 0 0.25em; border-radius: 2px; text-align: center;
  font-weight: 600; font-size: 0.9em; }
@media (max-width: 60rem) { body { gap: 0 1.5rem; font-size: 1.15rem; } table { font-size: 0.9rem; } meter { width: 3rem; }
  dl { font-size: 1rem; } }
@media (max-width: 45rem) { body { display: block; font-size: 1.05rem; padding: 0.5rem 1rem; } h1 { font-size: 1.6rem; } }
@media (max-width: 25rem) { meter { width: 3rem; } }
`;
