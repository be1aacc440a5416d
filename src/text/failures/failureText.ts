// Failure → what a person reads: what happened, the state now, what to do next. The only place where sentences about
// failures are made.
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import type { Failure, FailureDetails, FailureKind } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { aftermathText } from './aftermathText.js';
import { busyText } from '../refusals/busyText.js';
import { cancelledText, refusedText, stoppedText, brokenPromiseText } from './stoppedText.js';
import { deniedText, denialAdvice } from './deniedText.js';
import type { FailureButton, FailureText } from './failureSentences.js';
import { loginText } from './loginText.js';
import { missingOutputSentence, silentButtons, silentSentence, outrunSentence } from './guestFailures.js';
import { missingText } from './missingText.js';
import { remedyButtons } from './powerRemedy.js';
import { parameterSentence } from '../connectionLabel.js';
import { circleWording } from '../systems/startText.js';
import { silentAgentText } from '../guests/waitText.js';
import { addressPlaces, isIn, lookAgain, wayTo } from '../ways.js';

type Offer = 'connect' | 'refresh' | 'examine' | 'guest' | 'remedy';

interface FailureWording extends Pick<FailureText, 'sentence' | 'nextStep' | 'severity'> {
  /** Two or three words for a row. */
  readonly short: string;
  readonly offers?: Offer;
}

/** libvirt's messages can hold the whole output of QEMU. */
const longestQuote = 300;

export function failureText(failure: Failure): FailureText {
  const details = showable(failure.details);
  const { sentence, nextStep, severity, offers } = {
    ...wordings[failure.kind](details),
    ...(details.login !== undefined && loginText(details.login)),
    ...ofWing(details),
  };
  return {
    sentence: [sentence, quoteLibvirt(details), ...aftermathText(details)].filter((part) => part !== '').join(' '),
    // What was completed is not to be tried again.
    nextStep: details.recovered === 'after' ? '' : (denialAdvice(failure) ?? nextStep),
    severity,
    buttons: offers === undefined ? [] : buttonsFor(offers, failure.details),
  };
}

function ofWing(details: FailureDetails): Partial<FailureWording> {
  const told = details.reason?.text(details);
  return told === undefined ? {} : { sentence: told[0], nextStep: told[1] };
}

/** The user cancelled it, and nothing comes of it. */
export function isSilent({ kind, details }: Pick<Failure, 'kind' | 'details'>): boolean {
  return kind === 'cancelled' && details.byUs === true && details.mayStillHappen !== true;
}

/** Two or three words for a row that has no room for a sentence. */
export function shortFailure(failure: Failure): string {
  return wordings[failure.kind](failure.details).short;
}

/** The same of a kind that was written down; undefined where it is none. */
export function shortOfKind(kind: string): string | undefined {
  return Object.hasOwn(wordings, kind) ? wordings[kind as FailureKind]({}).short : undefined;
}

const wordings: Readonly<Record<FailureKind, (details: FailureDetails) => FailureWording>> = {
  notFound: (details) => ({
    short: t('not found'),
    ...missingText(details),
  }),
  ambiguous: (details) => ({
    short: t('ambiguous'),
    ...(details.snapshot === undefined
      ? {
          sentence: t(
            'The name {0} matches several VMs: {1}.',
            details.vm ?? '',
            (details.candidates ?? []).join(', '),
          ),
          nextStep: t('Specify the connection too, or use the UUID.'),
        }
      : {
          sentence: t(
            'The name {0} matches several snapshots of {1}: {2}.',
            details.snapshot,
            details.vm ?? '',
            (details.candidates ?? []).join(', '),
          ),
          nextStep: t('Use one of these names.'),
        }),
    severity: 'warning',
  }),
  denied: (details) => ({
    short: t('no permission'),
    ...deniedText(details, daemon(details)),
    severity: 'error',
    offers: 'connect',
  }),
  unreachable: (details) => ({
    short: t('no response from libvirt'),
    sentence: t('No response from {0}.', daemon(details)),
    nextStep: t('Install libvirt or start its service (libvirtd or virtqemud), then connect again.'),
    severity: 'error',
    offers: 'connect',
  }),
  busy: (details) => ({ short: t('busy'), ...busyText(details), severity: 'warning' }),
  unsupported: (details) => ({
    short: t('not supported'),
    ...(details.noAgent === true
      ? { sentence: silentAgentText(details.vm ?? ''), nextStep: '' }
      : isAddress(details)
        ? {
            sentence:
              parameterSentence(details) ?? t('Connections like {0} are not supported.', details.connection ?? ''),
            nextStep: t('Use {0} or {1}.', 'qemu:///system', 'qemu+ssh://host/system'),
          }
        : {
            sentence: t('This is not possible with {0} here.', details.vm ?? 'libvirt'),
            nextStep: t('This libvirt or QEMU does not support it.'),
          }),
    severity: 'error',
  }),
  lost: (details) => ({
    short: t('connection lost'),
    sentence:
      details.silent === true
        ? `${t('No response from {0}.', daemon(details))} ${t('Nothing was changed.')}`
        : t('The connection to {0} was closed.', daemon(details)),
    nextStep:
      details.silent === true
        ? t('Try again when it responds.')
        : details.vm === undefined
          ? isIn('editor')
            ? t('Retrying automatically.')
            : t('Try again when it responds.')
          : `${t('The operation may continue in libvirt.')} ${lookAgain(details.vm)}`,
    severity: 'error',
    offers: 'connect',
  }),
  protocol: (details) => ({
    short: t('not a libvirt'),
    sentence: t('The server does not use the libvirt protocol, so the connection was closed: {0}.', daemon(details)),
    nextStep: `${t('Check that this is the address of a libvirt daemon.')} ${detailsIn()}`,
    severity: 'error',
    offers: 'connect',
  }),
  refused: (details) => ({ short: t('rejected'), ...refusedText(details) }),
  stopped: (details) => ({
    short: t('stopped in the middle'),
    ...stoppedText(details),
  }),
  exists: (details) => ({
    short: t('name taken'),
    sentence:
      details.snapshot === undefined
        ? t('The name is already used.')
        : details.system === undefined
          ? t('A snapshot named {0} already exists.', details.snapshot)
          : t('The system {0} already has a restore point “{1}”.', details.system, details.snapshot),
    nextStep: t('Choose another name.'),
    severity: 'warning',
  }),
  invalid: (details) => ({
    short: t('not valid'),
    ...(isAddress(details)
      ? {
          sentence:
            parameterSentence(details) ?? t('{0} is not a libvirt address.', inQuotes(details.connection ?? '')),
          nextStep: t('Correct it where it is set: {0}.', addressPlaces()),
        }
      : details.candidates !== undefined
        ? circleWording(details.candidates)
        : details.path !== undefined && details.vm === undefined
          ? {
              sentence: t(
                'The configuration of libvirt is wrong at {0}: {1}',
                details.path,
                details.libvirtMessage ?? '',
              ),
              nextStep: t('Correct the line, then try again.'),
            }
          : {
              sentence: about(
                details,
                t('The request for {0} was rejected.', details.vm ?? ''),
                t('The request was rejected.'),
              ),
              nextStep: detailsIn(details.vm),
            }),
    severity: 'error',
  }),
  noSpace: (details) => ({
    short: t('disk full'),
    sentence:
      details.path === undefined
        ? t('The host has no free space.')
        : t('There is no space left for {0}.', details.path),
    nextStep: t('Free some space, then try again.'),
    severity: 'error',
    offers: 'refresh',
  }),
  journal: (details) => ({
    short: t('journal not written'),
    sentence:
      details.begun === true
        ? t('The journal in {0} can no longer be written, so the operation stopped between two steps.', folder(details))
        : t('The journal in {0} cannot be written, so nothing was started.', folder(details)),
    nextStep:
      details.begun === true
        ? t('Free some space there, then connect again. Virt Rewind then finds and finishes interrupted operations.')
        : t('Free some space there or make it writable, then try again.'),
    severity: 'error',
    ...(details.begun === true ? { offers: 'connect' as const } : {}),
  }),
  late: (details) => ({
    short: t('took too long'),
    sentence: t('The VM was not ready in time.'),
    nextStep: detailsIn(details.vm),
    severity: 'error',
  }),
  cancelled: (details) => ({ short: t('cancelled'), ...cancelledText(details) }),
  failed: (details) => ({
    short: t('failed'),
    sentence:
      outrunSentence(details) ??
      missingOutputSentence(details) ??
      silentSentence(details) ??
      about(details, t('The operation on {0} failed.', details.vm ?? ''), t('The operation failed.')),
    nextStep: failedNextStep(details),
    severity: details.silentMs === undefined ? 'error' : 'warning',
    offers: details.silentMs === undefined ? 'refresh' : 'guest',
    ...(details.unseen === true ? brokenPromiseText(details) : {}),
  }),
};

function failedNextStep({ vm, outrunBytes, outputLost, silentMs, noAgent }: FailureDetails): string {
  if (outputLost !== undefined) {
    return outputLost === 'tooLarge'
      ? t('Let the program write its output to a file in the guest, then run it again.')
      : t('Check in the guest what the program did before you run it again.');
  }
  if (outrunBytes !== undefined) {
    return t('Create a snapshot that pauses the VM, or try again while the VM is less busy.');
  }
  if (silentMs !== undefined) {
    return noAgent === true
      ? t(
          'If the agent does not respond later, force off {0}: data that is only in its RAM is then lost.',
          vm ?? t('VM'),
        )
      : '';
  }
  return detailsIn(vm);
}

/** What was done before it failed, and the words of others. */
function detailsIn(vm?: string): string {
  return t('Details: {0}', vm === undefined && isIn('commandLine') ? '--verbose' : wayTo('log', vm));
}

/** It is about the address of a connection, and no libvirt has been asked yet. */
function isAddress({ connection, vm, libvirtCode }: FailureDetails): boolean {
  return connection !== undefined && vm === undefined && libvirtCode === undefined;
}

/** Names come from libvirt or from the caller of a command: on one line, nothing in them can turn the text around. */
function showable(details: FailureDetails): FailureDetails {
  const { vm, system, snapshot, path, connection, editor } = details;
  return {
    ...details,
    ...(vm === undefined ? {} : { vm: displayLine(vm) }),
    ...(system === undefined ? {} : { system: displayLine(system) }),
    ...(snapshot === undefined ? {} : { snapshot: displayLine(snapshot) }),
    ...(path === undefined ? {} : { path: displayLine(path) }),
    ...(connection === undefined ? {} : { connection: displayLine(connection) }),
    ...(editor === undefined ? {} : { editor: displayLine(editor) }),
  };
}

function folder(details: FailureDetails): string {
  return details.path ?? '';
}

function daemon({ connection }: FailureDetails): string {
  return connection ?? 'libvirt';
}

function about(details: FailureDetails, withVm: string, without: string): string {
  return details.vm === undefined ? without : withVm;
}

function quoteLibvirt(details: FailureDetails): string {
  const words = displayLine(details.libvirtMessage ?? '', longestQuote);
  return words === '' || details.noAgent === true ? '' : t('libvirt says: “{0}”', words);
}

function buttonsFor(offers: Offer, details: FailureDetails): readonly FailureButton[] {
  const { connection, vm } = details;
  const where = connection === undefined ? {} : { connection };
  const given = connection === undefined ? [] : [where];
  switch (offers) {
    case 'connect':
      return [{ title: t('Connect'), command: 'virtRewind.connect', arguments: given }];
    case 'refresh':
      return [{ title: t('Refresh'), command: 'virtRewind.refresh', arguments: given }];
    case 'examine':
      return [{ title: t('Check Health'), command: 'virtRewind.checkHealth', arguments: [{ ...where, vm }] }];
    case 'guest':
      return silentButtons(details);
    case 'remedy':
      return remedyButtons(details);
  }
}
