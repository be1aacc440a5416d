// virtRewind.endLesson: removes the VM of the lesson with all that came of it.
import type { CommandRun } from './commandServices.js';

export async function endLesson(run: CommandRun): Promise<void> {
  await run.teaching.end();
}
