// Which libvirts are shown when the setting names none. Knows nothing of connecting.

/**
 * | LIBVIRT_DEFAULT_URI | user    | connections                    |
 * |---------------------|---------|--------------------------------|
 * | set                 | any     | that one                       |
 * | not set             | root    | qemu:///system                 |
 * | not set             | others  | qemu:///system, qemu:///session |
 * | not set             | Windows | none: libvirt runs elsewhere   |
 *
 * For root libvirt's session is the system's own.
 *
 * @param userId as process.getuid; undefined where there is none (Windows)
 */
export function defaultConnections(
  environment: Readonly<Record<string, string | undefined>>,
  userId: number | undefined,
): readonly string[] {
  const named = environment['LIBVIRT_DEFAULT_URI']?.trim() ?? '';
  if (named !== '') {
    return [named];
  }
  if (userId === undefined) {
    return [];
  }
  return userId === 0 ? ['qemu:///system'] : ['qemu:///system', 'qemu:///session'];
}
