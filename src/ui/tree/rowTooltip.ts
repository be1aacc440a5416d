// The tooltip of a row, with what the wings know of its VM. It is loaded when somebody looks.
import type { Memento } from 'vscode';
import type { Log } from '../../base/log.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { FactList } from '../../text/rows/factList.js';
import { wingFacts } from '../../wings/vmFacts.js';
import type { Node } from './nodes.js';
import { type TooltipContent, tooltipContent } from './tooltipFacts.js';

export interface TooltipServices {
  readonly engine: Pick<EnginePort, 'findVm' | 'guests'>;
  /** What this user did before. */
  readonly kept: Pick<Memento, 'get'>;
  readonly log: Log;
}

/** @param facts what the row knows */
export function rowTooltip(
  node: Node,
  facts: FactList,
  { engine, kept, log }: TooltipServices,
): Promise<TooltipContent> {
  return tooltipContent(node, facts, engine, async (view) => {
    try {
      return await (await wingFacts.backups()).backupFacts(view, kept, log);
    } catch (error) {
      log.warn(`What is known of backups cannot be read: ${String(error)}`);
      return [];
    }
  });
}
