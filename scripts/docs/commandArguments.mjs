// What can be given to each command, and what it means: the part of docs/commands.md that the manifest cannot tell.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../rig/root.mjs';

const snapshot = /** @type {const} */ (['vm', 'snapshot']);
const lesson = /** @type {const} */ (['connection']);

/** Id without its prefix → its arguments; `connection` can stand beside each `vm`. */
export const argumentsOf = /** @type {const} */ ({
  createSnapshot: ['vm', 'kind', 'style', 'quiesce', 'live', 'without', 'title', 'description'],
  quickCheckpoint: ['vm', 'system'],
  revert: [...snapshot, 'after', 'checkpointFirst', 'confirm'],
  undoRevert: ['vm', 'after', 'checkpointFirst', 'confirm'],
  undo: ['vm', 'entry', 'confirm'],
  redo: ['vm', 'entry', 'confirm'],
  restoreState: ['vm', 'entry', 'confirm'],
  undoAgentStep: ['vm'],
  deleteSnapshot: [...snapshot, 'confirm'],
  deleteWithDescendants: [...snapshot, 'confirm'],
  deleteDescendants: [...snapshot, 'confirm'],
  editDescription: [...snapshot, 'title', 'description'],
  renameSnapshot: [...snapshot, 'title'],
  workedVm: ['vm'],
  start: ['vm'],
  shutDown: ['vm', 'confirm'],
  forceOff: ['vm', 'confirm'],
  pause: ['vm'],
  resume: ['vm'],
  restart: ['vm', 'confirm'],
  showXml: snapshot,
  showFiles: snapshot,
  copyName: snapshot,
  compareSnapshots: [...snapshot, 'other'],
  compareWithPresent: snapshot,
  showXmlDifference: [],
  copyVirshCommand: [...snapshot, 'operation'],
  copyIpAddress: ['vm'],
  connectSsh: ['vm', 'user'],
  runInGuest: ['vm', 'program'],
  copyFileToVm: ['vm', 'file', 'guestPath', 'confirm'],
  copyFileFromVm: ['vm', 'file', 'guestPath', 'confirm'],
  openDisplay: ['vm'],
  showScreenshot: ['vm'],
  openConsole: ['vm'],
  openConsoleLog: ['vm'],
  goToCurrent: ['vm'],
  showPicture: [...snapshot, 'system'],
  checkHealth: ['vm'],
  snoozeHealth: ['vm'],
  examine: ['vm'],
  repair: ['vm', 'confirm'],
  consolidate: ['vm', 'disk', 'downTo', 'speed', 'confirm'],
  prune: ['vm', 'system', 'olderThan', 'keepLast', 'snapshots', 'confirm'],
  finishUnfinished: ['vm', 'confirm'],
  dismissUnfinished: ['vm', 'confirm'],
  moveToTrash: [...snapshot, 'snapshots', 'confirm'],
  restoreFromTrash: snapshot,
  emptyTrash: ['vm', 'confirm'],
  keepSnapshot: snapshot,
  unkeepSnapshot: snapshot,
  markFavourite: snapshot,
  unmarkFavourite: ['vm'],
  revertToFavourite: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
  revertToRecent: [],
  revertToBranch: [],
  revertToLast: ['vm', 'system', 'after', 'checkpointFirst', 'confirm'],
  protectVm: ['vm'],
  unprotectVm: ['vm'],
  cloneVm: [...snapshot, 'name', 'way', 'network', 'disposable'],
  forkVm: [...snapshot, 'count', 'name', 'network', 'disposable'],
  sandbox: [...snapshot, 'name'],
  renewIdentity: ['vm', 'confirm'],
  discardClone: ['vm', 'confirm'],
  bisect: ['vm', 'good', 'bad', 'skip', 'check', 'program', 'tries', 'jobs', 'network', 'off', 'confirm'],
  showBisect: ['vm'],
  endBisect: ['vm', 'confirm'],
  createSystem: ['vms', 'title'],
  checkpointSystem: ['system', 'title', 'description'],
  revertSystem: ['system', 'snapshot', 'confirm'],
  undoSystemRevert: ['system', 'confirm'],
  startSystem: ['system', 'confirm'],
  shutDownSystem: ['system', 'confirm'],
  setStartOrder: ['system', 'vm', 'startsAfter', 'upWhen', 'port', 'host', 'program', 'seconds'],
  renameSystem: ['system', 'snapshot', 'title'],
  deleteRestorePoint: ['system', 'snapshot', 'confirm'],
  recoverSystem: ['system', 'confirm'],
  dissolveSystem: ['system', 'confirm'],
  createLab: ['file', 'confirm'],
  resetLab: ['file', 'snapshot', 'confirm'],
  checkLab: ['file'],
  destroyLab: ['file', 'confirm'],
  openLabFile: ['file'],
  exportLab: ['vms', 'system', 'file', 'confirm'],
  showHistory: [],
  cancelOperation: ['vm'],
  refresh: ['vm', 'connection'],
  connect: ['connection'],
  addConnection: ['connection'],
  removeConnection: ['connection'],
  showLog: [],
  filter: ['filter'],
  clearFilter: [],
  sortByTime: [],
  sortByName: [],
  sortVmsByName: [],
  sortVmsByState: [],
  sortVmsByUse: [],
  showAsTree: [],
  showAsList: [],
  startLesson: lesson,
  lessonNext: [],
  lessonBack: [],
  restartLesson: lesson,
  endLesson: [],
});

/** How the names of shapes are told. @type {Readonly<Record<string, string>>} */
const sorts = {
  text: 'text',
  anyText: 'text',
  texts: 'list of texts',
  flag: 'boolean',
  amount: 'number',
  whole: 'whole number',
  forks: '1 to 16',
  tcpPort: '1 to 65535',
  waitSeconds: '0 to 86400',
  oneTo64: '1 to 64',
  oneTo99: '1 to 99',
};

/** What stands behind the arguments of some. @type {Readonly<Partial<Record<keyof typeof argumentsOf, string>>>} */
export const remarks = {
  undo: 'without `entry`: asks which',
  undoAgentStep: 'asks which step',
  redo: 'without `entry`: asks which',
  restoreState: 'without `entry`: asks which',
  checkHealth: 'without `vm`: all',
  copyVirshCommand: 'and those of that operation',
  refresh: 'without either: everything',
};

/** Argument → its values, or their sort in words; and what it means: as the code says, and the comments in it. */
export const commandArguments = argumentsIn('src/ui/commands/commandArguments.ts');

/** @param {string} path from the checkout @returns {Readonly<Record<string, import('./manifestTables.mjs').Argument>>} */
function argumentsIn(path) {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const shapes = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find((declaration) => declaration.name.getText() === 'shapes')?.initializer;
  if (shapes === undefined || !ts.isObjectLiteralExpression(shapes)) throw new Error(`${path} has no table of shapes`);
  return Object.fromEntries(
    shapes.properties.filter(ts.isPropertyAssignment).map((property) => {
      const name = property.name.getText();
      const [comment] = ts.getJSDocCommentsAndTags(property);
      const means = typeof comment?.comment === 'string' ? inTable(comment.comment) : '';
      if (means === '') throw new Error(`${path} does not say what ${name} means`);
      return [name, { takes: valuesOf(property.initializer), means }];
    }),
  );
}

/** @param {ts.Expression} shape the name of one, or a list of values */
function valuesOf(shape) {
  if (
    ts.isCallExpression(shape) &&
    shape.arguments[0] !== undefined &&
    ts.isArrayLiteralExpression(shape.arguments[0])
  ) {
    return shape.arguments[0].elements.filter(ts.isStringLiteral).map(({ text }) => text);
  }
  const words = sorts[shape.getText()];
  if (words === undefined) throw new Error(`there are no words for ${shape.getText()}`);
  return words;
}

/** A sentence as the cells of a table have it. @param {string} sentence */
function inTable(sentence) {
  const text = sentence.replaceAll('\n', ' ').replace(/\.$/, '');
  return /^[A-Z][a-z]*\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
