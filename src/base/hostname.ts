// Whether two names are of one host.

/** Hosts' names, in whatever case and with or without their domain. */
export function isSameHostname(one: string, other: string): boolean {
  const [mine = '', theirs = ''] = [one, other].map((name) => name.toLowerCase());
  const isShort = !mine.includes('.') || !theirs.includes('.');
  return isShort ? mine.split('.')[0] === theirs.split('.')[0] : mine === theirs;
}
