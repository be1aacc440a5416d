// Whether two paths lead to one file: by how they are written, and by what the host said of them. Rules compare paths
// as text, so a VM that names one file in two ways is left alone. Looks at nothing itself.
import type { FileFacts, Observation } from '../hostFiles.js';
import { namedFiles } from './fileUse.js';
import type { FileFactsByPath, Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import { xmlChain } from '../vm.js';

/**
 * Alike for all ways of writing a path: no doubled slash, `.` or `..` in it. For comparing alone: where `..` comes
 * after a link, the file that is opened is another.
 */
function plainPath(path: string): string {
  if (path.startsWith('/') && !/\/\.{0,2}(?:\/|$)/u.test(path)) {
    return path;
  }
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') {
      parts.pop();
    } else if (part !== '' && part !== '.') {
      parts.push(part);
    }
  }
  return path.startsWith('/') ? `/${parts.join('/')}` : path;
}

/** Two paths that share one of these lead to the same file, or may. */
export function identitiesOf(path: string, seen: Observation<FileFacts> | undefined): readonly string[] {
  const plain = `path ${plainPath(path)}`;
  return typeof seen === 'object' && seen.real !== undefined ? [plain, `file ${seen.real}`] : [plain];
}

/** By identity, each path among these that has it. */
export function pathsByIdentity(
  paths: Iterable<string>,
  files: FileFactsByPath | undefined,
): ReadonlyMap<string, readonly string[]> {
  const byIdentity = new Map<string, string[]>();
  for (const path of new Set(paths)) {
    for (const identity of identitiesOf(path, files?.images.get(path) ?? files?.files.get(path))) {
      byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), path]);
    }
  }
  return byIdentity;
}

/**
 * libvirt writes down a tab or a line end as it is, and reads a space when it starts again: then the path is another's.
 *
 * | the VM or a snapshot names | → |
 * |----------------------------|---|
 * | a path with a control character | unsafePath |
 * | none                       | ok |
 */
export function controlInPathRefusal(facts: Facts): RefusedDecision | undefined {
  const { vm, frozenDisks } = facts;
  const isHarmful = (path: string): boolean => /\p{Cc}/u.test(path);
  // Each snapshot of a chain names the layers of all below it again: whose they are is asked only where one does harm.
  if (![...namedFiles(facts)].some(isHarmful)) {
    return undefined;
  }
  for (const disk of [...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()]) {
    const file = xmlChain(disk).find(isHarmful);
    if (file !== undefined) {
      return refuse('unsafePath', { disk: disk.target, file });
    }
  }
  return undefined;
}

/** What stands against anything that touches files, whatever it is. */
export function pathRefusal(facts: Facts): RefusedDecision | undefined {
  return controlInPathRefusal(facts) ?? namedTwiceRefusal(facts);
}

/**
 * | of the paths that the VM and its snapshots name, and those that were looked at for the request | → |
 * |------------------------------------------------------------------|---------------|
 * | two are written differently and lead to the same file            | namedTwice    |
 * | each leads to a file of its own                                  | ok            |
 */
function namedTwiceRefusal(facts: Facts): RefusedDecision | undefined {
  const { vm, files } = facts;
  const paths = [...namedFiles(facts), ...(files?.images.keys() ?? []), ...(files?.files.keys() ?? [])];
  const twice = [...pathsByIdentity(paths, files).values()].find((some) => some.length > 1);
  const [file, other] = twice ?? [];
  return file === undefined || other === undefined ? undefined : refuse('namedTwice', { vm: vm.name, file, other });
}
