// The system of VMs of the lab of this workspace: of the first one that was created.
import { join } from 'node:path';
import type { WorkspaceFolder } from 'vscode';
import type { Log } from '../../../base/log.js';
import { labFileName } from '../../../manifest/labFileName.js';

/**
 * Its id; where the records of labs cannot be read, as before. What reads them is loaded where there is a lab file.
 * Never rejects.
 * @param withLab the folders that have a lab file
 * @param journal its folder
 */
export async function labSystem(
  withLab: readonly Pick<WorkspaceFolder, 'uri'>[],
  journal: string,
  log: Log,
  before: string | undefined,
): Promise<string | undefined> {
  if (withLab.length === 0) {
    return undefined;
  }
  try {
    const { LabStore } = await import('../../../journal/labStore.js');
    const records = await new LabStore(journal, log).list();
    const ofFile = new Map(records.map(({ file, system }) => [file, system]));
    return withLab.flatMap(({ uri }) => ofFile.get(join(uri.fsPath, labFileName)) ?? [])[0];
  } catch (error) {
    log.warn(`the lab of this workspace cannot be found: ${String(error)}`);
    return before;
  }
}
