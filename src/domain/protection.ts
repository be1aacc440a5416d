// Which VMs are protected: somebody wrote their names, or patterns of them, down. Pure; it refuses to know where.
import type { Vm } from './vm.js';

/** Longer ones are no names: libvirt's own are files, of at most 255 bytes. */
const longestPattern = 300;

/**
 * `*` stands for any text and `?` for one character; a UUID names one VM whatever it is called. Letters count as they
 * are: libvirt tells `web` and `Web` apart.
 */
export function protectionMatcher(patterns: readonly string[]): (vm: Pick<Vm, 'name' | 'uuid'>) => boolean {
  const usable = patterns.map((pattern) => pattern.trim()).filter((one) => one !== '' && one.length <= longestPattern);
  return ({ name, uuid }) => usable.some((pattern) => pattern.toLowerCase() === uuid || matches(pattern, name));
}

/** Whether this pattern names the VM alone, so that taking it away takes away nobody else's protection. */
export function isNameOnly(pattern: string, { name, uuid }: Pick<Vm, 'name' | 'uuid'>): boolean {
  const text = pattern.trim();
  return text.toLowerCase() === uuid || (text === name && !/[*?]/u.test(text));
}

/**
 * Walks both once and goes back to the last `*` only, so that no pattern takes longer than its length times the name's.
 */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let inPattern = 0;
  while (at < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      star = inPattern;
      retry = at;
      inPattern += 1;
    } else if (wanted !== undefined && (wanted === '?' || wanted === name[at])) {
      inPattern += 1;
      at += 1;
    } else if (star >= 0) {
      retry += 1;
      at = retry;
      inPattern = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/u.test(pattern.slice(inPattern));
}
