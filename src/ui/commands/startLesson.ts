// virtRewind.startLesson: makes the VM of the lesson and shows the first step, or shows the lesson that is under way.
import type { CommandRun } from './commandServices.js';
import { givenTo } from './commandArguments.js';
import { lessonConnection, showLesson } from './lessonCommands.js';

export async function startLesson(run: CommandRun): Promise<void> {
  const { guest } = run.teaching;
  const lectern = await run.teaching.lectern();
  const { lesson, panel } = lectern;
  if (lesson.view !== undefined) {
    panel.show();
    return;
  }
  await lesson.start(await lessonConnection(run, guest, givenTo(run.call).connection));
  showLesson(run, lectern);
}
