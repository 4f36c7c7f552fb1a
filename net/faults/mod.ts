/**
 * Faults of the network as data, the transport that applies them, and the control socket.
 *
 * @module
 */

export { CONTROL_SOCKET, type ControlOptions, type ControlTarget, openControl } from "./control.ts";
export { ControlClient, ControlError } from "./control_client.ts";
export {
  approximateBytes,
  bridge,
  decide,
  type Delay,
  type Disturbance,
  type Faults,
  halves,
  isBlocked,
  isFaultless,
  isolate,
  type Kind,
  kindOf,
  type Link,
  majoritiesRing,
  minorityWith,
  noFaults,
  oneWay,
  partition,
  reliable,
  reordered,
  undisturbed,
  unreliable,
} from "./faults.ts";
export { type FaultyTraffic, FaultyTransport } from "./faulty_transport.ts";
export { Fields, readObject } from "./fields.ts";
export { parseFaults } from "./parse_faults.ts";
