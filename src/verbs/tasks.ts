// What a task of tasks.json can ask for: its actions and what can be given to them.
import * as v from 'valibot';
import { argumentTable } from './arguments.js';

export const taskActions = [
  'start',
  'shutDown',
  'forceOff',
  'wait',
  'checkpoint',
  'revert',
  'run',
  'createLab',
  'resetLab',
] as const;

export type TaskAction = (typeof taskActions)[number];

const mostArguments = 1_000;

/** As each is checked, and offered by the editor of tasks.json. */
export const taskShapes = {
  vm: argumentTable.vm.shape,
  system: argumentTable.system.shape,
  file: argumentTable.file.shape,
  connection: argumentTable.connection.shape,
  snapshot: argumentTable.snapshot.shape,
  title: argumentTable.title.shape,
  after: argumentTable.after.shape,
  checkpointFirst: argumentTable.checkpointFirst.shape,
  confirm: argumentTable.confirm.shape,
  /** One; its arguments are `args`. */
  program: argumentTable.name.shape,
  args: v.pipe(v.array(v.string()), v.maxLength(mostArguments)),
  host: argumentTable.host.shape,
  port: argumentTable.port.shape,
  seconds: argumentTable.seconds.shape,
} as const;
