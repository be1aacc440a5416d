// A shell on a host that has the files of a VM or gets them. Its end is a fault of ours.
import type { HostLogin } from '../hosts/hostLogin.js';
import { HostShell, type ShellAnswer, ShellEnded } from '../hosts/hostShell.js';
import { displayLine } from '../domain/plainText.js';
import { transferFailure } from './transferFailure.js';
import functions from './copyShell.sh';
import giveDiskWay from './giveDiskWay.sh';

export interface CopyShell extends Pick<HostShell, 'host' | 'feed' | 'become' | 'close'> {
  /** A function of copyShell.sh, or another command. @throws Failure where the shell ends */
  run(...words: readonly string[]): Promise<ShellAnswer>;
}

/** @param login absent: this computer. @throws Failure; what the login throws */
export async function openCopyShell(login: HostLogin | undefined, signal: AbortSignal): Promise<CopyShell> {
  const shell = await asCut(HostShell.open(login, { setUp: `${giveDiskWay}${functions}`, signal }));
  return {
    host: shell.host,
    run: (...words) => asCut(shell.keep(...words)),
    feed: (commands, send) => asCut(shell.feed(commands, send)),
    become: (commands) => shell.become(commands),
    close: () => shell.close(),
  };
}

async function asCut<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof ShellEnded ? transferFailure('copyCut', { said: displayLine(error.message) }) : error;
  }
}
