// What a snapshot that failed left behind: told as facts with its failure. Only frozen file systems are seen to here,
// for a guest hangs for as long as they are; everything else is left to a plan.
import { errorCodes, LibvirtError, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { Failure, type FailureKind, type Leftover } from '../../domain/failure.js';
import type { Step } from '../../steps/step.js';
import { parseDomainXml } from '../xml/domainXml.js';
import { readAgent, thawGuest } from './guestAgent.js';
import { readPower } from '../powerState.js';
import type { StepContext } from './stepContext.js';
import { toFailure } from '../toFailure.js';
import { xmlChain } from '../../domain/vm.js';

type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

/** With any other kind nothing was begun, or nobody can be asked any more. */
const mayLeave: ReadonlySet<FailureKind> = new Set<FailureKind>(['failed', 'noSpace', 'cancelled']);

/** The failure, with what could be seen. What goes wrong with the looking is logged and told nobody else. */
export async function withLeftovers(context: StepContext, step: CreateStep, error: unknown): Promise<Failure> {
  const failure = toFailure(error, { vm: context.vm.name, snapshot: step.name });
  if (!mayLeave.has(failure.kind)) {
    return failure;
  }
  const lookOr = async <T>(what: string, look: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await look();
    } catch (reason) {
      context.log.warn(`after ${step.name} failed, ${what} could not be seen: ${String(reason)}`);
      return otherwise;
    }
  };
  // What could not be seen is taken for the worse: a guest for frozen, a snapshot for made, with files of its own.
  const frozen = step.quiesce ? await lookOr('the guest', () => ensureThawed(context), 'stays') : 'not';
  const known = await lookOr('the snapshot', () => isThere(context, step.name), true);
  const left: readonly Leftover[] = [
    ...(frozen === 'stays' ? [{ kind: 'frozen' } as const] : []),
    ...(await lookOr('the state', () => savingWithoutEnd(context), [])),
    ...(known ? [] : await lookOr('what is in the images', () => tags(context, step), [])),
    ...(known ? [] : await lookOr('the files', () => files(context, step), [])),
  ];
  return new Failure(
    failure.kind,
    { ...failure.details, ...(left.length === 0 ? {} : { left }), ...(frozen === 'thawed' ? { thawed: true } : {}) },
    { cause: failure.cause ?? failure },
  );
}

/** libvirt thaws what it froze, unless QEMU, the daemon or the agent came to an end between. */
async function ensureThawed(context: StepContext): Promise<'not' | 'thawed' | 'stays'> {
  const agent = await readAgent(context);
  if (agent !== 'frozen') {
    // A guest that hangs in its frozen file systems says nothing.
    return agent === 'silent' ? 'stays' : 'not';
  }
  try {
    await thawGuest(context);
    return 'thawed';
  } catch (error) {
    context.log.warn(`the guest stays frozen: ${String(error)}`);
    return 'stays';
  }
}

async function savingWithoutEnd({ connection, dom }: StepContext): Promise<readonly Leftover[]> {
  if (!(await isSaving({ connection, dom }))) {
    return [];
  }
  // A client that ends the VM at this moment holds its job while the state is still the old one: this waits for its
  // end.
  await connection.call('domainGetJobStats', { dom, flags: 0 }).catch((error: unknown) => {
    // It has no QEMU any more, which the state tells then.
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
  });
  return (await isSaving({ connection, dom })) ? [{ kind: 'pausedSaving' }] : [];
}

async function isSaving({ connection, dom }: Pick<StepContext, 'connection' | 'dom'>): Promise<boolean> {
  const { power, powerReason } = await readPower(connection, dom);
  return power === 'paused' && powerReason === 'saving';
}

async function isThere({ connection, dom }: StepContext, name: string): Promise<boolean> {
  const found = connection.call('domainSnapshotLookupByName', { dom, name, flags: 0 });
  return (await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN_SNAPSHOT, found)) !== undefined;
}

async function tags({ files: onHost, vm }: StepContext, step: CreateStep): Promise<readonly Leftover[]> {
  if (step.style !== 'internal') {
    return [];
  }
  const sources = vm.disks
    .filter(({ target }) => step.disks.some((disk) => disk.target === target))
    .flatMap(({ source }) => source ?? []);
  const images = await Promise.all(sources.map(async (file) => ({ file, image: await onHost.image(file) })));
  return images
    .filter(({ image }) => typeof image !== 'string' && image.tags?.includes(step.name) === true)
    .map(({ file }) => ({ kind: 'tag', file, tag: step.name }));
}

async function files(context: StepContext, step: CreateStep): Promise<readonly Leftover[]> {
  const named = [step.memoryFile, ...step.disks.map(({ file }) => file)].flatMap((file) => file ?? []);
  if (step.style !== 'external' || named.length === 0) {
    return [];
  }
  const { xml } = await context.connection.call('domainGetXmlDesc', { dom: context.dom, flags: 0 });
  const used = parseDomainXml(xml).disks.flatMap(xmlChain);
  const seen = await Promise.all(named.map(async (file) => ({ file, facts: await context.files.file(file) })));
  return seen
    .filter(({ file, facts }) => typeof facts !== 'string' && !used.includes(file))
    .map(({ file }) => ({ kind: 'file', file }));
}
