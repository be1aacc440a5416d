// virtRewind.lessonNext: the next step of the lesson, or what this one asks for.
import type { CommandRun } from './commandServices.js';

export async function lessonNext(run: CommandRun): Promise<void> {
  const { lesson } = await run.teaching.lectern();
  await lesson.next();
}
