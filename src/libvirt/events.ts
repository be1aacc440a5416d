// The table of events that are listened to, a line each: what registers them, the message that brings them, its
// content. Every message starts with the id of its callback, which is checked and left out. Knows no sockets.
import { array, type Codec, type Fields, i32, struct, type StructOf, type ValueOf } from './xdr/codec.js';
import { REMOTE_DOMAIN_JOB_STATS_MAX } from './protocol.js';
import { domain, optionalText, text, typedParameter } from './structs.js';

export interface EventRow<M> {
  /** virDomainEventID; undefined: registered by connectRegisterCloseCallback, and its message has no callback id. */
  readonly eventID: number | undefined;
  /** The procedure number of the message. */
  readonly number: number;
  readonly message: Codec<M>;
}

function event<F extends Fields>(eventID: number | undefined, number: number, message: F): EventRow<StructOf<F>> {
  return { eventID, number, message: struct(message) };
}

export const events = {
  lifecycle: event(0, 318, { dom: domain, event: i32, detail: i32 }),
  reboot: event(1, 319, { dom: domain }),
  ioError: event(4, 322, { dom: domain, srcPath: text, devAlias: text, action: i32 }),
  blockJob2: event(16, 339, { dom: domain, dst: text, type: i32, status: i32 }),
  agentLifecycle: event(18, 348, { dom: domain, state: i32, reason: i32 }),
  jobCompleted: event(21, 363, { dom: domain, params: array(typedParameter, REMOTE_DOMAIN_JOB_STATS_MAX) }),
  metadataChange: event(23, 379, { dom: domain, type: i32, nsuri: optionalText }),
  connectionClosed: event(undefined, 362, { reason: i32 }),
};

export type EventName = keyof typeof events;
export type EventOf<E extends EventName> = ValueOf<(typeof events)[E]['message']>;

export const eventByNumber: ReadonlyMap<number, EventName> = new Map(
  (Object.keys(events) as EventName[]).map((name) => [events[name].number, name]),
);
