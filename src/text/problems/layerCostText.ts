// What was measured of layers, as sentences that say no more than the figures do: also that there was little to see.
import { t } from '@vscode/l10n';
import type { LayerCost } from '../../domain/layerCost.js';
import { fixedText } from '../numberText.js';

/**
 * Below this a difference is not told from chance: the same measurement differs by about as much from one time to the
 * next.
 */
const clear = 1.25;

/** Empty where there is nothing to compare. */
export function layerCostSentences(costs: readonly LayerCost[]): readonly string[] {
  const [alone, few, many] = [...costs].sort((a, b) => a.layers - b.layers);
  if (alone === undefined || few === undefined || many === undefined) {
    return [];
  }
  return [firstLayer(alone, few), moreLayers(few, many), reading(alone, many)];
}

function firstLayer(alone: LayerCost, few: LayerCost): string {
  const ratio = few.firstWrite / alone.firstWrite;
  return ratio >= clear
    ? t(
        'The first layer causes the cost: the first write to a cluster took {0} times as long, because QEMU copies the rest of the cluster from below. The next write to that cluster needs no copy.',
        times(ratio),
      )
    : t(
        'The first write to a cluster copies the rest of the cluster from below. On this computer, that made no clear difference this time ({0} times as long).',
        times(ratio),
      );
}

function moreLayers(few: LayerCost, many: LayerCost): string {
  const ratio = many.firstWrite / few.firstWrite;
  return ratio >= clear
    ? t('With {0} layers, a first write took {1} times as long as with one.', many.layers, times(ratio))
    : t(
        'With {0} layers, a first write did not take clearly longer than with one: each cluster is copied once, at any depth.',
        many.layers,
      );
}

function reading(alone: LayerCost, many: LayerCost): string {
  const ratio = many.read / alone.read;
  return ratio >= clear
    ? t(
        'Reading from the base took {0} times as long below {1} layers, because QEMU checks each layer first.',
        times(ratio),
        many.layers,
      )
    : t(
        'Reading from the base did not take clearly longer below {0} layers: QEMU checks each layer first, but uses tables in memory.',
        many.layers,
      );
}

function times(ratio: number): string {
  return fixedText(ratio, ratio < 10 ? 1 : 0);
}
