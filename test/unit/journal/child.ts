// A second editor, as a process of its own: what it is told by its first argument, in the folder of its second.
import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import * as promises from 'node:fs/promises';
import { Audit } from '../../../src/journal/audit.js';
import type { FileSystem } from '../../../src/journal/durable.js';
import { Journal } from '../../../src/journal/journal.js';
import { silentLog } from '../../silentLog.js';
import { head } from './plans.js';

const [, , what = '', folder = '', number = '0'] = process.argv;

/** Synchronous: what was said is said although the process dies at the next call. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

let calls = 0;
/** What changes something that outlives the process. */
const changes: ReadonlySet<unknown> = new Set([
  'chmod',
  'mkdir',
  'open',
  'rename',
  'rm',
  'truncate',
  'write',
  'writeFile',
]);

/** The real file system, until the change with that number: there the process is killed, before it is made. */
function mortal(dieAt: number): FileSystem {
  const counted = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, key) => {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') {
          return method;
        }
        return (...args: unknown[]): unknown => {
          calls += changes.has(key) ? 1 : 0;
          if (calls === dieAt) {
            process.kill(process.pid, 'SIGKILL');
            return new Promise(() => undefined);
          }
          const result: unknown = Reflect.apply(method, target, args);
          return key === 'open' ? (result as Promise<FileHandle>).then(counted) : result;
        };
      },
    });
  return counted<FileSystem>({ ...promises });
}

async function operate(): Promise<void> {
  const entry = await new Journal(folder, silentLog, mortal(Number(number))).begin(head());
  say('begin');
  for (const index of [0, 1]) {
    say(`begun? ${index}`);
    await entry.markBegun(index);
    say(`begun ${index}`);
    say(`done? ${index}`);
    await entry.markDone(index, { index });
    say(`done ${index}`);
  }
  say('end?');
  await entry.end({ outcome: 'done' });
  say(`calls ${calls}`);
  process.disconnect();
}

async function begin(): Promise<void> {
  const journal = new Journal(folder, silentLog);
  const ids: string[] = [];
  for (let i = 0; i < Number(number); i += 1) {
    ids.push((await journal.begin(head())).entry.id);
  }
  process.send?.(ids);
  // Its entries are those of a living process until it is killed.
  process.channel?.ref();
}

function claim(): void {
  const journal = new Journal(folder, silentLog);
  process.on('message', (id: string) => {
    void journal
      .lock(id)
      .then((claimed) => process.send?.(typeof claimed === 'string' ? claimed : 'won'))
      .catch((error: unknown) => process.send?.(String(error)));
  });
  process.send?.('ready');
}

async function audit(): Promise<void> {
  const { connection, vm, request } = head();
  for (let i = 0; i < Number(number); i += 1) {
    const note = { connection, vm, request, outcome: 'done', durationMs: i, failure: 'x'.repeat(2000) } as const;
    await new Audit(folder, silentLog).note(note);
  }
  process.send?.('written');
}

const told: Readonly<Record<string, () => void | Promise<void>>> = { operate, begin, claim, audit };
void told[what]?.();
