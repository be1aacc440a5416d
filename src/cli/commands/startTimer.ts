// That something deletes a snapshot when its date is over: said where it is added with the first one.
import { resolve } from 'node:path';
import type { Context } from '../context.js';

export async function startTimer({ readers, session, terminal, log }: Context): Promise<void> {
  const { ensureDates } = await readers.dates();
  const program = resolve(process.argv[1] ?? '');
  const lines = await ensureDates({ folder: session.folder, environment: process.env, program, log });
  lines.forEach((line) => terminal.tell(line));
}
