/**
 * `kontiki lease`: leases, which keys can be bound to, begun, renewed, listed and ended by hand.
 *
 * @module
 */

import type { FoundLease, Operation, Result } from "../../kv/mod.ts";
import { onCluster } from "../cluster/mod.ts";
import type { Row } from "../rows/mod.ts";
import {
  countText,
  type ExitReason,
  formatDuration,
  formatTable,
  type Session,
  type SessionContext,
  UsageError,
} from "../table/mod.ts";
import { execute, tell } from "./keys_access.ts";

const LEASE_ACTIONS = ["list", "grant", "renew", "revoke"] as const;

type LeaseContext = SessionContext<Row<"lease">>;

/** `kontiki lease`. */
export const { run, runIn } = onCluster<Row<"lease">>(runLease);

async function runLease(context: LeaseContext, session: Session): Promise<ExitReason> {
  const { args, options: { ttl } } = context;
  const action = LEASE_ACTIONS.find((each) => each === args.action);
  switch (action) {
    case "grant": {
      const lease = 1 + Math.floor(session.random() * 2 ** 52);
      await executeOne(context, session, { op: "grant", lease, ttl });
      say(context, { lease, ttl }, `${lease}`);
      return "ok";
    }
    case "renew": {
      const lease = numberOf(context);
      const done = await executeOne(context, session, { op: "renew", leases: [lease] });
      if (done.op === "renew" && done.gone.length > 0) return gone(context);
      say(context, { lease }, "renewed");
      return "ok";
    }
    case "revoke": {
      const lease = numberOf(context);
      const done = await executeOne(context, session, { op: "revoke", lease });
      if (done.op !== "revoke" || !done.existed) return gone(context);
      say(
        context,
        { lease, deleted: done.count },
        `ended, ${countText(done.count, "key")} deleted`,
      );
      return "ok";
    }
    case "list":
      return await list(context, session);
    case undefined:
      throw new UsageError(
        `Cannot lease: wanted one of ${LEASE_ACTIONS.join(", ")}, got "${args.action}"`,
        "lease",
      );
    default:
      return action satisfies never;
  }
}

const COLUMNS = [{ title: "lease" }, { title: "ttl" }, { title: "left" }];

async function list(context: LeaseContext, session: Session): Promise<ExitReason> {
  const { output } = context;
  const leases: FoundLease[] = [];
  let from = 0;
  do {
    const page = await executeOne(context, session, { op: "leases", from, limit: 1000 });
    if (page.op !== "leases") break;
    leases.push(...page.leases);
    from = page.next;
  } while (from > 0);
  if (output.isJson) {
    for (const lease of leases) output.json({ ...lease });
    return "ok";
  }
  const rows = leases.map(({ lease, ttl, left }) => {
    return [`${lease}`, formatDuration(ttl), formatDuration(left)];
  });
  for (const line of formatTable(COLUMNS, rows)) output.line(line);
  return "ok";
}

async function executeOne(
  context: LeaseContext,
  session: Session,
  operation: Operation,
): Promise<Result> {
  const limits = { ...context, options: { ...context.options, node: null } };
  const { results } = await execute(limits, session, { then: [operation] });
  return results[0]!;
}

function numberOf({ args }: LeaseContext): number {
  const lease = Number(args.lease);
  if (Number.isSafeInteger(lease) && lease > 0) return lease;
  throw new UsageError(`Cannot lease: wanted the number of a lease, got "${args.lease}"`, "lease");
}

function gone(context: LeaseContext): ExitReason {
  return tell(context, "notFound", "The lease has ended, or never began.");
}

function say(
  { output }: LeaseContext,
  what: { readonly [name: string]: number },
  text: string,
): void {
  if (output.isJson) output.json({ outcome: "ok", ...what });
  else output.line(text);
}
