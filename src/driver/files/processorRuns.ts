// How often and how long the threads of a guest's processors ran, as the kernel of this computer counts it. Knows no
// libvirt.
import { readdir, readFile } from 'node:fs/promises';

/** QEMU names them so, as libvirt has it do. */
const processorThread = /^CPU \d+\//u;

/**
 * A text for each processor, by which any run of it since can be told; undefined where not all of them can be seen.
 *
 * @param uuid of the VM, in QEMU's words
 */
export async function processorRuns(
  uuid: string,
  processors: number,
  root = '/proc',
): Promise<readonly string[] | undefined> {
  try {
    const [process, ...others] = await processesOf(uuid, root);
    if (process === undefined || others.length > 0) {
      return undefined;
    }
    const tasks = `${root}/${process}/task`;
    const runs = await Promise.all(
      (await readdir(tasks)).map(async (task) => {
        const name = await readFile(`${tasks}/${task}/comm`, 'utf8');
        return processorThread.test(name)
          ? `${process} ${task} ${await readFile(`${tasks}/${task}/schedstat`, 'utf8')}`
          : '';
      }),
    );
    const seen = runs.filter((run) => run !== '');
    return processors > 0 && seen.length === processors ? seen : undefined;
  } catch {
    // Ended, or hidden from this user.
    return undefined;
  }
}

async function processesOf(uuid: string, root: string): Promise<readonly string[]> {
  const all = (await readdir(root)).filter((name) => /^\d+$/u.test(name));
  const words = await Promise.all(all.map((process) => readFile(`${root}/${process}/cmdline`, 'utf8').catch(() => '')));
  return all.filter((_, index) => words[index]?.includes(`\0-uuid\0${uuid}\0`) === true);
}
