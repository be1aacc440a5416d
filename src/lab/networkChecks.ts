// What a shape does not tell of a lab's own network: that it names servers, and that no VM has another way. Pure.
import { t } from '@vscode/l10n';
import type { WrittenVm } from './labShape.js';
import type { FileFault } from './readYaml.js';
import type { FilePath } from './shapeParts.js';

/** A name with a dot whose last part is no number: what else a resolver takes for an address has such a part. */
const allowedPattern =
  /^(?=[^:]{1,253}:)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9]):([1-9]\d{0,4})$/u;
const mostPort = 65_535;

export function allowedProblem(written: string): string | undefined {
  const [, port] = allowedPattern.exec(written) ?? [];
  if (port === undefined) {
    return t(
      'Write the name of a server and its port, such as {0}. Addresses, URLs and wildcards are not possible.',
      'registry.example.org:443',
    );
  }
  return Number(port) > mostPort ? t('A port is a number from 1 to {0}.', mostPort) : undefined;
}

/** In a lab whose VMs reach a proxy alone, no VM has another way. */
export function networkProblems(path: FilePath, vm: WrittenVm): readonly FileFault[] {
  const others = [
    ...(vm.existing === undefined ? [] : [['existing']]),
    ...(vm.clone?.network === 'same' ? [['clone', 'network']] : []),
    ...(vm.network === undefined || vm.network === 'none' ? [] : [['network']]),
  ];
  return [
    ...others.map((key) => ({
      path: [...path, ...key],
      message: t('The lab has a network of its own, so that its VMs reach nothing else. Remove “{0}”.', key.join('.')),
    })),
    ...(vm.wait?.port !== undefined && vm.wait.host === undefined
      ? [{ path: [...path, 'wait', 'port'], message: noWayIn() }]
      : []),
  ];
}

export function noWayIn(): string {
  return t('In the network of the lab no connection leads into a VM. Use the guest agent.');
}
