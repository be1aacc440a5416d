// Who forbade a file, told by the words of libvirt and QEMU: they hand on what the kernel said, which never names the
// policy. Knows no policy and no host; where the words fit several, the plainest is told.

interface Denial {
  readonly by: 'permissions' | 'appArmorMerge' | 'appArmorProfile' | 'seLinux';
  /** Absolute path, where the words hold one. */
  readonly file?: string;
}

/** The whole output of QEMU may be in it. */
const longestMessage = 20_000;
const longestPath = 4_096;

/**
 * | the words                                                              | by          |
 * |------------------------------------------------------------------------|-------------|
 * | name AppArmor, or libvirt's helper for it, `virt-aa-helper`            | appArmorProfile: libvirt could not load or set it; no file was forbidden, for what QEMU says never names AppArmor |
 * | name SELinux, or that a security label could not be set               | seLinux     |
 * | `block-commit` … Permission denied: libvirt has given QEMU the file to write by then; before 12.1 its AppArmor profile forbids writing to whatever was a backing file at the start (libvirt 806, Debian 932456) | appArmorMerge, where the host may have it: a `deny` in a profile, which nothing allows, and which binds libvirt's QEMUs alone |
 * | Permission denied, Operation not permitted, of a path                  | permissions |
 * | the same without a path                                                | none: it may be about anything |
 */
/** @param appArmor whether the host has it; where that is not known, it may */
export function findDenial(message: string | undefined, appArmor = true): Denial | undefined {
  const words = (message ?? '').slice(0, longestMessage);
  const file = pathIn(words);
  const denialBy = (by: Denial['by']): Denial => ({ by, ...(file === undefined ? {} : { file }) });
  const denied = /permission denied|operation not permitted/iu.test(words);
  if (/apparmor|virt-aa-helper/iu.test(words)) {
    return denialBy('appArmorProfile');
  }
  if (/selinux|setfilecon|unable to set security context|avc: {1,2}denied/iu.test(words)) {
    return denialBy('seLinux');
  }
  if (!denied) {
    return undefined;
  }
  if (appArmor && /block-commit|blockcommit/iu.test(words)) {
    return denialBy('appArmorMerge');
  }
  return file === undefined ? undefined : denialBy('permissions');
}

/** The last quoted path before the verdict: words about a backing file name the file that led to it first. */
function pathIn(words: string): string | undefined {
  const verdict = words.search(/permission denied|operation not permitted/iu);
  const before = verdict < 0 ? words : words.slice(0, verdict);
  const paths = [...before.matchAll(/['"](?<path>\/[^'"\n]+)['"]/gu)];
  const path = paths.at(-1)?.groups?.['path'];
  return path === undefined || path.length > longestPath ? undefined : path;
}
