/**
 * Tests of choosing free ports.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { freePort, isFreePort } from "./free_port.ts";

Deno.test("freePort returns different free ports outside of the range of outgoing connections", () => {
  const ports = Array.from({ length: 100 }, freePort);
  assertEquals(new Set(ports).size, 100);
  for (const port of ports) {
    assert(port < 32_768, `${port}`);
    using listener = Deno.listen({ hostname: "127.0.0.1", port });
    assertEquals(isFreePort((listener.addr as Deno.NetAddr).port), false);
  }
});
