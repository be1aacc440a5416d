import assert from 'node:assert/strict';
import { Emitter } from '../../../src/base/emitter.js';
import {
  type FollowedRepository,
  type GitApi,
  type GitRepository,
  gitHead,
  watchBranches,
} from '../../../src/ui/commands/snapshots/gitHead.js';

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

describe('a switch of the git branch', () => {
  class Repository implements FollowedRepository {
    readonly changed = new Emitter<void>();
    readonly state: { HEAD?: { name?: string }; readonly onDidChange: FollowedRepository['state']['onDidChange'] } = {
      onDidChange: this.changed.event,
    };

    on(name?: string): this {
      this.state.HEAD = name === undefined ? {} : { name };
      this.changed.fire();
      return this;
    }
  }
  const watched = (...repositories: readonly Repository[]) => {
    const opened = new Emitter<FollowedRepository>();
    const told: string[] = [];
    const watching = watchBranches({ repositories, onDidOpenRepository: opened.event }, (branch) => told.push(branch));
    return { told, opened, watching };
  };

  it('is told once, with the branch that is checked out then', () => {
    const repository = new Repository().on('main');
    const { told, watching } = watched(repository);
    repository.on('main').on('topic').on('topic').on('main');
    assert.deepEqual(told, ['topic', 'main']);
    watching.dispose();
    repository.on('topic');
    assert.deepEqual(told.length, 2);
  });

  it('is not the first branch that is seen, in one that is opened later neither', () => {
    const repository = new Repository();
    const later = new Repository();
    const { told, opened } = watched(repository);
    opened.fire(later);
    repository.on('main');
    later.on('other');
    assert.deepEqual(told, []);
    later.on('third');
    assert.deepEqual(told, ['third']);
  });

  it('is neither a commit without a branch, nor the way back from it', () => {
    const repository = new Repository().on('main');
    const { told } = watched(repository);
    repository.on().on('main');
    assert.deepEqual(told, []);
    repository.on().on('topic');
    assert.deepEqual(told, ['topic']);
  });
});
