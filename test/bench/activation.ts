// Runs inside VS Code's extension host in place of a test suite, and times what VS Code itself shows as a running
// extension's activation: loading its code, and its activate() until it has ended.
import { appendFileSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import * as vscode from 'vscode';

interface Loader {
  _load: (request: string, ...rest: readonly unknown[]) => unknown;
}
interface Extension {
  readonly activate: (context: vscode.ExtensionContext) => unknown;
}

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension('virt-rewind.virt-rewind');
  const file = process.env['BENCH_RESULT'];
  if (extension === undefined || extension.isActive || file === undefined) {
    throw new Error('the extension must be there, and not active yet');
  }
  const spent = { load: Number.NaN, activate: Number.NaN };
  const loader = Module as unknown as Loader;
  const load = loader._load;
  loader._load = (request, ...rest) => {
    const began = performance.now();
    const loaded = load.call(loader, request, ...rest);
    if (!request.endsWith('dist/extension.js')) {
      return loaded;
    }
    spent.load = performance.now() - began;
    return { ...(loaded as Extension), activate: timedActivate(loaded as Extension, (ms) => (spent.activate = ms)) };
  };
  const began = performance.now();
  await extension.activate();
  const whole = performance.now() - began;
  loader._load = load;
  writeFileSync(file, JSON.stringify({ ...spent, whole }));
  const report = process.env['TEST_REPORT'];
  if (report !== undefined) {
    // The rig takes an extension host for dead that does not end with mocha's last line.
    appendFileSync(report, '  1 passing\n');
  }
}

function timedActivate({ activate }: Extension, tell: (ms: number) => void): Extension['activate'] {
  return async (context) => {
    const began = performance.now();
    const api = await activate(context);
    tell(performance.now() - began);
    return api;
  };
}
