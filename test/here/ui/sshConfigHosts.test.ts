import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sshConfigHosts } from '../../../src/ui/commands/connections/sshConfigHosts.js';

describe('sshConfigHosts', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-'));
    await mkdir(at('config.d'));
  });
  after(() => rm(dir, { recursive: true }));

  it('reads names in their order, and what is included', async () => {
    await writeFile(
      at('config'),
      [
        '# Host comment',
        'Include config.d/*.conf',
        'HOST=build  "second" *.example.org !not ?',
        'Host build -oProxyCommand=x a/b',
        'Match host other',
        '  HostName elsewhere',
        'Include config missing',
      ].join('\r\n'),
    );
    await writeFile(at('config.d/b.conf'), 'Host b');
    await writeFile(at('config.d/a.conf'), 'Host a');
    await writeFile(at('config.d/c.txt'), 'Host c');
    assert.deepEqual(await sshConfigHosts(at('config')), ['a', 'b', 'build', 'second']);
  });

  it('looks once at a line that ends where no line of text does', async () => {
    await writeFile(at('wide'), `Host ${' '.repeat(200_000)}\u2028\rbuild`);
    assert.deepEqual(await sshConfigHosts(at('wide')), ['build']);
  });

  it('finds none where there is no configuration', async () => {
    assert.deepEqual(await sshConfigHosts(at('nothing')), []);
  });
});
