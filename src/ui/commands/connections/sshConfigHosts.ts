// The hosts that the user's configuration of ssh names, to be offered as connections.
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readFileAtMost } from '../../../base/readFileAtMost.js';

const mostBytes = 262_144;
const mostFiles = 50;
const mostHosts = 200;

/** In the order of the files, each once. Patterns are left out; so is what cannot be read. */
export async function sshConfigHosts(file = join(homedir(), '.ssh', 'config')): Promise<readonly string[]> {
  const hosts = new Set<string>();
  const seen = new Set<string>();
  await collect(file);
  return [...hosts].slice(0, mostHosts);

  async function collect(path: string): Promise<void> {
    if (seen.has(path) || seen.size >= mostFiles) {
      return;
    }
    seen.add(path);
    for (const [keyword, ...words] of await linesOf(path)) {
      if (keyword === 'host') {
        words.filter((word) => /^\w[\w.-]*$/u.test(word)).forEach((word) => hosts.add(word));
      } else if (keyword === 'include') {
        for (const word of words) {
          for (const included of await filesOf(resolve(dirname(file), word.replace(/^~(?=\/)/u, homedir())))) {
            await collect(included);
          }
        }
      }
    }
  }
}

/** Keywords in lower case; quotes around words are taken off. */
async function linesOf(path: string): Promise<readonly (readonly string[])[]> {
  const text = await textOf(path);
  return text.split(/\r?\n/u).flatMap((line) => {
    const [, keyword = '', rest = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/su.exec(line) ?? [];
    return keyword === '' ? [] : [[keyword.toLowerCase(), ...(rest.match(/"[^"]*"|[^\s"]+/gu) ?? []).map(unquote)]];
  });
}

/** Empty where it is not there or not readable: ssh goes on without it, too. */
async function textOf(path: string): Promise<string> {
  try {
    return (await readFileAtMost(path, mostBytes)).toString('utf8');
  } catch {
    return '';
  }
}

function unquote(word: string): string {
  return word.replace(/^"(.*)"$/u, '$1');
}

/** A star in the last part of a path stands for anything. */
async function filesOf(pattern: string): Promise<readonly string[]> {
  const [folder, name] = [dirname(pattern), pattern.slice(dirname(pattern).length + 1)];
  if (!name.includes('*')) {
    return [pattern];
  }
  const parts = name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/gu, '\\$&'));
  const wanted = new RegExp(`^(?!\\.)${parts.join('.*')}$`, 'u');
  try {
    return (await readdir(folder))
      .filter((one) => wanted.test(one))
      .toSorted()
      .map((one) => join(folder, one));
  } catch {
    // There is no such folder.
    return [];
  }
}
