// Whether this process may use what belongs to a group of this host. Reads the host's own list of groups alone: what a
// directory service adds is seen only where the process has it already.
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** `later`: the user is in it, and this process began before. `unknown`: there is no such group in the list. */
export type Membership = 'in' | 'later' | 'out' | 'unknown';

const groupsFile = '/etc/group';

export async function membershipOf(group: string): Promise<Membership> {
  const { username, gid } = userInfo();
  const ours = [gid, process.getegid?.() ?? gid, ...(process.getgroups?.() ?? [])];
  return membershipIn(await readFile(groupsFile, 'utf8'), group, username, ours);
}

/** @param list lines `name:password:number:members`; @param ours the groups that this process has */
export function membershipIn(list: string, group: string, user: string, ours: readonly number[]): Membership {
  for (const line of list.split('\n')) {
    const [name, , number = '', members = ''] = line.split(':');
    if (name === group && /^\d+$/u.test(number)) {
      return ours.includes(Number(number)) ? 'in' : members.split(',').includes(user) ? 'later' : 'out';
    }
  }
  return 'unknown';
}
