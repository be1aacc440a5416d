// In which language the command line speaks of VMs: that of the locale, where its sentences are at hand, else English.
import * as l10n from '@vscode/l10n';
import { sentencesIn } from '../text/translation.js';
import type { Terminal } from './terminal.js';
import { speakIn } from '../text/ways.js';

/** @param folder of the lists of sentences @param connect that it was called with */
export function speak(
  folder: string,
  environment: NodeJS.ProcessEnv,
  terminal: Pick<Terminal, 'tell'>,
  connect?: string,
): void {
  speakIn('commandLine', connect);
  const language = languageOf(environment);
  if (language !== 'en') {
    l10n.config({ contents: sentencesIn(folder, language, { warn: (message) => terminal.tell(message) }) });
  }
}

/**
 * As VS Code names it: `de`, `zh-cn`.
 *
 * | LC_ALL, LC_MESSAGES, LANG: the first that is not empty | language |
 * |--------------------------------------------------------|----------|
 * | de_AT.UTF-8                                            | de-at    |
 * | zh_CN.UTF-8                                            | zh-cn    |
 * | C, POSIX, none, anything else                          | en       |
 */
export function languageOf(environment: NodeJS.ProcessEnv): string {
  const locale = ['LC_ALL', 'LC_MESSAGES', 'LANG'].map((name) => environment[name] ?? '').find((value) => value !== '');
  const [, language = 'en', region] = /^([a-z]{2,3})(?:_([A-Z]{2}))?(?:[.@]|$)/u.exec(locale ?? '') ?? [];
  return region === undefined ? language : `${language}-${region.toLowerCase()}`;
}
