import assert from 'node:assert/strict';
import { type GitApi, type GitRepository, gitHead } from '../../../src/ui/commands/gitHead.js';

const commit = '0123456789abcdef0123456789abcdef01234567';

function api(repositories: Readonly<Record<string, GitRepository>>): GitApi<string> {
  return {
    repositories: Object.values(repositories),
    getRepository: (path) => repositories[path] ?? null,
  };
}

describe('git head', () => {
  const main: GitRepository = { state: { HEAD: { name: 'main', commit } } };
  const topic: GitRepository = { state: { HEAD: { name: 'topic/x', commit } } };

  it('is the branch and twelve digits of the commit', () => {
    assert.equal(gitHead(api({ '/a': main }), ['/a']), 'main@0123456789ab');
  });

  it('is of the first place that is in a repository', () => {
    const both = api({ '/a': main, '/b': topic });
    assert.equal(gitHead(both, ['/elsewhere', '/b', '/a']), 'topic/x@0123456789ab');
    assert.equal(gitHead(both, ['/elsewhere']), 'main@0123456789ab');
    assert.equal(gitHead(both, []), 'main@0123456789ab');
  });

  it('has no branch where none is checked out', () => {
    assert.equal(gitHead(api({ '/a': { state: { HEAD: { commit } } } }), ['/a']), '@0123456789ab');
  });

  it('is nothing without a repository, before it was read, and before the first commit', () => {
    assert.equal(gitHead(api({}), ['/a']), undefined);
    assert.equal(gitHead(api({ '/a': { state: {} } }), ['/a']), undefined);
    assert.equal(gitHead(api({ '/a': { state: { HEAD: { name: 'main' } } } }), ['/a']), undefined);
  });
});
