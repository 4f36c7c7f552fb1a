/**
 * OpenTelemetry: what a node sends to a receiver when the runtime's support is switched on.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { firstLine, killCommand, runCommand, startCommand } from "../../helpers/commands.ts";
import { until } from "../../helpers/until.ts";
import { withFolder } from "../../helpers/with_folder.ts";

/** What a receiver of OTLP over HTTP has got, in the encoding as JSON. */
interface Received {
  readonly spans: Set<string>;
  /** The trace, the parent and the id of each span over HTTP. */
  readonly http: SpanData[];
  /** The last value of each metric of node 1. */
  readonly metrics: Map<string, number>;
}

/** The parts of the messages that the test looks at. */
interface Message {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly SpanData[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[];
  }[];
}

interface SpanData {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

interface Metric {
  readonly name: string;
  readonly gauge?: Points;
  readonly sum?: Points;
}

interface Points {
  readonly dataPoints: readonly {
    readonly asDouble?: number;
    readonly asInt?: string;
    readonly attributes: readonly {
      readonly key: string;
      readonly value: { readonly stringValue?: string };
    }[];
  }[];
}

function keep(received: Received, { resourceSpans = [], resourceMetrics = [] }: Message): void {
  for (const { scopeSpans } of resourceSpans) {
    for (const { spans } of scopeSpans) {
      for (const span of spans) {
        received.spans.add(span.name);
        received.http.push(span);
      }
    }
  }
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) => metrics)
  );
  for (const { name, gauge, sum } of metrics) {
    for (const { attributes, asDouble, asInt } of (gauge ?? sum)?.dataPoints ?? []) {
      const node = attributes.find(({ key }) => key === "node")?.value.stringValue;
      if (node === "n1") received.metrics.set(name, asDouble ?? Number(asInt));
    }
  }
}

Deno.test("a node sends a span for each request, and its metrics", async () => {
  const received: Received = { spans: new Set(), http: [], metrics: new Map() };
  const receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      keep(received, await request.json());
      return Response.json({});
    },
  );
  await withFolder(async (folder) => {
    const address = ["--id", "1", "--peers", "1=127.0.0.1:0", "--clients", "127.0.0.1:0"];
    const http = ["--http", "127.0.0.1:0", "--data", `${folder}/n1`];
    const node = startCommand(["node", "--bootstrap", ...address, ...http], {
      env: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.addr.port}`,
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
        OTEL_METRIC_EXPORT_INTERVAL: "200",
        OTEL_BSP_SCHEDULE_DELAY: "200",
      },
    });
    try {
      const { clients, http } = JSON.parse(await firstLine(node.stdout));
      const flags = ["--endpoints", `${clients.hostname}:${clients.port}`];
      assertEquals((await runCommand(["put", "a", "b", ...flags])).code, 0);
      assertEquals((await runCommand(["get", "a", ...flags])).out, "b");
      const { spans, metrics } = received;
      await until(() => spans.has("kontiki.write") && spans.has("kontiki.read"), "both spans");
      await until(() => metrics.get("kontiki_is_leader") === 1, "a gauge");
      const counts = ["kontiki_saves_total", "kontiki_request_seconds_count"];
      await until(() => counts.every((name) => (metrics.get(name) ?? 0) > 0), "the counters");
      // A request over HTTP goes on with the trace of its client, down to the handler of its route.
      const [trace, client] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
      const put = await fetch(`http://${http.hostname}:${http.port}/v1/keys/a`, {
        ...{ method: "PUT", body: "c" },
        headers: { traceparent: `00-${trace}-${client}-01` },
      });
      assertEquals((await put.json()).version, 2);
      const name = "kontiki.http PUT /v1/keys/{key*}";
      await until(() => received.http.some((span) => span.name === name), "the span of the route");
      const inner = received.http.find((span) => span.name === name)!;
      await until(() => received.http.some(({ spanId }) => spanId === inner.parentSpanId));
      const outer = received.http.find(({ spanId }) => spanId === inner.parentSpanId)!;
      assertEquals([inner.traceId, outer.traceId, outer.parentSpanId], [trace, trace, client]);
    } finally {
      await killCommand(node);
    }
  });
  await receiver.shutdown();
});
