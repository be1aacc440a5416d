// The commands about levels of the lesson, for their authors.
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { findingOf } from '../../bisect/finding.js';
import { displayLine } from '../../domain/plainText.js';
import { problemLines } from '../../lab/labs.js';
import { readLevelFile } from '../../lesson/levelFiles.js';
import type { Level, NamedLevel } from '../../lesson/levelShape.js';
import { textIn } from '../../lesson/levelText.js';
import { readOwnLevels } from '../../lesson/ownLevels.js';
import { playLevel } from '../../lesson/playLevel.js';
import { measureLayerCosts } from '../../qemu/layerCosts.js';
import { bytesText } from '../../text/bytesText.js';
import { obstacleText } from '../../text/failures/obstacleText.js';
import { operationCountText, usedSinceText } from '../../text/words.js';
import type { Answers } from '../answers.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import { languageOf } from '../language.js';

/** The folder of the program: the levels and their guest are beside it. */
const here = __dirname;

export async function checkLevel(context: Context): Promise<CommandAnswer> {
  const { call } = context;
  const [name = ''] = call.operands;
  const file = resolve(name);
  const { level, problems: told, problemsOf } = await readLevelFile(file);
  const played =
    level !== undefined && told.length === 0 && call.flags.has('play') ? await play(context, level) : undefined;
  const problems = [...told, ...problemsOf(played?.faults ?? [])];
  const { score } = played ?? {};
  const scored = score && `${operationCountText(score.steps)}, ${bytesText(score.bytes)}`;
  return {
    answer: { level: { file, problems, ...(score && { score }) } } satisfies Answers['level'],
    text:
      problems.length > 0 ? problemLines(name, problems) : [t('The level is correct.'), ...(scored ? [scored] : [])],
    exit: problems.length === 0 ? 'done' : 'wrong',
  };
}

/** On the first connection that can have the VM. @throws CliError `refused` where none can */
async function play({ session, terminal, interruption, log }: Context, level: Level): ReturnType<typeof playLevel> {
  const { engine } = session;
  const guest = join(here, 'lesson.bin');
  const reasons: string[] = [];
  for (const { uri } of engine.connections) {
    await engine.connect(uri);
    const obstacle = await engine.demoVms.obstacle(uri, guest);
    if (obstacle !== undefined) {
      reasons.push(`${uri}: ${obstacleText(obstacle)}`);
      continue;
    }
    const bisects = await session.bisects();
    return playLevel(
      {
        engine,
        log,
        guest,
        measure: (folder, depths) => measureLayerCosts(folder, depths, process.env),
        onStays: (vms) => vms.forEach((name) => terminal.tell(usedSinceText(name))),
        commandLine: {
          program: process.execPath,
          script: join(here, 'commandLine.js'),
          environment: { ...process.env, VIRT_REWIND_STATE: session.folder },
        },
        firstBad: async (vm) => {
          const found = await bisects.of(vm);
          return found && findingOf(found).oldestBad;
        },
      },
      uri,
      level,
      {
        signal: interruption.signal,
        onStep: (_, at) => terminal.progress(t('Step {0} of {1}', at + 1, level.steps.length)),
      },
    );
  }
  throw new CliError('refused', [t('The lesson cannot run here. Nothing was created.'), ...reasons].join(' '));
}

/** Ours, then the files of the current folder; one that is wrong is told. */
export async function listLevels({ terminal }: Context): Promise<CommandAnswer> {
  const files = (await readdir('.')).filter((name) => name.endsWith('.level.yaml')).sort();
  const read = await Promise.all(files.map(async (id) => ({ id, ...(await readLevelFile(resolve(id))) })));
  const wrong = read.filter(({ level, problems }) => level === undefined || problems.length > 0);
  const theirs = read.flatMap(({ id, level, problems }): readonly NamedLevel[] =>
    level === undefined || problems.length > 0 ? [] : [{ id, level }],
  );
  const levels = [...(await readOwnLevels(join(here, 'levels.json.br'))), ...theirs].map(({ id, level }) => ({
    id,
    title: textIn(level.title, languageOf(process.env)),
    languages: typeof level.title === 'string' ? [] : Object.keys(level.title),
    steps: level.steps.length,
    ...(level.golf?.steps !== undefined && { best: level.golf.steps }),
  }));
  wrong.forEach(({ id, problems }) => terminal.tell(problemLines(id, problems).join('\n')));
  const titles = [t('Name'), t('Title'), t('Languages'), t('Steps'), t('Best')];
  const rows = levels.map(({ id, title, languages, steps, best }) => [
    displayLine(id),
    displayLine(title),
    languages.join(', '),
    String(steps),
    best === undefined ? '' : String(best),
  ]);
  return {
    answer: { levels } satisfies Answers['levels'],
    text: [{ columns: titles.map((title, rank) => ({ title, rank })), rows }],
    exit: wrong.length === 0 ? 'done' : 'wrong',
  };
}
