/**
 * OpenTelemetry through the runtime's own support, which `OTEL_DENO=true` switches on: a span for each
 * request of a client and for each route of the HTTP port, and the metrics of `/metrics`. Switched off it
 * costs one look at the environment when a node starts.
 *
 * @module
 */

import type { Sample } from "../../net/http/mod.ts";
import { METRICS } from "../metrics/mod.ts";

/** The runtime declares its providers without types; these parts of their interface are used. */
interface Tracer {
  startSpan(name: string): Span;
  startActiveSpan<Result>(name: string, work: (span: Span) => Result): Result;
}

interface Span {
  end(): void;
}

/** An instrument whose values are read when they are sent. */
type Instrument = object;

interface Observer {
  observe(instrument: Instrument, value: number, labels: Readonly<Record<string, string>>): void;
}

interface Meter {
  createObservableGauge(name: string, options: { readonly description: string }): Instrument;
  createObservableCounter(name: string, options: { readonly description: string }): Instrument;
  addBatchObservableCallback(
    callback: (observer: Observer) => void,
    instruments: readonly Instrument[],
  ): void;
}

const SCOPE = "kontiki";

/** Whether the runtime sends anything; in an executable that was decided when it was compiled. */
function isOn(): boolean {
  return isWanted() && !Deno.build.standalone;
}

function isWanted(): boolean {
  return ["true", "1"].includes(Deno.env.get("OTEL_DENO") ?? "");
}

/** Begins the span of a request, and returns what ends it; `null`: nothing is sent. */
export function requestSpans(): ((kind: "read" | "write") => () => void) | null {
  if (!isOn()) return null;
  const tracer: Tracer = Deno.telemetry.tracerProvider.getTracer(SCOPE);
  return (kind) => {
    const span = tracer.startSpan(`kontiki.${kind}`);
    return () => span.end();
  };
}

/** Runs work in a span below the one that is active; `null`: nothing is sent. */
export function nestedSpans():
  | (<Result>(name: string, work: () => Promise<Result>) => Promise<Result>)
  | null {
  if (!isOn()) return null;
  const tracer: Tracer = Deno.telemetry.tracerProvider.getTracer(SCOPE);
  return (name, work) =>
    tracer.startActiveSpan(name, async (span) => {
      try {
        return await work();
      } finally {
        span.end();
      }
    });
}

/** Has the samples sent in the interval that the environment says, or never. */
export function sendMetrics(samples: () => readonly Sample[], warn: (line: string) => void): void {
  if (isWanted() && !isOn()) {
    warn("OTEL_DENO has no effect on the executable: run the node from source to send telemetry");
  }
  if (!isOn()) return;
  const meter: Meter = Deno.telemetry.meterProvider.getMeter(SCOPE);
  const instruments = new Map<string, Instrument>();
  for (const [name, { type, help: description }] of Object.entries(METRICS)) {
    if (type === "gauge") {
      instruments.set(name, meter.createObservableGauge(name, { description }));
      continue;
    }
    // Buckets that were counted here cannot be sent; their number and sum can.
    const lines = type === "histogram" ? [`${name}_count`, `${name}_sum`] : [name];
    for (const line of lines) {
      instruments.set(line, meter.createObservableCounter(line, { description }));
    }
  }
  meter.addBatchObservableCallback((observer) => {
    for (const [line, labels, value] of samples()) {
      const instrument = instruments.get(line);
      if (instrument !== undefined) observer.observe(instrument, value, labels);
    }
  }, [...instruments.values()]);
}
