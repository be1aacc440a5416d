// Which other VM on the connection reads a file that is about to go or change: linked clones, shared bases. libvirt
// looks at one VM at a time. Other hosts on the same storage cannot be seen from here.
import type { Situation } from '../model/plan.js';
import { type Refused, refuse } from '../model/refusal.js';

export interface OtherUser {
  /** Name of the other VM. */
  readonly vm: string;
  readonly file: string;
}

/** The first other VM that names one of the files or rests on it; undefined too where other VMs were not looked at. */
export function otherUserOf(files: Iterable<string>, { otherVms = [] }: Situation): OtherUser | undefined {
  const wanted = new Set(files);
  for (const { name, files: used } of otherVms) {
    const file = used.find((one) => wanted.has(one));
    if (file !== undefined) {
      return { vm: name, file };
    }
  }
  return undefined;
}

/** Names of other VMs that may rest on any file: the chain below one of theirs could not be read. */
export function unreadVms({ otherVms = [] }: Situation): readonly string[] {
  return otherVms.filter(({ unread }) => unread.length > 0).map(({ name }) => name);
}

/** Where all that goes was made a moment ago: nobody whose chain cannot be read is built on that. */
export function withoutUnread(situation: Situation): Situation {
  const { otherVms } = situation;
  return otherVms === undefined
    ? situation
    : { ...situation, otherVms: otherVms.map((other) => ({ ...other, unread: [] })) };
}

/**
 * For files that are removed, or get other content.
 *
 * | another VM                        | unread ones are passed over | → |
 * |-----------------------------------|-----------------------------|---|
 * | reads one of them                 | any                         | usedByOtherVm |
 * | has a chain that cannot be read   | no                          | otherVmUnread: it counts as a reader |
 * | has a chain that cannot be read   | yes                         | ok; the plan warns of it |
 * | none of these, or nothing is touched | any                      | ok |
 */
export function otherVmObstacle(
  files: Iterable<string>,
  situation: Situation,
  unread: 'refuse' | 'passOver',
): Refused | undefined {
  const touched = new Set(files);
  if (touched.size === 0) {
    return undefined;
  }
  const user = otherUserOf(touched, situation);
  if (user !== undefined) {
    return refuse('usedByOtherVm', { vm: situation.vm.name, other: user.vm, file: user.file });
  }
  const others = unreadVms(situation);
  return unread === 'refuse' && others.length > 0
    ? refuse('otherVmUnread', { vm: situation.vm.name, others: others.join(', ') })
    : undefined;
}
