// virtRewind.restartLesson: the lesson from its first step, with a new VM; the old one is removed.
import type { CommandRun } from './commandServices.js';
import { givenTo } from './commandArguments.js';
import { lessonConnection, showLesson } from './lessonCommands.js';

export async function restartLesson(run: CommandRun): Promise<void> {
  const { guest } = run.teaching;
  const lectern = await run.teaching.lectern();
  const { lesson } = lectern;
  const connection = givenTo(run.call).connection ?? lesson.view?.vm.connection;
  await lesson.start(await lessonConnection(run, guest, connection));
  showLesson(run, lectern);
}
