// virtRewind.lessonBack: shows the step before; the VM stays as it is.
import type { CommandRun } from './commandServices.js';

export async function lessonBack(run: CommandRun): Promise<void> {
  const { lesson } = await run.teaching.lectern();
  await lesson.back();
}
