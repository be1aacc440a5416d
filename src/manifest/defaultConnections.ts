// Which libvirts are shown when the setting names none.

/**
 * | LIBVIRT_DEFAULT_URI | `uri_default` of libvirt.conf | user    | connections                    |
 * |---------------------|-------------------------------|---------|--------------------------------|
 * | set                 | any                           | any     | that one                       |
 * | not set             | set                           | any     | that one                       |
 * | not set             | not set                       | root    | qemu:///system                 |
 * | not set             | not set                       | others  | qemu:///system, qemu:///session |
 * | not set             | not set                       | Windows | none: libvirt runs elsewhere   |
 *
 * For root libvirt's session is the system's own.
 *
 * @param userId as process.getuid; undefined where there is none (Windows)
 */
export function defaultConnections(
  environment: Readonly<Record<string, string | undefined>>,
  userId: number | undefined,
  uriDefault: () => string | undefined = () => undefined,
): readonly string[] {
  for (const tell of [() => environment['LIBVIRT_DEFAULT_URI'], uriDefault]) {
    const named = tell()?.trim() ?? '';
    if (named !== '') {
      return [named];
    }
  }
  if (userId === undefined) {
    return [];
  }
  return userId === 0 ? ['qemu:///system'] : ['qemu:///system', 'qemu:///session'];
}
