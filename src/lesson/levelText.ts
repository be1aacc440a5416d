// The texts of a level, and which of them a reader sees. Pure.
import type { FilePath } from '../lab/shapeParts.js';
import type { Level, LevelText } from './levelShape.js';

/**
 * In the reader's language, else in that without its region, else in English, else as it is.
 * @param language as VS Code names it: `de`, `zh-cn`
 */
export function textIn(text: LevelText, language: string): string {
  if (typeof text === 'string') {
    return text;
  }
  const [main = ''] = language.split('-');
  const found = [language, main, 'en'].find((one) => Object.hasOwn(text, one));
  return (found === undefined ? Object.values(text)[0] : text[found]) ?? '';
}

/** All of them with where they stand. */
export function textsOf(level: Level): readonly { readonly path: FilePath; readonly text: LevelText }[] {
  const textAt = (path: FilePath, key: string, text: LevelText | undefined): ReturnType<typeof textsOf> =>
    text === undefined ? [] : [{ path: [...path, key], text }];
  const textsAt = (path: FilePath, texts: readonly LevelText[] = []): ReturnType<typeof textsOf> =>
    texts.map((text, at) => ({ path: [...path, at], text }));
  const { title, group, about, learnt, steps } = level;
  return [
    ...textAt([], 'title', title),
    ...textAt([], 'group', group),
    ...textAt([], 'about', about),
    ...steps.flatMap((step, at) => {
      const path = ['steps', at];
      return [
        ...textAt(path, 'title', step.title),
        ...textsAt([...path, 'say'], step.say),
        ...textAt(path, 'task', step.task),
        ...textAt(path, 'hint', step.hint),
      ];
    }),
    ...textsAt(['learnt'], learnt),
  ];
}
