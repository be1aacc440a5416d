// When and how a backup was verified, in a few words.
import { t } from '@vscode/l10n';
import { utcTime } from '../../domain/clockText.js';
import type { Verification } from './repository/verifications.js';

export function verifiedText({ how, passed, at }: Verification): string {
  const ways = { read: t('read'), started: t('started'), agent: t('guest agent') };
  return passed ? `${utcTime(at)} (${ways[how]})` : t('failed {0}', utcTime(at));
}
