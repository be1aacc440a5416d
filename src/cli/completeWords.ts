// What the word at the cursor can become: commands, options, values, names of VMs and snapshots. Says nothing where it
// knows nothing: a person who types must not be disturbed.
import { noLog } from '../base/log.js';
import { repairName, repairsOf } from '../diagnosis/examination.js';
import { labFileName } from '../manifest/labFileName.js';
import type { StoredSystem } from '../domain/system.js';
import { openTarget } from '../session/target.js';
import { Session } from '../session/session.js';
import { calledCommand, joinCommandWords, splitCommonOptions } from './arguments.js';
import { commandGroups, commandsOnSystems, optionsOf } from './commandShape.js';
import type { CommandTable, OperandKind, Option } from './context.js';
import type { Terminal } from './terminal.js';

type CompletionSource =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: OperandKind; readonly connect?: string; readonly vm?: string; readonly file?: string };

/** What a system has in the place of what a VM has. */
const kindsOfSystem: Partial<Readonly<Record<OperandKind, OperandKind>>> = { target: 'system', snapshot: 'point' };

/** @param words those after `virt-rewind`, the last being typed. Pure. */
export function completionSourceAt(commands: CommandTable, words: readonly string[]): CompletionSource {
  const { ahead, own } = splitCommonOptions(words);
  const [first = '', ...rest] = own.length > 2 ? joinCommandWords(own) : own;
  const called = calledCommand(commands, first);
  if (rest.length === 0 || called === undefined) {
    const names = Object.keys(commands);
    const own = names.flatMap((name) => (name.startsWith(`${first} `) ? [name.slice(first.length + 1)] : []));
    const within = first === 'system' ? [...own, ...commandsOnSystems(commands)] : own;
    const firsts = [...names.filter((name) => !name.includes(' ')), ...commandGroups, '--help', '--version'];
    return {
      kind: 'words',
      words: rest.length === 0 ? firsts : rest.length === 1 ? within : [],
    };
  }
  const isOfSystem = first === `system ${called.command}`;
  const options = optionsOf(called.row);
  const operands: string[] = [];
  let connect: string | undefined;
  let file: string | undefined;
  const before = [...ahead, ...rest.slice(0, -1)];
  for (let at = 0; at < before.length; at += 1) {
    const word = before[at] ?? '';
    const name = findOption(options, word);
    if (name === undefined) {
      operands.push(word);
    } else if (options[name]?.type === 'string') {
      const [, own] = /^--[^=]+=(.*)$/su.exec(word) ?? /^-[^-](.+)$/su.exec(word) ?? [];
      at += own === undefined ? 1 : 0;
      if (at === before.length) {
        return valueOf(options[name], connect, operands[0]);
      }
      const value = own ?? before[at];
      connect = name === 'connect' ? value : connect;
      file = name === 'file' ? value : file;
    }
  }
  if ((rest.at(-1) ?? '').startsWith('-')) {
    return { kind: 'words', words: Object.keys(options).map((name) => `--${name}`) };
  }
  const takes = called.row.operands;
  const last = takes.at(-1);
  const goesOn = last?.needed === 'rest' || last?.needed === 'several' ? last : undefined;
  const operand = takes[operands.length] ?? goesOn;
  const [vm] = operands;
  if (operand === undefined) {
    return { kind: 'words', words: [] };
  }
  return operand.kind === 'shell'
    ? { kind: 'words', words: ['bash', 'zsh', 'fish'] }
    : {
        kind: (isOfSystem ? kindsOfSystem[operand.kind] : undefined) ?? operand.kind,
        ...(connect !== undefined && { connect }),
        ...(vm !== undefined && { vm }),
        ...(file !== undefined && { file }),
      };
}

/** @param vm the snapshots of none are not to be known */
function valueOf({ kind, words = [] }: Option, connect: string | undefined, vm: string | undefined): CompletionSource {
  return kind === undefined || ((kind === 'snapshot' || kind === 'repair') && vm === undefined)
    ? { kind: 'words', words }
    : { kind, ...(connect !== undefined && { connect }), ...(vm !== undefined && { vm }) };
}

function findOption(options: Readonly<Record<string, Option>>, word: string): string | undefined {
  return Object.entries(options).find(
    ([name, { short }]) =>
      word === `--${name}` || word.startsWith(`--${name}=`) || (short !== undefined && word.startsWith(`-${short}`)),
  )?.[0];
}

function titlesOf({ points }: StoredSystem): readonly string[] {
  return points.filter(({ auto }) => auto !== 'revert' && auto !== 'layer').map(({ title }) => title);
}

/** @param words `--`, then those after `virt-rewind` */
export async function completeWords(
  commands: CommandTable,
  [, ...words]: readonly string[],
  terminal: Terminal,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const typed = words.at(-1) ?? '';
  const found = (await answers(completionSourceAt(commands, words), environment)).filter((word) =>
    word.startsWith(typed),
  );
  if (found.length > 0) {
    terminal.say(found.join('\n'));
  }
}

async function answers(wanted: CompletionSource, environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  if (wanted.kind === 'words') {
    return wanted.words;
  }
  if (wanted.kind === 'text' || wanted.kind === 'program' || wanted.kind === 'shell') {
    return [];
  }
  const { connect, vm, file } = wanted;
  const session = await Session.open({
    ...(connect !== undefined && { connections: [connect] }),
    environment,
    log: noLog,
    shell: 'virt-rewind',
  });
  try {
    if (wanted.kind === 'system' || wanted.kind === 'point') {
      const { systems } = await (await session.systems()).list();
      return wanted.kind === 'system'
        ? systems.map(({ system }) => system.name)
        : systems.flatMap((stored) => (stored.system.name === vm ? titlesOf(stored) : []));
    }
    if (wanted.kind === 'labPoint') {
      const { Labs } = await import('../lab/labs.js');
      const labs = new Labs({ session, log: noLog, shell: 'virt-rewind', environment });
      const record = await labs.find(file ?? labFileName);
      const stored = record?.system === undefined ? undefined : await (await session.systems()).find(record.system);
      return stored === undefined ? [] : titlesOf(stored);
    }
    if (wanted.kind === 'snapshot' && vm !== undefined) {
      const target = await openTarget(session, vm, () => Promise.resolve('vm'));
      return target.kind === 'vm'
        ? (await session.engine.readTree(target.view.ref)).snapshots.map(({ name }) => name)
        : titlesOf(target.stored);
    }
    if (wanted.kind === 'repair' && vm !== undefined) {
      const { ref } = await session.vm(vm);
      return repairsOf((await session.engine.examine(ref)).diagnoses).map(({ repair }) => repairName(repair));
    }
    const { engine } = session;
    await Promise.allSettled(engine.connections.map(({ uri }) => engine.connect(uri)));
    const vms = engine.connections.flatMap((one) =>
      one.vms.map((view) => (wanted.kind === 'place' ? `${view.vm.name}:` : view.vm.name)),
    );
    const { systems } = wanted.kind === 'target' ? await (await session.systems()).list() : { systems: [] };
    return [...vms, ...systems.map(({ system }) => system.name)];
  } catch {
    return [];
  } finally {
    await session.close();
  }
}
