/**
 * The options of a client, with their defaults.
 *
 * @module
 */

import type { Address } from "../wire/mod.ts";

/** Options of an {@linkcode RpcClient}. */
export interface RpcClientOptions {
  /** Where the server listens: a TCP address, or the path of a Unix socket. */
  readonly server: Address | { readonly path: string };
  /** The required cluster of the server; `null` for any. @default {null} */
  readonly cluster?: string | null;
  /** The required id of that cluster; `null` for any. @default {null} */
  readonly clusterId?: string | null;
  /** Time limit to connect, and then for the server's hello. @default {2000} */
  readonly connectMsMax?: number;
  /** The time after a failed dial in which calls fail at once. @default {50} */
  readonly retryMs?: number;
  /** Silence that ends a connection with pending calls; a ping is sent at half. @default {2000} */
  readonly silenceMsMax?: number;
  /** The longest frame, in and out. @default {64 MiB} */
  readonly frameBytesMax?: number;
  /** Maximum of calls in flight; a further one is `overloaded` at once. @default {65536} */
  readonly inFlightMax?: number;
}

/** The default of every option that has one. */
export const CLIENT_DEFAULTS = {
  cluster: null,
  clusterId: null,
  connectMsMax: 2000,
  retryMs: 50,
  silenceMsMax: 2000,
  frameBytesMax: 64 * 2 ** 20,
  inFlightMax: 65_536,
};
