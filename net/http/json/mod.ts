/**
 * The store as JSON over HTTP.
 *
 * @module
 */

import type { StoreClient } from "../../store/mod.ts";
import type { Route } from "../mod.ts";
import { keyRoutes } from "./keys.ts";
import { leaseRoutes } from "./leases.ts";
import { openApiRoute } from "./openapi.ts";
import { rangeRoutes } from "./ranges.ts";
import { watchRoutes } from "./watch.ts";

export { openApi } from "./openapi.ts";
export { eventsOf, linesOf, type ServerEvent } from "./streams.ts";

/** Every route below `/v1`. */
export function jsonRoutes(store: StoreClient): Route[] {
  return [
    ...keyRoutes(store),
    ...rangeRoutes(store),
    ...watchRoutes(store),
    ...leaseRoutes(store),
    openApiRoute(),
  ];
}
