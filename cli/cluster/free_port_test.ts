/**
 * Ports for those who listen later.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { freePort, isFreePort } from "./free_port.ts";

Deno.test("freePort gives different ports that can be listened on and that no dialler is given", () => {
  const ports = Array.from({ length: 100 }, freePort);
  assertEquals(new Set(ports).size, 100);
  for (const port of ports) {
    assert(port < 32_768, `${port}`);
    using listener = Deno.listen({ hostname: "127.0.0.1", port });
    assertEquals(isFreePort((listener.addr as Deno.NetAddr).port), false);
  }
});
