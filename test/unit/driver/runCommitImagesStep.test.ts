// A merge on the files of a VM that is off, where somebody starts the VM or gives it another file meanwhile: whether it
// is told as refused, with nothing changed, or as stopped.
import assert from 'node:assert/strict';
import { commitImages } from '../../../src/driver/run/runCommitImagesStep.js';
import type { StepContext } from '../../../src/driver/run/stepContext.js';
import type { Step } from '../../../src/steps/step.js';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import { toldChain } from '../../../src/domain/vm.js';
import type { ImageCommit, RebasedOverlay } from '../../../src/domain/hostFiles.js';
import { ref, vm } from '../domain/someFacts.js';

/** virDomainState. */
const [running, off] = [1, 5];

type CommitStep = Extract<Step, { kind: 'commitImages' }>;
const onDisk = (target: string, merged: readonly string[]): CommitStep['disks'][number] => ({
  target,
  base: `/img/${target}`,
  top: `/img/${target}.top`,
  baseFormat: 'qcow2',
  merged,
});
const merges: CommitStep = {
  kind: 'commitImages',
  disks: ['vda', 'vdb'].map((one) => onDisk(one, [`/img/${one}.top`])),
};
const above = ['/img/vda.one', '/img/vda.two'];
const mergesBelow: CommitStep = { kind: 'commitImages', disks: [{ ...onDisk('vda', ['/img/vda.top']), above }] };
const mergesNothing: CommitStep = { kind: 'commitImages', disks: [onDisk('vda', [])] };

/** Libvirt and the files of one VM, with what another client does at a moment. */
class World {
  state = off;
  files = new Map([
    ['vda', '/img/vda.top'],
    ['vdb', '/img/vdb.top'],
  ]);
  /** What each image above stands on. */
  readonly below = new Map(above.map((file) => [file, '/img/vda.top']));
  /** Layers that the configuration tells of a disk, as libvirt does after a snapshot of a running VM. */
  told: ReadonlyMap<string, readonly string[]> = new Map();
  readonly done: string[] = [];
  /** After each of what is in `done`. */
  then: (what: string) => void = () => undefined;

  get xml(): string {
    const disks = [...this.files].map(
      ([target, file]) =>
        `<disk type='file'><driver name='qemu' type='qcow2'/><source file='${file}'/>${layersXml(this.told.get(target) ?? [])}<target dev='${target}'/></disk>`,
    );
    return `<domain><name>web</name><uuid>${ref.uuid}</uuid><devices>${disks.join('')}</devices></domain>`;
  }

  run(step: CommitStep): Promise<void> {
    const connection = {
      call: (name: string, { xml }: { readonly xml?: string }) => {
        if (name === 'domainDefineXmlFlags') {
          const disks = parseDomainXml(xml ?? '').disks;
          this.files = new Map(disks.map(({ target, source }) => [target, source ?? '']));
          this.told = new Map(disks.map((disk) => [disk.target, toldChain(disk).slice(1)]));
          this.#did(`define ${disks.flatMap(toldChain).join(' ')}`);
        }
        return Promise.resolve(name === 'domainGetState' ? { state: this.state, reason: 0 } : { xml: this.xml });
      },
    };
    return commitImages(
      {
        connection: connection as unknown as StepContext['connection'],
        dom: { name: 'web', uuid: ref.uuid, id: -1 },
        vm: vm(),
        files: {
          commit: ({ base }: ImageCommit) => {
            this.#did(`merge ${base}`);
            return Promise.resolve();
          },
          rebase: ({ file, backing }: RebasedOverlay) => {
            this.below.set(file, backing);
            this.#did(`put ${file} on ${backing}`);
            return Promise.resolve();
          },
          image: (file: string) => Promise.resolve({ backing: { file: this.below.get(file), format: 'qcow2' } }),
        } as unknown as StepContext['files'],
        signal: new AbortController().signal,
        onProgress: () => undefined,
      },
      step,
    );
  }

  #did(what: string): void {
    this.done.push(what);
    this.then(what);
  }
}

function layersXml([file, ...rest]: readonly string[]): string {
  return file === undefined
    ? ''
    : `<backingStore type='file'><format type='qcow2'/><source file='${file}'/>${layersXml(rest)}</backingStore>`;
}

describe('merging the files of a VM that is off', () => {
  const wholly = ['merge /img/vda', 'merge /img/vdb', 'define /img/vda /img/vdb'];

  it('merges each disk, and defines the VM on the bases', async () => {
    const w = new World();
    await w.run(merges);
    assert.deepEqual(w.done, wholly);
  });

  const under = ['merge /img/vda', ...above.map((file) => `put ${file} on /img/vda`)];

  it('puts what is above on the base where the VM stands further up', async () => {
    const w = new World();
    w.files.set('vda', above[0]!);
    await w.run(mergesBelow);
    assert.deepEqual(w.done, under);
    await w.run(mergesBelow);
    assert.deepEqual(w.done, under, 'and does so once');
  });

  it('takes what is merged out of the layers that the configuration tells', async () => {
    const w = new World();
    const rest = ['/img/vda.one', '/img/vda', '/img/deep'];
    w.files.set('vda', above[1]!);
    w.told = new Map([['vda', [rest[0]!, '/img/vda.top', ...rest.slice(1)]]]);
    await w.run(mergesBelow);
    assert.deepEqual(w.done, [...under, `define ${[above[1], ...rest, '/img/vdb.top'].join(' ')}`]);
    await w.run(mergesBelow);
    assert.equal(w.done.length, 4, 'and does so once');
  });

  it('does so where only that was left to do', async () => {
    const w = new World();
    w.files.set('vda', above[0]!);
    above.forEach((file) => w.below.set(file, '/img/vda'));
    w.told = new Map([['vda', ['/img/vda.top']]]);
    await w.run(mergesBelow);
    assert.deepEqual(w.done, ['merge /img/vda', `define ${above[0]!} /img/vdb.top`]);
  });

  it('merges again where one of those above stands on the base already', async () => {
    const w = new World();
    w.files.set('vda', above[0]!);
    w.below.set(above[1]!, '/img/vda');
    await w.run(mergesBelow);
    assert.deepEqual(w.done, under.slice(0, 2));
  });

  const rows: readonly (readonly [
    what: string,
    step: CommitStep,
    meanwhile: (w: World) => void,
    kind: FailureKind,
    done: readonly string[],
  ])[] = [
    ['somebody has started it before', merges, (w) => (w.state = running), 'refused', []],
    ['it stands on another file before', merges, (w) => w.files.set('vdb', '/img/else'), 'refused', []],
    [
      'somebody starts it during a merge',
      merges,
      (w) => (w.then = () => (w.state = running)),
      'stopped',
      wholly.slice(0, 2),
    ],
    [
      'it gets another file during a merge',
      merges,
      (w) => (w.then = () => w.files.set('vda', '/img/else')),
      'stopped',
      wholly.slice(0, 2),
    ],
    ['the VM stands on what is merged', mergesBelow, () => undefined, 'refused', []],
    [
      'an image above stands on another file',
      mergesBelow,
      (w) => (w.files.set('vda', above[0]!), w.below.set(above[1]!, '/img/else')),
      'refused',
      [],
    ],
    [
      'somebody puts an image above on another file during a merge',
      mergesBelow,
      (w) => (w.files.set('vda', above[0]!), (w.then = () => w.below.set(above[1]!, '/img/else'))),
      'stopped',
      under.slice(0, 1),
    ],
    [
      'somebody starts it while it is defined',
      merges,
      (w) => (w.then = (what) => (w.state = what.startsWith('define') ? running : off)),
      'stopped',
      [...wholly, 'define /img/vda.top /img/vdb.top'],
    ],
    [
      'somebody starts it while it is defined, with nothing to merge',
      mergesNothing,
      (w) => (w.then = () => (w.state = running)),
      'refused',
      ['define /img/vda /img/vdb.top', 'define /img/vda.top /img/vdb.top'],
    ],
  ];
  for (const [what, step, meanwhile, kind, done] of rows) {
    it(`is ${kind} where ${what}`, async () => {
      const w = new World();
      meanwhile(w);
      await assert.rejects(w.run(step), (failure) => failure instanceof Failure && failure.kind === kind);
      assert.deepEqual(w.done, done);
    });
  }
});
