/**
 * Health for machines: `/livez` says whether the program works at all, `/readyz` whether it can serve
 * clients. Both give every reason.
 *
 * @module
 */

import type { Route } from "./router.ts";

/** One thing that must be so. */
export interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, for people. */
  readonly found: string;
}

/** What is checked. */
export interface Health {
  readonly live: () => readonly HealthCheck[] | Promise<readonly HealthCheck[]>;
  readonly ready: () => readonly HealthCheck[] | Promise<readonly HealthCheck[]>;
}

/** `GET /livez` and `GET /readyz`: 200 or 503, and every check with what was found. */
export function healthRoutes({ live, ready }: Health): Route[] {
  return [healthRoute("/livez", live), healthRoute("/readyz", ready)];
}

function healthRoute(path: string, check: Health["live"]): Route {
  return {
    ...{ method: "GET", path, access: "open" },
    handle: async () => {
      const checks = await check();
      const ok = checks.every((each) => each.ok);
      const status = ok ? 200 : 503;
      return Response.json({ ok, checks }, { status });
    },
  };
}
