/**
 * The routes of the live page.
 *
 * @module
 */

import type { Route } from "../../net/http/mod.ts";
import { eventsOf, type ServerEvent } from "../../net/http/json/mod.ts";
import { HttpProblem } from "../../net/http/mod.ts";
import type { LiveControl } from "./live_control.ts";
import { pageRoute } from "./live_page.ts";
import type { LiveView } from "./live_view.ts";

const ACTION_BYTES_MAX = 1024;

/** `GET /`, and what it asks for: `GET` and `POST /v1/cluster`. */
export function liveRoutes(view: LiveView, control: LiveControl): Route[] {
  return [
    pageRoute(),
    {
      ...{ method: "GET", path: "/v1/cluster", withinMs: null },
      handle: ({ signal }) => eventsOf(eventsOfView(view, signal), signal),
    },
    {
      ...{ method: "POST", path: "/v1/cluster", bodyBytesMax: ACTION_BYTES_MAX },
      handle: async (call) => {
        const text = new TextDecoder().decode(await call.body());
        await control.run(parse(text));
        view.wake();
        return new Response(null, { status: 204 });
      },
    },
  ];
}

async function* eventsOfView(
  view: LiveView,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent, void, void> {
  for await (const state of view.states(signal)) yield { data: JSON.stringify(state) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new HttpProblem("badRequest", `Wanted JSON: ${error.message}`);
  }
}
