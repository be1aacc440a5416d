// Failure → what a person reads: what happened, the state now, what to do next. The only place where sentences about
// failures are made. Knows nothing of the editor.
import { inQuotes } from './quotes.js';
import { t } from '@vscode/l10n';
import type { Failure, FailureDetails, FailureKind } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { aftermathText } from './aftermathText.js';
import { busyText } from './busyText.js';
import { cancelledText } from './cancelledText.js';
import { denialAdvice } from './denialAdvice.js';
import { entryAdvice } from './entryAdvice.js';
import type { FailureButton, FailureText } from './failureSentences.js';
import { missingOutputSentence } from './missingOutput.js';
import { outrunSentence } from './ramOutrun.js';
import { remedyButtons } from './powerRemedy.js';
import { silentButtons, silentSentence } from './silentGuest.js';
import { circleWording } from './startText.js';
import { refusedText, stoppedText } from './stoppedText.js';
import { brokenPromiseText } from './brokenPromiseText.js';

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
  const { sentence, nextStep, severity, offers } = wordings[failure.kind](details);
  return {
    sentence: [sentence, quoteLibvirt(details), ...aftermathText(details)].filter((part) => part !== '').join(' '),
    nextStep: denialAdvice(failure) ?? nextStep,
    severity,
    buttons: offers === undefined ? [] : buttonsFor(offers, failure.details),
  };
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
    sentence: missing(details),
    nextStep: t('Another program may have removed or renamed it; look again at what is there.'),
    severity: 'warning',
    offers: 'refresh',
  }),
  ambiguous: (details) => ({
    short: t('ambiguous'),
    ...(details.snapshot === undefined
      ? {
          sentence: t(
            'The name {0} fits more than one VM: {1}.',
            details.vm ?? '',
            (details.candidates ?? []).join(', '),
          ),
          nextStep: t('Name the connection too, or use the UUID.'),
        }
      : {
          sentence: t(
            'The name {0} fits more than one snapshot of {1}: {2}.',
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
    sentence:
      details.vm !== undefined && details.group === undefined && details.entry === undefined
        ? t('You may not do this with {0}.', details.vm)
        : where(details, t('You may not use {0}.', details.connection ?? ''), t('You may not use it.')),
    nextStep:
      entryAdvice(details) ??
      t("Ask for the right in libvirt's policy (polkit) or for its socket, then connect again."),
    severity: 'error',
    offers: 'connect',
  }),
  unreachable: (details) => ({
    short: t('no libvirt answers'),
    sentence: where(details, t('No libvirt answers at {0}.', details.connection ?? ''), t('No libvirt answers.')),
    nextStep: t('Install libvirt or start its service (libvirtd or virtqemud), then connect again.'),
    severity: 'error',
    offers: 'connect',
  }),
  busy: (details) => ({ short: t('busy'), ...busyText(details), severity: 'warning' }),
  unsupported: (details) => ({
    short: t('not supported'),
    ...(isAddress(details)
      ? {
          sentence: t('Connections like {0} are not supported.', details.connection ?? ''),
          nextStep: t('Install the extension on that computer with Remote - SSH, or use {0}.', 'qemu:///system'),
        }
      : {
          sentence: about(
            details,
            t('This cannot be done with {0} here.', details.vm ?? ''),
            t('This cannot be done here.'),
          ),
          nextStep: t('This libvirt or QEMU does not support it.'),
        }),
    severity: 'error',
  }),
  lost: (details) => ({
    short: t('connection lost'),
    sentence:
      details.silent === true
        ? t('{0} does not answer. Nothing was changed.', details.connection ?? '')
        : where(details, t('The connection to {0} ended.', details.connection ?? ''), t('The connection ended.')),
    nextStep:
      details.silent === true
        ? t('Try again when it does; the view shows it at once.')
        : details.vm === undefined
          ? t('It is tried again by itself.')
          : t('What was under way may go on in libvirt; the view shows the state as soon as it answers again.'),
    severity: 'error',
    offers: 'connect',
  }),
  protocol: (details) => ({
    short: t('not a libvirt'),
    sentence: where(
      details,
      t('What answers at {0} does not speak libvirt’s protocol; the connection was ended.', details.connection ?? ''),
      t('What answers does not speak libvirt’s protocol; the connection was ended.'),
    ),
    nextStep: t('Check that the address is that of a libvirt daemon; the log tells more.'),
    severity: 'error',
    offers: 'connect',
  }),
  refused: (details) => ({ short: t('refused'), ...refusedText(details) }),
  stopped: (details) => ({
    short: t('stopped half way'),
    ...stoppedText(details),
  }),
  exists: (details) => ({
    short: t('name taken'),
    sentence:
      details.snapshot === undefined
        ? t('The name is taken.')
        : t('A snapshot called {0} exists already.', details.snapshot),
    nextStep: t('Choose another name.'),
    severity: 'warning',
  }),
  invalid: (details) => ({
    short: t('not valid'),
    ...(isAddress(details)
      ? {
          sentence: t('{0} is no address of a libvirt.', inQuotes(details.connection ?? '')),
          nextStep: t('Correct it in the setting {0}.', 'virtRewind.connections'),
        }
      : details.candidates !== undefined
        ? circleWording(details.candidates)
        : {
            sentence: about(
              details,
              t('What was asked of {0} was not accepted.', details.vm ?? ''),
              t('What was asked for was not accepted.'),
            ),
            nextStep: t('The log tells what it was.'),
          }),
    severity: 'error',
  }),
  noSpace: (details) => ({
    short: t('disk full'),
    sentence:
      details.path === undefined
        ? t('There is no space left on the host.')
        : t('There is no space left on the host for {0}.', details.path),
    nextStep: t('Free some space, then try again.'),
    severity: 'error',
    offers: 'refresh',
  }),
  journal: (details) => ({
    short: t('journal not written'),
    sentence:
      details.begun === true
        ? t(
            'The journal in {0} cannot be written any more, so the operation stopped between two steps.',
            folder(details),
          )
        : about(
            details,
            t(
              'The journal in {0} cannot be written, so nothing was begun: {1} is as it was.',
              folder(details),
              details.vm ?? '',
            ),
            t('The journal in {0} cannot be written, so nothing was begun.', folder(details)),
          ),
    nextStep:
      details.begun === true
        ? t('Make room there, then connect again: what is unfinished is found and finished then.')
        : t('Make room there, or make it writable, then try again.'),
    severity: 'error',
    ...(details.begun === true ? { offers: 'connect' as const } : {}),
  }),
  cancelled: (details) => ({ short: t('cancelled'), ...cancelledText(details) }),
  failed: (details) => ({
    short: t('failed'),
    sentence:
      outrunSentence(details) ??
      missingOutputSentence(details) ??
      silentSentence(details) ??
      about(details, t('The operation on {0} failed.', details.vm ?? ''), t('It failed.')),
    nextStep: failedNextStep(details),
    severity: details.silentMs === undefined ? 'error' : 'warning',
    offers: details.silentMs === undefined ? 'refresh' : 'guest',
    ...(details.unseen === true ? brokenPromiseText(details) : {}),
  }),
};

function failedNextStep({ outrunBytes, outputLost, silentMs }: FailureDetails): string {
  if (outputLost !== undefined) {
    return outputLost === 'tooLarge'
      ? t('Let it write to a file in the guest, and run it again.')
      : t('Look in the guest for what it did before you run it again.');
  }
  if (outrunBytes !== undefined) {
    return t('Take the snapshot with the guest stopped, or while it has less to do.');
  }
  return silentMs === undefined ? t('The log tells what was done until then.') : '';
}

function missing(details: FailureDetails): string {
  const { snapshot, vm, connection } = details;
  if (snapshot !== undefined) {
    return vm === undefined
      ? t('There is no snapshot {0}.', snapshot)
      : t('The VM {0} has no snapshot {1}.', vm, snapshot);
  }
  if (vm !== undefined) {
    return t('There is no VM {0}.', vm);
  }
  return connection === undefined
    ? t('What this was about is not there.')
    : t('There is no connection {0} here.', connection);
}

/** It is about the address of a connection, and no libvirt has been asked yet. */
function isAddress({ connection, vm, libvirtCode }: FailureDetails): boolean {
  return connection !== undefined && vm === undefined && libvirtCode === undefined;
}

/** Names come from a libvirt or from whoever called a command: on one line, nothing in them can turn the text around. */
function showable(details: FailureDetails): FailureDetails {
  const { vm, snapshot, path, connection, editor } = details;
  return {
    ...details,
    ...(vm === undefined ? {} : { vm: displayLine(vm) }),
    ...(snapshot === undefined ? {} : { snapshot: displayLine(snapshot) }),
    ...(path === undefined ? {} : { path: displayLine(path) }),
    ...(connection === undefined ? {} : { connection: displayLine(connection) }),
    ...(editor === undefined ? {} : { editor: displayLine(editor) }),
  };
}

function folder(details: FailureDetails): string {
  return details.path ?? '';
}

function where(details: FailureDetails, withPlace: string, without: string): string {
  return details.connection === undefined ? without : withPlace;
}

function about(details: FailureDetails, withVm: string, without: string): string {
  return details.vm === undefined ? without : withVm;
}

function quoteLibvirt(details: FailureDetails): string {
  const words = displayLine(details.libvirtMessage ?? '', longestQuote);
  return words === '' ? '' : t('libvirt says: “{0}”', words);
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
      return [{ title: t('Examine'), command: 'virtRewind.examine', arguments: [{ ...where, vm }] }];
    case 'guest':
      return silentButtons(details);
    case 'remedy':
      return remedyButtons(details);
  }
}
