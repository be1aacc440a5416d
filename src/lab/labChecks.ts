// What a shape does not tell of a lab file: that each VM comes from somewhere, that names lead to somebody, that nobody
// waits for himself, that paths are no traps. Pure.
import { t } from '@vscode/l10n';
import { shellWord } from '../base/shellWord.js';
import { thresholdsIn } from '../diagnosis/thresholds.js';
import { labNetworkName } from '../domain/labVm.js';
import { displayLine } from '../domain/plainText.js';
import { parseUntil } from '../domain/untilDate.js';
import { speedWords } from '../domain/speedWords.js';
import type { StartWait } from '../domain/system.js';
import { circleIn } from '../systems/startOrder.js';
import { circleText } from '../text/systems/startText.js';
import type { Lab, LabStep, WantedVm, MadeVm } from './labFile.js';
import { commandOf } from './labPrograms.js';
import { allowedProblem, networkProblems, noWayIn } from './networkChecks.js';
import { usualSeconds, type WrittenLab, type WrittenProgram, type WrittenVm } from './labShape.js';
import type { FileFault } from './readYaml.js';
import type { FilePath } from './shapeParts.js';

const usualMemoryMiB = 1024;
const usualSshPort = 22;
/** Linux takes 128 KiB in one argument, and over ssh a command is one. */
const mostSshBytes = 130_000;
/** The keys of a VM that is created alone. */
const ofMade = ['copy', 'boot', 'firmware', 'cpus', 'memory', 'size', 'disks', 'network', 'cloudInit'] as const;

/** @returns the lab, or all that is wrong with it */
export function checkLab(written: WrittenLab): Lab | readonly FileFault[] {
  const wrong: FileFault[] = [];
  const keys = Object.keys(written.vms);
  const vms = Object.entries(written.vms).map(([key, vm]): WantedVm => {
    const at = ['vms', key] as const;
    wrong.push(...sourceProblems(at, vm), ...pathProblems(at, vm), ...waitProblems([...at, 'wait'], vm));
    if (written.network !== undefined) {
      wrong.push(...networkProblems(at, vm));
    }
    for (const [index, other] of (vm.after ?? []).entries()) {
      if (!keys.includes(other) || other === key) {
        wrong.push({
          path: [...at, 'after', index],
          message:
            other === key
              ? t('“{0}” cannot start after itself.', key)
              : t('This file has no VM “{0}”. Its VMs: {1}.', displayLine(other), keys.join(', ')),
        });
      }
    }
    const wait = waitOf(vm);
    return {
      key,
      source: sourceOf(vm, written.network === undefined ? undefined : labNetworkName(written.name)),
      after: vm.after ?? [],
      ...(wait !== undefined && { wait }),
      ...(vm.speed !== undefined && { speed: speedWords[vm.speed] }),
    };
  });
  const allow = (written.network?.allow ?? []).map((one) => one.toLowerCase());
  for (const [index, one] of allow.entries()) {
    const message = allowedProblem(one);
    if (message !== undefined) {
      wrong.push({ path: ['network', 'allow', index], message });
    }
  }
  const circle = circleIn(vms.map(({ key, after }) => ({ connection: '', uuid: key, name: key, after })));
  if (circle.length > 0 && wrong.length === 0) {
    wrong.push({
      path: ['vms', circle[0] ?? '', 'after'],
      message: circleText(circle),
    });
  }
  for (const [index, { existing }] of Object.values(written.vms).entries()) {
    const first = Object.values(written.vms).findIndex((other) => other.existing === existing);
    if (existing !== undefined && first < index) {
      wrong.push({
        path: ['vms', keys[index] ?? '', 'existing'],
        message: t('The VM {0} is in this file twice.', displayLine(existing)),
      });
    }
  }
  const points = (written.points ?? []).map(({ title, until, run = [] }, index) => {
    // That it is over by now is no fault of the file: it may have made its restore point long ago.
    if (until !== undefined && parseUntil(until, Date.now()) === 'unclear') {
      wrong.push({ path: ['points', index, 'until'], message: t('That is no day, time or age.') });
    }
    if ((written.points ?? []).findIndex((other) => other.title === title) < index) {
      wrong.push({ path: ['points', index, 'title'], message: t('Two restore points cannot have the same title.') });
    }
    return {
      title,
      ...(until !== undefined && { until }),
      run: run.flatMap((one, row) => {
        const { vm, seconds = usualSeconds, ssh: user, port = usualSshPort } = one;
        const at = ['points', index, 'run', row] as const;
        if (!keys.includes(vm)) {
          const message = t('This file has no VM “{0}”. Its VMs: {1}.', displayLine(vm), keys.join(', '));
          wrong.push({ path: [...at, 'vm'], message });
        }
        const kinds = stepKinds.filter((kind) => one[kind] !== undefined);
        const work = workOf(one);
        if (work === undefined || kinds.length > 1) {
          wrong.push({
            path: at,
            message: t('Use exactly one of these: {0}. “copy” needs “to”.', stepKinds.join(', ')),
          });
          return [];
        }
        const step = { vm, work, ...(user !== undefined && { ssh: { user, port } }), seconds };
        wrong.push(
          ...stepPathProblems(at, one),
          ...(written.network !== undefined && user !== undefined
            ? [{ path: [...at, 'ssh'], message: noWayIn() }]
            : sshProblems(at, one, step.work, keys.includes(vm) ? written.vms[vm] : undefined)),
        );
        return step;
      }),
    };
  });
  return wrong.length > 0
    ? wrong
    : {
        name: written.name,
        ...(written.connection !== undefined && { connection: written.connection }),
        isProtected: written.protected === true,
        ...(written.network !== undefined && {
          network: { allow: [...new Set(allow)].sort(), log: written.network.log === true },
        }),
        ...(written.thresholds !== undefined && { thresholds: thresholdsIn(written.thresholds) }),
        vms,
        points,
      };
}

function sourceProblems(path: FilePath, vm: WrittenVm): readonly FileFault[] {
  if (vm.clone !== undefined) {
    const others = (['existing', 'image', ...ofMade] as const).filter((key) => vm[key] !== undefined);
    return others.map((key) => ({
      path: [...path, key],
      message: t('A clone copies its VM. Remove “{0}” or “clone”.', key),
    }));
  }
  if (vm.existing !== undefined) {
    const others = (['image', ...ofMade] as const).filter((key) => vm[key] !== undefined);
    return others.map((key) => ({
      path: [...path, key],
      message: t('An existing VM does not change. Remove “{0}” or “existing”.', key),
    }));
  }
  if (vm.image === undefined && vm.boot === undefined) {
    return [{ path, message: t('Specify the source of the VM: “existing”, “clone”, “image” or “boot”.') }];
  }
  return vm.image === undefined
    ? (['copy', 'size'] as const)
        .filter((key) => vm[key] !== undefined)
        .map((key) => ({ path: [...path, key], message: t('“{0}” applies to an image, but the VM has none.', key) }))
    : [];
}

const stepKinds = ['command', 'script', 'packages', 'copy'] as const;

/** Undefined where nothing is to be done, or it is not known where. */
function workOf({ command, script, packages, copy, to }: WrittenProgram): LabStep['work'] | undefined {
  if (copy !== undefined || to !== undefined) {
    return copy === undefined || to === undefined ? undefined : { kind: 'copy', from: copy, to };
  }
  if (packages !== undefined) {
    return { kind: 'packages', names: packages };
  }
  if (script !== undefined) {
    return { kind: 'script', text: script };
  }
  return command && { kind: 'command', words: command };
}

function stepPathProblems(at: FilePath, { copy }: WrittenProgram): readonly FileFault[] {
  const message = copy === undefined ? undefined : pathProblem(copy);
  return message === undefined ? [] : [{ path: [...at, 'copy'], message }];
}

function pathProblems(at: FilePath, { image, boot }: WrittenVm): readonly FileFault[] {
  const written = [
    [['image'], image],
    [['boot', 'kernel'], boot?.kernel],
    [['boot', 'initrd'], boot?.initrd],
  ] as const;
  return written.flatMap(([key, path]) => {
    const message = path === undefined ? undefined : pathProblem(path);
    return message === undefined ? [] : [{ path: [...at, ...key], message }];
  });
}

function pathProblem(path: string): string | undefined {
  if (displayLine(path, 2_000) !== path) {
    return t('A path cannot contain control characters or invisible characters.');
  }
  if (path.split('/').includes('..')) {
    return t('A path cannot contain “..”. Write it relative to this file, or from the root.');
  }
  return /^[a-z][a-z0-9+.-]*:/iu.test(path)
    ? t('A path must name a file on this computer, not an address.')
    : undefined;
}

function waitProblems(path: FilePath, { wait }: WrittenVm): readonly FileFault[] {
  const kinds = (['agent', 'port', 'command'] as const).filter((kind) => wait?.[kind] !== undefined);
  return [
    ...(kinds.length > 1 ? [{ path, message: t('Use only one of these to wait for: {0}.', kinds.join(', ')) }] : []),
    ...(wait?.host !== undefined && wait.port === undefined
      ? [{ path: [...path, 'host'], message: t('A host needs a port.') }]
      : []),
  ];
}

function sshProblems(
  path: FilePath,
  { vm: key, ssh, port }: WrittenProgram,
  work: LabStep['work'],
  vm: WrittenVm | undefined,
): readonly FileFault[] {
  if (ssh === undefined) {
    return port === undefined ? [] : [{ path: [...path, 'port'], message: t('A port needs ssh: specify the user.') }];
  }
  const isCutOff =
    vm?.clone === undefined
      ? vm !== undefined && vm.existing === undefined && ['none', 'user'].includes(vm.network ?? 'none')
      : vm.clone.network !== 'same';
  const { program, args } = commandOf(work);
  const line = [program, ...args].map(shellWord).join(' ');
  return [
    ...(isCutOff
      ? [
          {
            path: [...path, 'ssh'],
            message: t(
              'ssh cannot reach “{0}”, because it has no network. Add one: {1}',
              key,
              vm?.clone === undefined ? 'network: default' : 'clone: { network: same }',
            ),
          },
        ]
      : []),
    ...(line.includes('\0') || Buffer.byteLength(line) > mostSshBytes
      ? [
          {
            path: [...path, work.kind],
            message: t(
              'Over ssh, a command can have at most {0} bytes with its quotes, and no NUL character.',
              mostSshBytes,
            ),
          },
        ]
      : []),
  ];
}

function waitOf({ wait }: WrittenVm): StartWait | undefined {
  if (wait === undefined) {
    return undefined;
  }
  const { agent, port, host, command: [program, ...args] = [], seconds = usualSeconds } = wait;
  if (agent === true) {
    return { kind: 'agent', seconds };
  }
  if (port !== undefined) {
    return { kind: 'port', port, ...(host !== undefined && { host }), seconds };
  }
  return program === undefined ? { kind: 'time', seconds } : { kind: 'command', program, args, seconds };
}

/** @param own the name of the lab's own network and its filter, where it has one */
function sourceOf(vm: WrittenVm, own: string | undefined): WantedVm['source'] {
  if (vm.existing !== undefined) {
    return { kind: 'existing', vm: vm.existing };
  }
  if (vm.clone !== undefined) {
    const { of, point, full = false, network: cables = 'unplugged' } = vm.clone;
    return { kind: 'clone', of, point, way: full ? 'full' : 'linked', network: cables };
  }
  const { image, copy, size, boot, firmware, network: named, cloudInit } = vm;
  const network = namedNetwork(named, own);
  const made: MadeVm = {
    ...(image !== undefined && {
      image: { path: image, how: copy === true ? 'copy' : 'linked', ...(size !== undefined && { sizeMiB: size }) },
    }),
    ...(boot !== undefined && { boot }),
    ...(firmware !== undefined && { firmware }),
    cpus: vm.cpus ?? 1,
    memoryMiB: vm.memory ?? usualMemoryMiB,
    disksMiB: vm.disks ?? [],
    ...(network !== undefined && { network }),
    ...(cloudInit !== undefined && { cloudInit }),
  };
  return { kind: 'made', ...made };
}

function namedNetwork(named: string | undefined, own: string | undefined): MadeVm['network'] {
  if (named === undefined) {
    return own === undefined ? undefined : { name: own, filter: own };
  }
  return named === 'none' ? undefined : named === 'user' ? named : { name: named };
}
