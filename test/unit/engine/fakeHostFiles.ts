// Files on a host that is not there: what they are, and what was done to them.
import { Failure } from '../../../src/domain/failure.js';
import type {
  CannotAct,
  FileFacts,
  HostFiles,
  ImageFacts,
  NewOverlay,
  Observation,
  Space,
} from '../../../src/domain/hostFiles.js';

export class FakeHostFiles implements HostFiles {
  readonly images = new Map<string, ImageFacts>();
  readonly files = new Map<string, FileFacts>();
  /** In the order in which they were asked for. */
  readonly looked: string[] = [];
  /** What a path that nobody put here is. */
  otherwise: 'missing' | 'unknown' = 'unknown';
  act: 'yes' | CannotAct = 'yes';
  free: number | undefined = 2 ** 40;
  ready?: () => Promise<void>;

  /** One on top of another: the first is the base. */
  chain(...paths: readonly string[]): void {
    paths.forEach((path, index) => {
      const below = paths[index - 1];
      this.images.set(path, fakeImage(below));
    });
  }

  file(path: string): Promise<Observation<FileFacts>> {
    this.looked.push(path);
    return Promise.resolve(this.files.get(path) ?? this.images.get(path) ?? this.otherwise);
  }

  image(path: string): Promise<Observation<ImageFacts>> {
    this.looked.push(path);
    return Promise.resolve(this.images.get(path) ?? this.otherwise);
  }

  sum(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  hostKeyOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  identity(path: string): Promise<string | undefined> {
    return Promise.resolve(this.images.has(path) || this.files.has(path) ? `1@${path}` : undefined);
  }

  list(folder: string): Promise<readonly string[]> {
    const names = [...this.images.keys(), ...this.files.keys()].filter((path) => path.startsWith(`${folder}/`));
    return Promise.resolve(names.map((path) => path.slice(folder.length + 1)));
  }

  space(): Promise<Space | undefined> {
    return Promise.resolve(this.free === undefined ? undefined : { free: this.free, total: 2 ** 41 });
  }

  hostUses(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  imageLocks(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  canAct(): Promise<'yes' | CannotAct> {
    return Promise.resolve(this.act);
  }

  createOverlay({ file, backing }: NewOverlay): Promise<void> {
    if (this.images.has(file)) {
      return Promise.reject(new Failure('exists', { path: file }));
    }
    this.images.set(file, fakeImage(backing));
    return Promise.resolve();
  }

  copy(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from) ?? { bytes: 0, allocatedBytes: 0 });
    return Promise.resolve();
  }

  writeSeed({ to }: { readonly to: string }): Promise<void> {
    this.files.set(to, { bytes: 1, allocatedBytes: 1 });
    return Promise.resolve();
  }

  resize(): Promise<void> {
    return Promise.resolve();
  }

  rebase(): Promise<void> {
    return Promise.resolve();
  }

  repair(): Promise<void> {
    return Promise.resolve();
  }

  removeTag(): Promise<void> {
    return Promise.resolve();
  }

  canChange(): Promise<'yes' | CannotAct> {
    return Promise.resolve(this.act);
  }

  makeFolders(): Promise<void> {
    return Promise.resolve();
  }

  copyImage(): Promise<void> {
    return Promise.reject(new Error('not here'));
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.images.delete(path);
    this.files.delete(path);
    return Promise.resolve();
  }

  trash(path: string): Promise<void> {
    return this.remove(path);
  }
}

export function fakeImage(backing?: string): ImageFacts {
  return {
    bytes: 1000,
    allocatedBytes: 1000,
    format: 'qcow2',
    virtualBytes: 10_000,
    ...(backing === undefined ? {} : { backing: { file: backing, format: 'qcow2' } }),
  };
}
