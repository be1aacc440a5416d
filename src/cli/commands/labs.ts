// The commands about labs: a file that says which VMs there are, and what is made, reset and removed of it.
import { failureText } from '../../text/failures/failureText.js';
import { isOfWing } from '../../domain/failure.js';
import { open as openFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { asksToCreate, createdText, createLines, destroyLines } from '../../lab/labLines.js';
import type { LabCheck, Labs } from '../../lab/labs.js';
import { labFileName } from '../../manifest/labFileName.js';
import { agreeTo } from '../agree.js';
import { CliError } from '../commandError.js';
import { startTimer } from './startTimer.js';
import { openSystem } from '../../session/target.js';
import type { Context } from '../context.js';
import type { CommandEnd, CommandAnswer } from '../printed.js';
import { carryOutSystem } from '../carryOutSystem.js';
import type { Answers } from '../answers.js';

export async function checkLab(context: Context): Promise<CommandEnd> {
  return withLabs(context, async (labs, file) => {
    const check = await labs.check(file);
    const lines = checkLines(file, check);
    return {
      answer: { lab: checkAnswer(file, check) } satisfies Answers['lab'],
      text: lines.length === 0 ? t('The lab matches its file.') : lines,
      exit: lines.length === 0 ? 'done' : 'wrong',
    };
  });
}

export async function createLab(context: Context): Promise<CommandEnd> {
  const { call, terminal, interruption } = context;
  return withLabs(context, async (labs, file) => {
    const answer = async (): Promise<Pick<Answers['lab'], 'lab'>> => ({
      lab: checkAnswer(file, await labs.check(file)),
    });
    const plan = await labs.plan(file);
    if (plan === 'ready') {
      return { answer, text: t('The lab already exists.') };
    }
    const asks = asksToCreate(plan);
    const lines = [
      plan.again === true
        ? t('Run the changed steps of the lab {0}?', displayLine(plan.lab.name))
        : t('Create the lab {0}?', displayLine(plan.lab.name)),
      ...createLines(plan).map((line) => `  ${line}`),
    ];
    if (call.flags.has('plan')) {
      const vms = plan.record.vms.map(({ name, parts }) => ({ name, made: parts !== undefined }));
      const points = plan.lab.points.map(({ title }) => title);
      return {
        answer: {
          labPlan: { name: plan.lab.name, file, vms, points, asks: asks || plan.isProtected },
        } satisfies Answers['labPlan'],
        text: [...lines, '', t('Nothing was changed.')],
      };
    }
    const { name } = plan.lab;
    await agreeTo(context, {
      lines,
      confirm: plan.again === true ? t('Run') : t('Create'),
      asks: asks || plan.isProtected,
      ...(plan.isProtected && { isProtected: displayLine(name), typed: name }),
    });
    const onStep = (what: string): void => terminal.progress(what);
    const onNote = (line: string): void => terminal.tell(line);
    await labs.create(plan, { signal: interruption.signal, onStep, onNote });
    await (plan.lab.points.some(({ until }) => until !== undefined) ? startTimer(context) : undefined);
    return { answer, text: createdText(plan) };
  });
}

export async function resetLab(context: Context): Promise<CommandEnd> {
  return withLabs(context, async (labs, file) => {
    const [to] = context.call.operands;
    await agreeToProtected(context, await labs.protectedName(file));
    const exit = await context.printer.print(await carryOutSystem(context, () => labs.planReset(file, to)));
    await (exit === 'done' &&
      !context.call.flags.has('plan') &&
      labs.settle(file, (line) => context.terminal.tell(line)));
    return exit;
  });
}

export async function destroyLab(context: Context): Promise<CommandEnd> {
  const { call, session, terminal, interruption } = context;
  return withLabs(context, async (labs, file) => {
    const record = await labs.planDestroy(file);
    if (record === undefined) {
      return {
        answer: { labDestroyed: { file, removed: [] } } satisfies Answers['labDestroyed'],
        text: t('This lab has created nothing that still exists.'),
      };
    }
    const removed = record.vms.filter(({ parts }) => parts !== undefined).map(({ name }) => name);
    const lines = [
      t('Destroy the lab {0}?', displayLine(record.name)),
      ...destroyLines(record, (vm) => session.engine.findVm(vm), Date.now()).map((line) => `  ${line}`),
    ];
    if (call.flags.has('plan')) {
      return {
        answer: { labDestroyed: { file, removed, plan: true } } satisfies Answers['labDestroyed'],
        text: [...lines, '', t('Nothing was changed.')],
      };
    }
    await agreeTo(context, {
      lines,
      confirm: t('Destroy'),
      asks: true,
      ...(record.isProtected && { isProtected: displayLine(record.name), typed: record.name }),
    });
    await labs.destroy(record, {
      signal: interruption.signal,
      onStep: (what) => terminal.progress(what),
      onNote: (line) => terminal.tell(line),
    });
    return {
      answer: { labDestroyed: { file, removed } } satisfies Answers['labDestroyed'],
      text: t('Lab “{0}” destroyed.', displayLine(record.name)),
    };
  });
}

export async function exportLab(context: Context): Promise<CommandAnswer> {
  const { call, session, log } = context;
  const { exportLabFile } = await import('../../lab/exportLab.js');
  const { system: wanted, file } = call.texts;
  const stored = wanted === undefined ? undefined : await openSystem(context.session, wanted);
  const views = [];
  if (stored !== undefined) {
    session.reachMembers(stored);
  }
  for (const name of [...(stored?.system.members.map(({ uuid }) => uuid) ?? []), ...call.operands]) {
    views.push(await session.vm(name));
  }
  if (views.length === 0) {
    throw new CliError('usage', 'Name VMs, or a system with --system. See virt-rewind lab export --help.');
  }
  // What is written to standard output goes into a file of this folder, as far as one can know.
  const place = resolve(file ?? labFileName);
  const { engine, folder } = session;
  const { text, problem } = await exportLabFile(views, stored, place, {
    engine,
    folder,
    log,
    environment: process.env,
  });
  if (problem !== undefined) {
    throw new CliError('refused', t('A lab file cannot describe these VMs, so nothing was written. {0}', problem));
  }
  if (file !== undefined) {
    // Whatever stands there is somebody's work.
    const handle = await openFile(file, 'wx').catch(() => {
      throw new CliError('failed', t('{0} cannot be written, or already exists.', displayLine(file)));
    });
    await handle.writeFile(text);
    await handle.close();
  }
  return {
    answer: { labFile: { ...(file !== undefined && { file }), text } } satisfies Answers['labFile'],
    text: file === undefined ? text.trimEnd() : t('Wrote {0}.', displayLine(file)),
  };
}

function checkLines(file: string, { problems, differences }: LabCheck): readonly string[] {
  return [
    ...problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`),
    ...differences.map(({ message }) => message),
  ];
}

function checkAnswer(file: string, { lab, record, problems, differences }: LabCheck): Answers['lab']['lab'] {
  return {
    file,
    ...(lab !== undefined && { name: lab.name }),
    state: record === undefined ? 'absent' : record.phase === 'ready' ? 'ready' : 'unfinished',
    vms: (record?.vms ?? []).map(({ key, name, uuid, connection, parts }) => ({
      key,
      name,
      uuid,
      connection,
      made: parts !== undefined,
    })),
    problems,
    differences,
  };
}

async function agreeToProtected(context: Context, name: string | undefined): Promise<void> {
  if (name !== undefined && !context.call.flags.has('plan')) {
    const isProtected = displayLine(name);
    await agreeTo(context, { lines: [], confirm: '', asks: false, isProtected, typed: name });
  }
}

async function withLabs(
  { call, session, log, printer }: Context,
  act: (labs: Labs, file: string) => Promise<CommandEnd>,
): ReturnType<Context['printer']['print']> {
  const { Labs: Loaded } = await import('../../lab/labs.js');
  const labs = new Loaded({ session, log, shell: 'virt-rewind', environment: process.env });
  try {
    return await printer.print(await act(labs, call.texts['file'] ?? labFileName));
  } catch (error) {
    throw isOfWing(error, 'lab', 'wrong') ? new CliError('wrong', failureText(error).sentence) : error;
  }
}
