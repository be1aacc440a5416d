// The end of a VM that was lent for a while.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { VmRef } from '../../../domain/vm.js';
import { throwAwayUnused } from '../../../engine/clones.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { usedSinceText } from '../../../text/words.js';
import { notify } from '../../prompts/notify.js';

/** @param name as it was made @returns false: somebody has used it, and it stays; told either way */
export async function endSandbox(
  engine: Pick<EnginePort, 'runOperation' | 'usesSinceMade'>,
  vm: VmRef,
  name: string,
): Promise<boolean> {
  const isGone = (await throwAwayUnused(engine, vm, name)).length === 0;
  void notify('info', isGone ? t('Deleted {0} and its files.', displayLine(name)) : usedSinceText(name));
  return isGone;
}
