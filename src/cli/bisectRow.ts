// The row of `bisect` in the table of commands.
import { snapshotOption } from './commandShape.js';

export const bisectRow = {
  summary: 'find the first snapshot at which a check fails',
  operands: [
    { name: 'VM', kind: 'vm', needed: 'optional' },
    { name: 'PROGRAM ARGUMENT', kind: 'program', needed: 'several' },
  ],
  options: {
    good: snapshotOption('a restore point that is good; the search begins after it'),
    bad: snapshotOption('a restore point that is bad; the search ends before it'),
    skip: { ...snapshotOption('do not try this one; may be said again'), multiple: true },
    run: { type: 'boolean', help: 'the check is PROGRAM on this computer, with the clone in its environment' },
    'in-guest': { type: 'boolean', help: 'the check is PROGRAM in the clone, run by its guest agent' },
    'in-console': { type: 'boolean', help: 'the check is PROGRAM in the clone, typed at its serial console' },
    off: { type: 'boolean', help: 'with --run: clones are not started' },
    network: { type: 'boolean', help: 'connect the clones to the networks of the VM (default: none)' },
    jobs: { type: 'string', short: 'j', value: 'N', help: 'number of clones at once (default: as memory allows)' },
    tries: {
      type: 'string',
      value: 'N',
      help: 'repeat a flaky check at most N times, each on a new clone; the majority decides',
    },
    seconds: {
      type: 'string',
      value: 'N',
      help: 'time limit of one check (default 300); a check that takes longer is bad',
    },
    'start-seconds': {
      type: 'string',
      value: 'N',
      help: 'time limit for a clone to start (default 300); after that it is skipped',
    },
    resume: { type: 'boolean', help: 'continue an interrupted bisect' },
    log: { type: 'boolean', help: 'show the results so far' },
    stop: { type: 'boolean', help: 'end a bisect: deletes its clones and its results' },
    plan: { type: 'boolean', help: 'show the plan, and change nothing' },
  },
  more: 'Tests each snapshot on a clone; the VM does not change. Exit codes of PROGRAM are as for git bisect run: 0 is good, 125 skips, 1 to 124 are bad, all others end the search. Without PROGRAM, you are asked. --resume continues an interrupted search.',
  examples: [
    'virt-rewind bisect web-test --good clean --in-guest -- systemctl is-active nginx',
    'virt-rewind bisect web-test --jobs 2 --network --run -- ./check.sh',
    'virt-rewind bisect --resume',
  ],
} as const;
