// Runs inside VS Code's extension host in place of a test suite: how long the extension takes to be there when the view
// is opened for the first time, its code loaded included. Knows nothing of the extension's inside.
import { writeFileSync } from 'node:fs';
import * as vscode from 'vscode';

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');
  const file = process.env['BENCH_RESULT'];
  if (extension === undefined || extension.isActive || file === undefined) {
    throw new Error('the extension must be there, and not active yet');
  }
  const began = performance.now();
  await extension.activate();
  writeFileSync(file, String(performance.now() - began));
}
