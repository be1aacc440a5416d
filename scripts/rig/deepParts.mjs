// What is tested beside what everybody runs: its parts, each of some minutes, and which of them come first. Runs
// nothing.

/**
 * @typedef {object} DeepPart
 * @property {string} name
 * @property {string} group by which it is chosen on the command line
 * @property {'system' | 'trixie' | 'newest'} version of libvirt
 * @property {number} minutes that it takes by itself on two cores, about
 * @property {readonly string[]} guards rooms of src/ whose change it would see, and what stands beside src/
 * @property {readonly import('./prerequisites.mjs').Need[]} [needs] beside those of its layer
 * @property {import('../build.mjs').Layer} [layer] its files are run in; without one, its program is
 * @property {readonly string[]} [program] arguments of Node; without one, `npm run histories` is run
 * @property {import('../build.mjs').Tier} [tier] of its files
 * @property {readonly string[]} [files] by the first part of their names; all of the tier unless given
 * @property {string} [grep]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} [places] that each of its files takes, where those of its layer are too few: see testParts.mjs
 */

const versions = /** @type {const} */ (['system', 'trixie', 'newest']);
const acting = ['domain', 'steps', 'operations', 'driver', 'qemu', 'libvirt', 'live', 'engine'];

/** By the first word of an operation's name in test/libvirtd/faults/scenarios.ts. */
const operations = ['create', 'repair', 'revert', 'delete', 'rename', 'consolidate', 'prune', 'clone', 'fork'];

/**
 * Groups of test/realhost/rows.ts, all of them, in runs of some minutes; and what runs where it is named.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const hostGroups = {
  kinds: ['internal', 'external', 'raw', 'seamless'],
  merges: ['merge', 'consolidate', 'clone'],
  machines: ['offline', 'tpm', 'uefi', 'looks'],
  people: ['user', 'userExternal', 'session', 'sessionExternal', 'ssh', 'polkit'],
  services: ['home', 'homeMerge', 'daemon', 'schedule'],
  wings: ['files', 'copies', 'makes', 'together'],
  resets: ['resets'],
  pair: ['shared'],
};

/** Of them: what is long, and runs where it is named alone. */
const named = ['resets', 'pair'];

/**
 * What a landing runs of them: all but these in so many landings, each on both hosts. Of those that follow, each
 * begins with another group, for its last may be left out for their time.
 * @param {number} turn goes up with each landing
 * @returns {{ suite: import('./hostImage.mjs').HostSuite, groups: readonly string[] }}
 */
export function hostTurn(turn) {
  const all = Object.entries(hostGroups).flatMap(([part, groups]) => (named.includes(part) ? [] : [groups]));
  const groups = all[Math.floor(turn / 2) % all.length] ?? [];
  const first = Math.floor(turn / 2 / all.length) % groups.length;
  return { suite: turn % 2 === 0 ? 'trixie' : 'bookworm', groups: [...groups.slice(first), ...groups.slice(0, first)] };
}

/**
 * Files `*.more.test.ts` by what they are about, by the first part of their names.
 * @type {Readonly<Record<string, { guards: readonly string[], layer: 'here' | 'libvirtd' | 'ui', minutes: number,
 *   needs?: readonly import('./prerequisites.mjs').Need[], files: readonly string[] }>>}
 */
const more = {
  ends: {
    guards: ['bisect', ...acting],
    layer: 'libvirtd',
    minutes: 4,
    files: [
      ...[
        'hypervisorFaults',
        'killedBisect',
        'killedClones',
        'forks',
        'killedForks',
        'lostQemu',
        'liveSave',
        'lateSnapshot',
      ],
      ...['histories', 'emulationSteps', 'untoldRevert', 'fullRevert'],
    ],
  },
  steps: {
    guards: ['bisect', ...acting],
    layer: 'libvirtd',
    minutes: 2.5,
    files: [
      ...['hypervisorSteps', 'guestAgentSteps', 'metadataSteps', 'lostData', 'savedRam', 'memoryFiles'],
      ...['generationId', 'lastUnlink', 'privateDaemon', 'readOnly', 'appliedSteps'],
    ],
  },
  disks: {
    guards: ['diagnosis', ...acting],
    layer: 'libvirtd',
    minutes: 2,
    files: [
      ...['absentImages', 'peculiarDisks', 'pluggedDisks', 'traps', 'adoptSnapshot', 'staleMetadata'],
      ...[
        'uefiVariables',
        'tpm',
        'tpmFaults',
        'tpmCopies',
        'diskStatistics',
        'folderPools',
        'besideBranch',
        'backupNotes',
      ],
      ...[
        'insidePoints',
        'insideChanged',
        'insideChanges',
        'insideNow',
        'insideRestore',
        'copies',
        'copiesPoints',
        'copiesFiles',
        'copiesChecks',
        'copiesDevices',
        'copiesRunning',
        'copiesSets',
        'libraryCopies',
        'schedule',
        'scheduledSnapshots',
        'plainCopies',
        'replicas',
      ],
    ],
  },
  // What somebody else did to files that are a snapshot's, and what copies removed.
  others: {
    guards: ['wings', 'diagnosis', ...acting],
    layer: 'libvirtd',
    minutes: 4,
    files: [
      ...[
        'changedLayers',
        'frozenContent',
        'olderLayer',
        'changedRam',
        'movedFiles',
        'nobodysFiles',
        'notFiles',
        'judgedImages',
        'readableNow',
      ],
      ...['madeThings', 'copiesOfStrangers', 'readOnlyDaemon'],
    ],
  },
  liveMoves: {
    guards: ['wings', 'driver', 'libvirt'],
    layer: 'libvirtd',
    minutes: 1,
    files: ['liveMove'],
  },
  placement: {
    guards: ['wings', 'driver', 'libvirt'],
    layer: 'libvirtd',
    minutes: 3,
    files: ['placement'],
  },
  // Made from the mirror, where it is not there yet.
  debian: {
    guards: ['wings', 'qemu'],
    layer: 'libvirtd',
    minutes: 9,
    needs: ['network', 'sshd'],
    files: ['insideDebian', 'newVmDebian', 'sshPorts'],
  },
  labNetworks: {
    guards: ['lab', 'driver', 'journal'],
    layer: 'libvirtd',
    minutes: 3,
    needs: ['network', 'proxy'],
    files: ['labNetwork'],
  },
  uefi: {
    guards: ['lab', 'driver', 'engine'],
    layer: 'libvirtd',
    minutes: 4,
    needs: ['ovmf'],
    files: ['newVmUefi'],
  },
  debuggers: {
    guards: ['wings', 'driver'],
    layer: 'libvirtd',
    minutes: 0.5,
    needs: ['gdb', 'sshd'],
    files: ['debugger'],
  },
  cluster: {
    guards: ['driver', 'engine'],
    layer: 'libvirtd',
    minutes: 3,
    needs: ['cluster'],
    files: ['cluster', 'clusterNodes', 'clusterSimulated'],
  },
  looks: {
    guards: ['diagnosis', 'health', 'lesson', ...acting],
    layer: 'libvirtd',
    minutes: 3,
    files: [
      ...[
        'blockMap',
        'pictureCells',
        'pictureWhatIf',
        'healthStates',
        'forecasts',
        'speed',
        'layoutPrune',
        'wantedPrune',
      ],
      'lesson',
      'levels',
    ],
  },
  labs: {
    guards: ['lab', 'systems', 'session', 'cli', 'bisect'],
    layer: 'libvirtd',
    minutes: 7,
    files: [
      ...[
        'lab',
        'labLayers',
        'exampleLab',
        'labClone',
        'systemWaits',
        'systemConnections',
        'systemFaults',
        'systemPrune',
      ],
      ...[
        'labReset',
        'labThere',
        'repairShells',
        'bisect',
        'copyFile',
        'unasked',
        'commandLineVms',
        'watchCrashes',
        'library',
        'hook',
      ],
    ],
  },
  release: {
    guards: ['scripts', 'package.json'],
    layer: 'here',
    minutes: 2,
    files: ['releaseRun', 'noticesOfAll'],
  },
  pages: {
    guards: ['lesson', 'lab', 'health', 'systems', 'ui', 'text'],
    layer: 'ui',
    minutes: 7,
    files: [
      ...['lesson', 'picture', 'pictureBlocks', 'pictureSizes', 'forks', 'filter', 'lab', 'chain'],
      ...['reports', 'allVms', 'systems', 'packaged', 'landing', 'sshLogin', 'hosts', 'operations', 'inside'],
      ...['backups', 'backupsBySsh', 'newVm', 'display', 'moves', 'disks', 'untilDates'],
    ],
  },
};

/** By the first part of the names of their files. */
const peculiar = ['tagNames', 'tagsInLayers', 'blockDevices', 'foreignUsers', 'savedByOthers', 'layersMeasured'];

/**
 * | group     | what                                                              |
 * |-----------|-------------------------------------------------------------------|
 * | more      | rarer cases of what everybody runs                                |
 * | rows      | all rows of tables of which everybody runs some                   |
 * | matrix    | every kind of snapshot from and to every state                    |
 * | faults    | every operation broken off by every fault                         |
 * | histories | random operations against a model                                 |
 * | days      | what a person does in a day, with what is undone and done again   |
 * | lockstep  | snapshots of a guest that runs on, 100 of them                    |
 * | killed    | snapshots of a guest that runs on, ended by kill at each call     |
 * | forks     | a hundred forks of a guest that writes                            |
 * | peculiar  | tags of other tools, block devices, files that others use, saves  |
 * | fixtures  | the library in the test frameworks that its page shows            |
 * | lab       | the example of a lab reset a hundred times; one made over ssh     |
 * | hosts     | libvirt on other hosts, by ssh and by TLS                         |
 * | agents    | the MCP server before the conformance suite of its makers         |
 * | guards    | each guard switched off must turn a history red                   |
 * | versions  | the whole layer with a daemon, on other libvirts                  |
 * | themes    | the lesson in three themes, the rarer pages before axe            |
 * | undo      | fifty random operations, undone one by one                        |
 * | copies    | backups between random operations and during them, restored       |
 * | oracle    | what judges the others sees each thing that is changed            |
 * | bare      | the README's two commands on a machine with Node.js alone         |
 * | editors   | all that runs in VS Code, on the oldest that the manifest admits  |
 * @type {readonly DeepPart[]}
 */
export const deepParts = [
  ...Object.entries(more).map(
    ([name, part]) =>
      /** @type {DeepPart} */ ({ name: `more ${name}`, group: 'more', version: 'system', tier: 'more', ...part }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `matrix ${version}`,
        group: 'matrix',
        version,
        minutes: 4,
        guards: acting,
        layer: 'libvirtd',
        tier: 'deep',
        files: ['matrix'],
      }),
  ),
  {
    name: 'rows system',
    group: 'rows',
    version: 'system',
    minutes: 9,
    guards: ['systems', 'lab', ...acting],
    layer: 'libvirtd',
    tier: 'whole',
    files: [
      ...['externalRevert', 'systems', 'lab', 'metadataSteps', 'guestAgentSteps', 'undo', 'forks', 'consolidate'],
      ...['commandLine', 'agents', 'session', 'insideFileSystems', 'newVm', 'copies', 'disks', 'inventoryRecovery'],
      ...['openChains', 'removals', 'startNeeds', 'addedDisks'],
    ],
    env: { TEST_ROWS: 'all' },
  },
  .../** @type {const} */ (['unit', 'here']).map(
    (layer) =>
      /** @type {DeepPart} */ ({
        name: `rows ${layer}`,
        group: 'rows',
        version: 'system',
        minutes: 1.5,
        guards: ['base', 'hosts', 'journal', ...acting],
        layer,
        env: { TEST_ROWS: 'all' },
      }),
  ),
  {
    name: 'rows story',
    group: 'rows',
    version: 'system',
    minutes: 3,
    guards: ['ui', 'text'],
    layer: 'ui',
    files: ['story'],
    env: { TEST_ROWS: 'all' },
  },
  // Everybody runs it in RAM.
  {
    name: 'journal on a disk',
    group: 'rows',
    version: 'system',
    minutes: 1,
    guards: ['journal'],
    layer: 'here',
    files: ['journal', 'crash'],
    env: { TMPDIR: '/var/tmp' },
  },
  ...versions.flatMap((version) =>
    operations.map(
      (operation) =>
        /** @type {DeepPart} */ ({
          name: `faults ${version} ${operation}`,
          group: 'faults',
          version,
          minutes: { revert: 2.5, delete: 3, repair: 2 }[operation] ?? 1,
          guards: ['journal', ...acting],
          layer: 'libvirtd',
          tier: 'deep',
          files: ['faults'],
          grep: `broken off: ${operation}`,
        }),
    ),
  ),
  // QEMU 7.2 takes none of these.
  ...versions.slice(1).map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `lockstep ${version}`,
        group: 'lockstep',
        version,
        minutes: 4,
        guards: ['driver', 'libvirt'],
        layer: 'libvirtd',
        tier: 'deep',
        files: ['lockstep'],
      }),
  ),
  ...versions.slice(1).map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `killed ${version}`,
        group: 'killed',
        version,
        minutes: 2,
        guards: ['driver', 'operations', 'journal', 'engine'],
        layer: 'libvirtd',
        tier: 'deep',
        files: ['killedSeamless'],
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `forks ${version}`,
        group: 'forks',
        version,
        minutes: 6,
        guards: acting,
        layer: 'libvirtd',
        tier: 'deep',
        files: ['forks'],
        // Four guests that write run in each.
        places: 4,
      }),
  ),
  {
    name: 'fixtures system',
    group: 'fixtures',
    version: 'system',
    minutes: 1,
    guards: ['api', 'session'],
    needs: ['pytest'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['libraryFixtures'],
  },
  {
    name: 'lab system',
    group: 'lab',
    version: 'system',
    minutes: 10,
    guards: ['lab', 'systems', 'session'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['exampleLab'],
  },
  {
    name: 'lab ssh',
    group: 'lab',
    version: 'system',
    minutes: 0.5,
    guards: ['lab', 'session'],
    needs: ['sshd'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['labSsh'],
  },
  {
    name: 'hosts system',
    group: 'hosts',
    version: 'system',
    minutes: 2,
    guards: ['libvirt', 'driver'],
    needs: ['sshd'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['sshHosts', 'sshFiles', 'tlsHosts', 'insideHosts', 'replicaHosts'],
  },
  .../** @type {const} */ ([
    ['copied', 'backed up|exported|replicated'],
    ['restored', 'restored'],
    ['pruned', 'pruned|checked'],
    ['scheduled', 'scheduled'],
  ]).map(
    ([what, grep]) =>
      /** @type {DeepPart} */ ({
        name: `${what} killed system`,
        group: 'killed',
        version: 'system',
        minutes: 6,
        guards: ['wings'],
        layer: 'libvirtd',
        tier: 'more',
        files: ['copiesFaults'],
        grep: `are (${grep}) again`,
      }),
  ),
  {
    name: 'targets system',
    group: 'hosts',
    version: 'system',
    minutes: 8,
    guards: ['wings'],
    needs: ['sshd', 'rclone'],
    layer: 'libvirtd',
    tier: 'more',
    files: ['copiesTargets', 'copiesBySsh', 'plainBySsh'],
  },
  {
    name: 'moves system',
    group: 'hosts',
    version: 'system',
    minutes: 10,
    guards: ['wings', 'driver'],
    needs: ['sshd'],
    layer: 'libvirtd',
    tier: 'more',
    files: ['moves', 'movesTogether', 'movesInterrupted', 'liveCopies'],
  },
  {
    name: 'hundred moves system',
    group: 'hosts',
    version: 'system',
    minutes: 15,
    guards: ['wings', 'driver'],
    needs: ['sshd'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['hundredMoves'],
  },
  {
    name: 'loaded system',
    group: 'days',
    version: 'system',
    minutes: 5,
    guards: ['operations', 'engine', 'live'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['loadedHost'],
  },
  {
    name: 'full system',
    group: 'killed',
    version: 'system',
    minutes: 3,
    guards: ['wings'],
    layer: 'libvirtd',
    tier: 'more',
    files: ['copiesFull'],
  },
  {
    name: 'guestfish system',
    group: 'hosts',
    version: 'system',
    minutes: 3,
    guards: ['wings'],
    needs: ['guestfish'],
    layer: 'libvirtd',
    tier: 'more',
    files: ['insideGuestfish'],
  },
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `hosts over ssh ${version}`,
        group: 'hosts',
        version,
        minutes: version === 'system' ? 11 : 5,
        guards: ['libvirt', ...acting],
        needs: ['sshd'],
        layer: 'libvirtd',
        tier: 'whole',
        files: [
          ...['externalRevert', 'offlineMerge', 'forks', 'seamlessShells'],
          // What differs between libvirts is in those.
          ...(version === 'system'
            ? ['consolidate', 'undo', 'clones', 'guestConsole', 'insideFiles', 'insidePoints']
            : []),
        ],
        env: { TEST_OVER: 'ssh' },
      }),
  ),
  {
    name: 'nodes system',
    group: 'nodes',
    version: 'system',
    minutes: 14,
    guards: ['driver', 'engine', 'journal'],
    needs: ['cluster'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['clusterKilled'],
  },
  {
    name: 'agents system',
    group: 'agents',
    version: 'system',
    minutes: 1,
    guards: ['agents', 'cli'],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['conformance'],
  },
  // A trap is of some versions, and so is its guard.
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `guards ${version}`,
        group: 'guards',
        version,
        minutes: 3,
        guards: ['operations', 'domain'],
        layer: 'libvirtd',
        tier: 'deep',
        files: ['guards', 'lostDaemon'],
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `peculiar ${version}`,
        group: 'peculiar',
        version,
        minutes: 2,
        guards: acting,
        layer: 'libvirtd',
        tier: 'deep',
        files: peculiar,
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `histories ${version}`,
        group: 'histories',
        version,
        minutes: 3,
        guards: acting,
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `days ${version}`,
        group: 'days',
        version,
        minutes: 2,
        guards: ['journal', ...acting],
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `undo ${version}`,
        group: 'undo',
        version,
        minutes: 2.5,
        guards: ['journal', ...acting],
        layer: 'libvirtd',
        tier: 'deep',
        files: ['undoneInTurn'],
      }),
  ),
  ...versions.map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `oracle ${version}`,
        group: 'oracle',
        version,
        minutes: 1,
        guards: [],
        layer: 'libvirtd',
        tier: 'deep',
        files: ['oracle'],
      }),
  ),
  {
    name: 'copies system',
    group: 'copies',
    version: 'system',
    minutes: 5,
    guards: ['wings', ...acting],
    layer: 'libvirtd',
    tier: 'deep',
    files: ['copiesHistories'],
  },
  .../** @type {const} */ ([
    ['root', 'test -- unit', 7],
    ['user', 'test -- libvirtd/session', 2.5],
  ]).map(
    ([who, test, minutes]) =>
      /** @type {DeepPart} */ ({
        name: `bare ${who}`,
        group: 'bare',
        version: 'system',
        minutes,
        guards: ['scripts', 'package.json', '.ci'],
        needs: ['root', 'releases'],
        program: ['scripts/bareRoom.mjs', who, 'start', test],
        places: 3,
      }),
  ),
  // On the libvirt of the host, which is no version of the rig's. Each boots it: a minute or two.
  .../** @type {const} */ (['bookworm', 'trixie']).flatMap((suite) =>
    Object.entries(hostGroups).map(
      ([name, groups]) =>
        /** @type {DeepPart} */ ({
          name: `realhost ${suite} ${name}`,
          group: 'realhost',
          version: 'system',
          minutes: name === 'resets' ? 25 : 8,
          guards: ['driver', 'steps', 'operations'],
          needs: ['root', 'releases'],
          program: ['scripts/realHost.mjs', suite, ...groups],
          places: 5,
        }),
    ),
  ),
  {
    name: 'more editor',
    group: 'more',
    version: 'system',
    minutes: 3,
    guards: ['ui', 'manifest', 'text', 'lesson', 'bisect', 'lab', 'systems'],
    layer: 'host',
    tier: 'whole',
    env: { TEST_ROWS: 'all' },
  },
  .../** @type {const} */ (['host', 'ui']).map(
    (layer) =>
      /** @type {DeepPart} */ ({
        name: `editors ${layer}`,
        group: 'editors',
        version: 'system',
        minutes: { host: 3, ui: 7 }[layer],
        guards: ['ui', 'manifest', 'text', 'lesson', 'bisect'],
        layer,
        tier: 'whole',
        env: { TEST_VSCODE: 'minimum', TEST_ROWS: 'all' },
      }),
  ),
  {
    name: 'themes',
    group: 'themes',
    version: 'system',
    minutes: 4,
    guards: ['lesson', 'ui', 'text'],
    layer: 'ui',
    tier: 'whole',
    files: ['lesson', 'reports'],
    env: { TEST_THEMES: 'all' },
  },
  ...versions.slice(1).map(
    (version) =>
      /** @type {DeepPart} */ ({
        name: `versions ${version}`,
        group: 'versions',
        version,
        minutes: 13,
        guards: acting,
        layer: 'libvirtd',
        tier: 'whole',
        env: { TEST_ROWS: 'all' },
      }),
  ),
];

/** In so many runs that follow one another, each part is among those that come first. */
export const turns = 4;

/**
 * @param {readonly DeepPart[]} parts
 * @returns {ReadonlyMap<DeepPart, number>} the turn of each, all turns about as long
 */
export function dealt(parts) {
  const lengths = Array.from({ length: turns }, () => 0);
  const longestFirst = parts.toSorted((a, b) => b.minutes - a.minutes || (a.name < b.name ? -1 : 1));
  return new Map(
    longestFirst.map((part) => {
      const turn = lengths.indexOf(Math.min(...lengths));
      lengths[turn] = (lengths[turn] ?? 0) + part.minutes;
      return [part, turn];
    }),
  );
}

/** Rarer cases of what everybody runs: no other part has the like. */
const rarer = ['rows', 'more'];

/**
 * Those whose turn it is come first, so that no part is left out for long, and of these the rarer cases of `npm test`;
 * then those that guard what changed; then the rest, in turns too.
 * @param {readonly DeepPart[]} parts
 * @param {ReadonlySet<string> | undefined} changed rooms; undefined: not known, so nothing of the rest comes first
 * @param {number} turn goes up from run to run
 * @returns {readonly DeepPart[]}
 */
export function inTurn(parts, changed, turn) {
  const turnOf = dealt(parts);
  const away = (/** @type {DeepPart} */ part) => ((turnOf.get(part) ?? 0) - (turn % turns) + turns) % turns;
  const guards = (/** @type {DeepPart} */ part) => part.guards.some((room) => changed?.has(room) === true);
  const rank = (/** @type {DeepPart} */ part) =>
    away(part) === 0 ? (rarer.includes(part.group) ? 0 : 1) : guards(part) ? 2 : 2 + away(part);
  return parts.toSorted((a, b) => rank(a) - rank(b));
}
