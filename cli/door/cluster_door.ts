/**
 * Opens the HTTP port: all routes, on a client of the cluster that finds the leader itself.
 *
 * @module
 */

import { type Address, connectionLimits } from "../../net/mod.ts";
import { type ConnectNode, connectRoutes } from "../../net/connect/mod.ts";
import {
  type Door,
  type DoorLoad,
  type Health,
  healthRoutes,
  metricsRoute,
  openDoor,
  type Route,
  type Sample,
} from "../../net/http/mod.ts";
import { jsonRoutes } from "../../net/http/json/mod.ts";
import { connect, type StoreClient } from "../../net/store/mod.ts";
import { SystemClock } from "../../raft/mod.ts";
import { type Access, checkAccess } from "./access.ts";
import { LiveControl } from "./live_control.ts";
import { liveRoutes } from "./live_routes.ts";
import { LiveView } from "./live_view.ts";
import type { SeenCluster } from "./member_session.ts";
import { httpSamples, METRICS } from "../metrics/mod.ts";

/** Options of {@linkcode openClusterDoor}. */
export interface ClusterDoorOptions {
  readonly listener: Deno.Listener;
  /** The host of the address that was asked for. */
  readonly host: string;
  readonly access: Access;
  /** The path of the socket behind the gate. */
  readonly socket: string;
  /** The name of the cluster. */
  readonly cluster: string;
  /** Where its nodes listen for clients. */
  readonly endpoints: readonly string[];
  /** The nodes, for the page. */
  readonly session: SeenCluster;
  readonly health: Health;
  /** The nodes with an HTTP port, this one included. @default this port alone */
  readonly nodes?: () => Promise<readonly ConnectNode[]>;
  /** The metrics of the nodes that are served here. */
  readonly samples: () => readonly Sample[] | Promise<readonly Sample[]>;
  readonly log: (line: string) => void;
  /** @default {no spans} */
  readonly spans?: Spans | null;
}

/** Runs work in a span of this name. */
export type Spans = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

/** An open HTTP port. */
export interface ClusterDoor {
  readonly address: Address;
  /** What it holds and has done. */
  load(): DoorLoad;
  /** How often a connection was refused, by reason. */
  refusals(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** A port in front of all nodes outlives each of them. */
const alone = (): Promise<readonly ConnectNode[]> =>
  Promise.resolve([{ url: null, isLeader: false }]);

/** Every route of the port. Doors of further protocols add theirs here. */
function routesOf(
  store: StoreClient,
  { health, samples, cluster, access, nodes = alone }: ClusterDoorOptions,
  own: () => readonly Sample[],
): Route[] {
  const clock = new SystemClock();
  return [
    ...healthRoutes(health),
    ...jsonRoutes(store),
    metricsRoute(METRICS, async () => [...await samples(), ...own()]),
    ...connectRoutes({ store, cluster, nodes, clock, tokens: access.databases }),
  ];
}

/** The route, with a span around its handler: below that of the request, which the runtime makes. */
function traced(route: Route, spans: Spans | null): Route {
  if (spans === null) return route;
  const name = `kontiki.http ${route.method} ${route.path}`;
  return { ...route, handle: (call) => spans(name, async () => await route.handle(call)) };
}

/** Opens the port; resolves when it serves. */
export async function openClusterDoor(options: ClusterDoorOptions): Promise<ClusterDoor> {
  const { listener, host, access, socket, cluster, endpoints, session, log, spans = null } =
    options;
  checkAccess(host, access);
  const store = connect(endpoints, { cluster });
  const control = new LiveControl(session, store);
  const view = new LiveView(session, { hasLoad: () => control.hasLoad });
  const { connectionsMax } = connectionLimits({ hasHttp: true }).http;
  const door: Door = await openDoor({
    ...{ listener, socket, log, token: access.token },
    routes: [
      ...liveRoutes(view, control),
      ...routesOf(store, options, () => httpSamples(door.load(), door.refusals())),
    ].map((route) => traced(route, spans)),
    names: [host],
    limits: { connectionsMax, refusedMax: connectionsMax },
  });
  return {
    address: door.address,
    load: () => door.load(),
    refusals: () => door.refusals(),
    close: async () => {
      control.stop();
      await door.close();
      await store.close();
    },
  };
}
