// Operates the product as the user that it is started as: what its parent orders, by the library or the command line.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../../scripts/rig/root.mjs';
import { run } from '../../scripts/rig/run.mjs';
import type * as Library from '../../src/library.js';

type Vm = Library.VirtualMachine;
type Call = 'checkpoint' | 'revert' | 'undo' | 'delete' | 'start' | 'stop' | 'recover';

/** `shell`: the command line, and its words. */
export type Order =
  | { readonly [C in Call]: { readonly vm: string; readonly call: C; readonly args: Parameters<Vm[C]> } }[Call]
  | { readonly shell: readonly string[] };

/** A failed operation; for a refused one, its reason. */
export interface Failed {
  readonly kind: string;
  readonly reason?: string;
  readonly message: string;
}

/** Its answer, as JSON or as printed. */
export interface Answer {
  readonly said?: string;
  readonly failed?: Failed;
}

const program = (name: string): string => join(root, `dist/${name}.js`);
const { connect } = createRequire(program('library'))('./library.js') as typeof Library;
const uri = process.argv[2] ?? 'qemu:///system';
let connected: ReturnType<typeof connect> | undefined;

process.on('message', (order: Order) => {
  carryOut(order).then(
    (said) => process.send!({ said } satisfies Answer),
    (error: unknown) => {
      const { kind = 'failed', reason, message } = error as Partial<Library.VirtRewindError>;
      const failed = { kind, message: message ?? String(error), ...(reason !== undefined && { reason }) };
      process.send!({ failed } satisfies Answer);
    },
  );
});
process.on('disconnect', () => process.exit());

async function carryOut(order: Order): Promise<string> {
  if ('shell' in order) {
    const { code, stdout, stderr } = await run(process.execPath, [program('commandLine'), '-c', uri, ...order.shell]);
    if (code !== 0) {
      throw Object.assign(new Error(`${stdout}${stderr}`.trim()), { kind: `exit ${String(code)}` });
    }
    return stdout + stderr;
  }
  connected ??= connect(uri);
  const vm = await (await connected).find(order.vm);
  return JSON.stringify(await (vm[order.call] as (...args: readonly unknown[]) => Promise<unknown>)(...order.args));
}
