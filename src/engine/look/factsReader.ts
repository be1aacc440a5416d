// Gathers what a decision rests on. Reads are dear, so only what is asked for is read, and what belongs together at
// once. It refuses to decide.
import { isDeepStrictEqual } from 'node:util';
import { claimedPaths } from '../../domain/chains/claimedFiles.js';
import { pathsByIdentity } from '../../domain/chains/samePath.js';
import { asFailure } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import type { Facts, StrayImage } from '../../domain/facts.js';
import { refuse } from '../../domain/refusal.js';
import { completeFacts, type CompleteFacts, type MissingFact } from '../../operations/completeFacts.js';
import type { RequiredFacts, RequiredFiles } from '../../operations/requiredFacts.js';
import { Prefetch, type FactsSources } from './prefetch.js';
import type { Configuration } from '../../driver/hypervisor.js';
import type { FactsRequest } from './factsRequests.js';
import { mapLimited } from '../../base/mapLimited.js';
import { type Formats, formatsOf, readHostFacts } from '../../live/hostFacts.js';
import type { ReadVm } from '../../live/otherVmFacts.js';
import { ownPaths, withoutIdentities, withOwnPaths } from './ownPaths.js';
import { readStrayImages } from './strayImages.js';

const atOnce = 32;
/** What lies below a file that was moved shows only in itself. */
const mostTurns = 16;

/** Part after part; who cannot wait for the last one takes what is there. */
export class FactsReader {
  readonly #sources: FactsSources;
  readonly #ahead: Prefetch;
  #facts: Facts;
  readonly #askedFiles: RequiredFiles[] = [];
  readonly #pending = new Set<MissingFact>();

  /** @param ahead what of the same look is under way */
  constructor(sources: FactsSources, known: Facts, ahead = new Prefetch(sources, known.vm.uuid)) {
    this.#sources = sources;
    this.#facts = known;
    this.#ahead = ahead;
  }

  get soFar(): Facts {
    return this.#facts;
  }

  /** What it waits for; what was not begun waits for that. */
  get waitsFor(): MissingFact | undefined {
    return [...this.#pending][0];
  }

  /** All that is known, for who needs these facts, or what of them is not known. */
  complete(needs: RequiredFacts): CompleteFacts | MissingFact {
    return completeFacts(this.#facts, needs, this.#askedFiles);
  }

  /** As `read`; rejects where something that was asked for is missing: what is carried out rests on it. */
  async readComplete(asked: FactsRequest): Promise<CompleteFacts> {
    await this.read(asked);
    const whole = this.complete(asked.needs);
    if (typeof whole === 'string') {
      const { refusal } = refuse('notAllSeen', { vm: this.#facts.vm.name, fact: whole });
      throw new Failure('refused', { doing: 'look at the VM', refusal });
    }
    return whole;
  }

  /** Nothing may run on the VM meanwhile. Rejects with the Failure of a read. */
  async read(asked: FactsRequest): Promise<Facts> {
    const { hypervisor } = this.#sources;
    const { vm } = this.#facts;
    let seenVms: readonly ReadVm[] = [];
    await Promise.all([
      this.#frozenAndFiles(asked),
      this.#part(
        'blockJobs',
        asked.needs.blockJobs,
        () => hypervisor.readBlockJobs(vm),
        (blockJobs) => ({ blockJobs }),
      ),
      this.#part(
        'checkpoints',
        asked.needs.checkpoints === true,
        () => hypervisor.readCheckpoints(vm.uuid),
        (checkpoints) => ({ checkpoints }),
      ),
      this.#part(
        'agent',
        asked.needs.agent,
        () => hypervisor.probeAgent(vm),
        (agent) => ({ agent }),
      ),
      this.#part(
        'seamless',
        asked.needs.seamless !== undefined,
        () => hypervisor.probeSeamless(vm, asked.needs.seamless ?? 'look'),
        (seamless) => ({ seamless }),
      ),
      this.#part(
        'ramBlockers',
        asked.needs.ramBlockers === true,
        () => hypervisor.readRamBlockers(vm),
        (ramBlockers) => ({ ramBlockers }),
      ),
      this.#part(
        'keeper',
        hypervisor.keepers !== undefined,
        () => hypervisor.keepers?.of(vm) ?? Promise.resolve('nobody' as const),
        (keeper) => ({ keeper }),
      ),
      this.#part(
        'stream',
        asked.needs.stream === true,
        () => hypervisor.readStream(vm),
        (stream) => ({ stream }),
      ),
      this.#part(
        'tuning',
        asked.needs.tuning === true,
        () => hypervisor.guests.tuningOf(vm.uuid),
        (tuning) => ({ tuning }),
      ),
      this.#part(
        'debugger',
        asked.needs.debugger === true,
        () => hypervisor.guests.readDebugger(vm.uuid),
        (server) => ({ debugger: server }),
      ),
      this.#part(
        'made',
        asked.needs.made !== undefined,
        () => this.#readMadeFiles(asked.needs.made ?? ''),
        (made) => ({ made }),
      ),
      this.#part(
        'written',
        asked.needs.written,
        () => this.#ahead.locks(),
        (locks) => locks ?? {},
      ),
      this.#part(
        'savedRam',
        asked.needs.savedRam !== undefined && asked.needs.savedRam.length > 0,
        () =>
          mapLimited(
            asked.needs.savedRam ?? [],
            atOnce,
            async (file) => [file, await this.#ahead.savedRam(file)] as const,
          ),
        (found) => ({
          savedRam: new Map(found.flatMap(([file, saved]) => (saved === undefined ? [] : [[file, saved] as const]))),
        }),
      ),
      this.#part(
        'hardware',
        asked.needs.hardwareNow === true || (asked.needs.hardware ?? []).length > 0,
        () => this.#hardware(asked.needs.hardware ?? []),
        (hardware) => (hardware === undefined ? {} : { hardware }),
      ),
      this.#part(
        'otherVms',
        asked.needs.otherVms,
        () => this.#ahead.otherVms(),
        ({ vms, unasked }) => {
          seenVms = vms;
          return { otherVms: vms.map(withoutIdentities), unasked };
        },
      ),
    ]);
    // Each part may be the last to come: only now is it known which paths of the one lead to files of the others.
    this.#facts = withOwnPaths(this.#facts, seenVms);
    await this.#part(
      'strays',
      asked.needs.strays === true,
      () => this.#strays(seenVms),
      (strays) => ({ strays }),
    );
    return this.#facts;
  }

  /** A snapshot that vanished, or whose XML tells no VM, is not there: it counts as another. */
  async #hardware(names: readonly string[]): Promise<Facts['hardware']> {
    const [now, then] = await Promise.all([
      this.#readTold(async () => (await this.#ahead.configuration()).hardware()),
      this.#readOf(names, (own) => own.hardware()),
    ]);
    return now && { now, then };
  }

  async #readOf<T>(names: readonly string[], read: (of: Configuration) => T | Promise<T>): Promise<Map<string, T>> {
    const found = await mapLimited(names, atOnce, async (name) => {
      const known = await this.#readTold(async () => {
        const own = await this.#ahead.frozenConfiguration(name);
        return own && read(own);
      });
      return known === undefined ? [] : [[name, known] as const];
    });
    return new Map(found.flat());
  }

  async #readTold<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind !== 'notFound' && failure.kind !== 'failed') {
        throw failure;
      }
      this.#sources.log.info(`What the VM was configured with is not known: ${failure.message}`);
      return undefined;
    }
  }

  async #readMadeFiles(uuid: string): Promise<ReadonlyMap<string, string | undefined>> {
    const { hypervisor, made } = this.#sources;
    const files = (await made?.of(uuid)) ?? [];
    const now = await mapLimited(files, atOnce, ({ path }) => hypervisor.files.identity(path));
    return new Map(
      files.flatMap(({ path, identity }, at) =>
        identity === undefined || identity === now[at] ? [[path, identity] as const] : [],
      ),
    );
  }

  async #strays(others: readonly ReadVm[]): Promise<ReadonlyMap<string, StrayImage>> {
    const { hypervisor, log } = this.#sources;
    const facts = this.#facts;
    const named = new Set((facts.otherVms ?? []).flatMap(({ files }) => files));
    const images = await readStrayImages(hypervisor.files, facts, named, log);
    const own = ownPaths(facts);
    const claims = new Set([
      ...pathsByIdentity(claimedPaths(facts), facts.files).keys(),
      ...others.flatMap(({ identities }) => identities),
    ]);
    return new Map(
      images.map(({ file, restsOn, identities, itself, real, ...known }) => {
        const ownNames = identities.flatMap((identity) => own.get(identity) ?? []);
        const isUsed =
          itself.some((identity) => claims.has(identity)) || (real !== undefined && facts.held?.has(real) === true);
        return [file, { ...known, ...(isUsed ? { isUsed } : {}), restsOn: [...new Set([...restsOn, ...ownNames])] }];
      }),
    );
  }

  async #frozenAndFiles(asked: FactsRequest): Promise<void> {
    const { hypervisor, log } = this.#sources;
    const { frozenDisks: names } = asked.needs;
    await Promise.all([
      this.#part(
        'frozenDisks',
        names.length > 0,
        () => mapLimited(names, atOnce, async (name) => [name, await this.#ahead.frozenConfiguration(name)] as const),
        (disks) => ({
          // A snapshot that vanished between the two looks is not there to be asked: `own` is undefined then.
          frozenDisks: new Map(disks.flatMap(([name, own]) => (own === undefined ? [] : [[name, own.disks] as const]))),
        }),
      ),
      this.#part(
        'configured',
        asked.needs.configured === true,
        () => this.#ahead.configuration(),
        ({ disks }) => ({ configured: disks }),
      ),
    ]);
    const { startNeeds = [] } = asked.needs;
    await this.#part(
      'startNeeds',
      asked.needs.startNeeds !== undefined,
      () => this.#readOf(startNeeds, (own) => own.needs()),
      (needs) => ({ startNeeds: needs }),
    );
    const turns = [asked.files, ...Array.from({ length: mostTurns }, () => asked.rest)];
    let last: RequiredFiles | undefined;
    for (const wanted of turns) {
      const needed = wanted?.(this.#facts);
      if (needed === undefined || isDeepStrictEqual(needed, last)) {
        break;
      }
      last = needed;
      const { images, files, folders } = needed;
      this.#askedFiles.push(needed);
      await this.#part(
        'files',
        images.length + files.length + folders.length > 0,
        () => readHostFacts(hypervisor.files, needed, log, formatsIn(this.#facts)),
        (seen) => ({ files: seen }),
      );
    }
  }

  async #part<T>(
    fact: MissingFact,
    wanted: boolean,
    read: () => Promise<T>,
    keep: (value: T) => Partial<Facts>,
  ): Promise<void> {
    if (wanted) {
      this.#pending.add(fact);
      const part = keep(await read());
      this.#facts = { ...this.#facts, ...part };
      this.#pending.delete(fact);
    }
  }
}

function formatsIn({ vm, frozenDisks }: Facts): Formats {
  return formatsOf([...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()]);
}
