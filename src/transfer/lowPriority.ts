// Programs that read or write whole VMs give way to the guests that run on the same host.
import giveWay from './giveWay.sh';

/** Program and arguments for `spawn`, which must detach it. @param way what its shell does first */
export function givingWay(
  program: string,
  args: readonly string[],
  way: string = giveWay,
): readonly [string, string[]] {
  return process.platform === 'win32'
    ? [program, [...args]]
    : ['/bin/sh', ['-c', `${way}exec "$@"`, 'sh', program, ...args]];
}
