// Acts of a level that are commands of our command line: what is typed, and the process that carries it out.
import { join } from 'node:path';
import { runHere } from '../base/hostProgram.js';
import type { DemoVm } from '../domain/demoVm.js';
import { Failure } from '../domain/failure.js';
import { quoteForShell } from '../domain/quoteForShell.js';
import holdsText from './holdsText.sh';
import type { LevelAct } from './levelShape.js';

/** Our command line: the program, and what comes before its words. */
export interface OwnCommandLine {
  readonly program: string;
  readonly script: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where copies of the VM go, in its folder. */
export const exportFolder = 'export';
const longestMs = 10 * 60_000;

/** Undefined of all other acts. */
function wordsOf(
  { bisect, copyOut, export: isExported }: LevelAct,
  { name, folder }: DemoVm,
): readonly string[] | undefined {
  if (bisect !== undefined) {
    return ['bisect', name, '--good', bisect.good, '--bad', bisect.bad];
  }
  if (copyOut !== undefined) {
    return ['files', `${name}@${copyOut.of}`, 'copy', `/${copyOut.file}`, folder];
  }
  return isExported === undefined ? undefined : ['export', name, '--to', join(folder, exportFolder)];
}

/** As the learner would type it. */
export function typedCommand(acts: readonly LevelAct[], vm: DemoVm): string | undefined {
  const words = acts.map((act) => wordsOf(act, vm)).find((one) => one !== undefined);
  return words && ['virt-rewind', ...words].map(quoteForShell).join(' ');
}

/** @returns false where the act is no command @throws Failure */
export async function runAsCommand(act: LevelAct, vm: DemoVm, line: OwnCommandLine | undefined): Promise<boolean> {
  const words = wordsOf(act, vm);
  if (words === undefined) {
    return false;
  }
  const doing = `run virt-rewind ${words[0] ?? ''}`;
  if (line === undefined) {
    throw new Failure('unsupported', { doing, vm: vm.name });
  }
  const { program, script, environment } = line;
  const { bisect } = act;
  const check =
    bisect === undefined
      ? []
      : ['--off', '--run', '--', 'sh', '-c', holdsText, '-', program, script, bisect.file, bisect.text];
  const [command = '', ...rest] = words;
  const args = [script, command, '--quiet', '--connect', vm.connection, ...rest, ...check];
  const { exit, errors } = await runHere(
    { program, args, environment, atMostMs: longestMs },
    new AbortController().signal,
  );
  if (exit !== 0) {
    throw new Failure('failed', { doing, vm: vm.name }, { cause: new Error(errors) });
  }
  return true;
}
