// Programs that read or write whole VMs give way to the guests that run on the same host.

/**
 * Words for a shell whose session is its own: it lowers itself, and so what it starts. What a host does not have is
 * left out.
 *
 * | word        | takes effect                                                                          |
 * |-------------|---------------------------------------------------------------------------------------|
 * | `autogroup` | where the kernel shares processors between sessions, as most distributions' do: sched(7) |
 * | `renice`    | where it does not; it is a property of each thread, so it comes before Go starts some  |
 * | `ionice`    | where the disk has a scheduler that knows it: bfq, mq-deadline                        |
 *
 * Two processors, kernel 6.18, four writes of a guest (mean of 380, in turns): 50 ms without a backup, 64 ms during
 * one, 68 ms with `renice` alone, 52 ms with both. SCHED_IDLE was no better.
 */
export const giveWay = '{ echo 19 >/proc/self/autogroup; renice -n 19 -p $$; ionice -c 3 -p $$; } >/dev/null 2>&1';

/**
 * The same for the disk alone, where ssh must wait for what is read or written: beside other programs, a replica of
 * 1 GB took 12 to 66 s with all three, and 6 to 10 s with this one.
 */
export const giveDiskWay = 'ionice -c 3 -p $$ >/dev/null 2>&1';

/** Program and arguments for `spawn`, which must detach it. */
export function givingWay(program: string, args: readonly string[], words = giveWay): readonly [string, string[]] {
  return process.platform === 'win32'
    ? [program, [...args]]
    : ['/bin/sh', ['-c', `${words}\nexec "$@"`, 'sh', program, ...args]];
}
