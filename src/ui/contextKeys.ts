// Sets the context keys of the window, and ticks the steps of the walkthrough. manifest/contextKeyTable.ts lists the keys.
import * as vscode from 'vscode';
import type { ContextKeys } from '../manifest/contextKeyTable.js';

/** Sets context keys of the window; a key not named keeps its value. */
export async function setContextKeys(values: Partial<ContextKeys>): Promise<void> {
  await Promise.all(
    Object.entries(values).map(([key, value]) => vscode.commands.executeCommand('setContext', key, value)),
  );
}

const stepOf: Readonly<Record<string, keyof ContextKeys>> = {
  create: 'virtRewind.didCreate',
  checkpoint: 'virtRewind.didCreate',
  revert: 'virtRewind.didRevert',
  delete: 'virtRewind.didDelete',
  prune: 'virtRewind.didDelete',
  trash: 'virtRewind.didDelete',
};

/** Ticks the step of the walkthrough that is about what was done. @param kind of an operation of ours */
export function tickStep(kind: string): void {
  const key = stepOf[kind];
  void (key && setContextKeys({ [key]: true }));
}
