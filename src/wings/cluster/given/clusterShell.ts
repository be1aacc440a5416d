// A shell on a node of a cluster, and what the cluster tells it.
import { displayLine } from '../../../domain/plainText.js';
import {
  type ClusterState,
  readClusterState,
  readSimulated,
  type Simulation,
} from '../../../driver/cluster/clusterState.js';
import { noClusterExits } from '../../../driver/cluster/clusterXml.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { HostShell, type ShellAnswer } from '../../../hosts/hostShell.js';
import { loginTo } from '../../../transfer/loginTo.js';
import { clusterFailure } from '../clusterFailure.js';
import functions from './clusterShell.sh';
import look from './nodeLook.sh';

export interface ClusterShell {
  readonly ask: (...words: readonly string[]) => Promise<ShellAnswer>;
  /** Its output. @throws Failure `failed` */
  readonly run: (...words: readonly string[]) => Promise<string>;
}

export interface ClusterLook {
  readonly state: ClusterState;
  /** The configuration as it is. */
  readonly cib: string;
  /** The node that the shell is on. */
  readonly here: string;
}

/** For what a cluster does to the end, and for VMs that shut down. */
const patienceMs = 240_000;
const mostConfigBytes = 1024 * 1024;

/** Connects where nobody has. @throws Failure `noLogin`, Failure, what `work` throws */
export async function withClusterShell<T>(
  engine: EnginePort,
  connection: string,
  signal: AbortSignal,
  work: (shell: ClusterShell) => Promise<T>,
): Promise<T> {
  await engine.connect(connection);
  const login = await loginTo(engine, connection, 'toChange');
  const shell = await HostShell.open(login, { setUp: `${functions}${look}`, signal, patienceMs });
  const ask: ClusterShell['ask'] = (...words) => shell.ask(...words);
  try {
    return await work({ ask, run: async (...words) => requireDone(words[0] ?? '', await ask(...words)) });
  } finally {
    shell.close();
  }
}

/** @throws Failure `noCluster`, `notAnswering` */
export async function lookAtCluster({ ask }: ClusterShell): Promise<ClusterLook> {
  const [seen, cib, node] = await Promise.all([
    ask('crm_mon', '-1', '--output-as=xml'),
    ask('cibadmin', '--query'),
    ask('crm_node', '--name'),
  ]);
  if (noClusterExits.has(seen.code)) {
    throw clusterFailure('noCluster');
  }
  const failed = [seen, cib, node].find(({ code }) => code !== 0);
  if (failed !== undefined) {
    throw clusterFailure('notAnswering', { said: displayLine(failed.said, 500) });
  }
  const [told, configuration] = [seen.out.toString('utf8'), cib.out.toString('utf8')];
  return {
    state: readAnswer(() => readClusterState(told, configuration)),
    cib: configuration,
    here: node.out.toString('utf8').trim(),
  };
}

/** The file that the cluster starts a VM from, as far as one reads. Where it cannot be read: nothing. */
export async function readConfig({ ask }: ClusterShell, config: string): Promise<string> {
  return (await ask('timeout', '5', 'head', '-c', String(mostConfigBytes), '--', config)).out.toString('utf8');
}

/** @param change of the configuration, as `cibadmin --modify` takes it; empty: none. @throws Failure `failed` */
export async function simulate(
  { run }: ClusterShell,
  change: string,
  ...words: readonly string[]
): Promise<Simulation> {
  const told = await run('simulate', change, ...words);
  return readAnswer(() => readSimulated(told));
}

function readAnswer<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw clusterFailure('notAnswering', { said: displayLine((error as Error).message, 500) });
  }
}

function requireDone(program: string, { code, out, said }: ShellAnswer): string {
  if (code !== 0) {
    // What it has written may be the whole configuration.
    throw clusterFailure('failed', { program, said: displayLine(said || `exit code ${code}`, 500) });
  }
  return out.toString('utf8');
}
