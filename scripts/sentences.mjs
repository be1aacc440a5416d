// `@vscode/l10n` as an ES module, which the bundles have in its place: out of CommonJS, esbuild would take `t` again in
// each of the hundred files that say something, and wherever they say it.
import l10n from '@vscode/l10n';

export const { t, config } = l10n;
