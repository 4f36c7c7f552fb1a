/**
 * Tests of which configuration of a log is in force.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Configuration } from "./configuration.ts";
import { Configurations } from "./configurations.ts";

const placed = (index: number) => ({ index, configuration: Configuration.of([1]) });

function known(...indexes: readonly number[]): Configurations {
  const configurations = new Configurations(placed(0));
  for (const index of indexes) configurations.append(placed(index));
  return configurations;
}

Deno.test("Configurations puts the configuration in force that was appended last", () => {
  assertEquals([known().latest.index, known(4, 7).latest.index], [0, 7]);
});

Deno.test("Configurations knows what was in force at an earlier index", () => {
  const configurations = known(4, 7);
  assertEquals([0, 3, 4, 6, 7, 9].map((at) => configurations.at(at).index), [0, 0, 4, 4, 7, 7]);
});

Deno.test("Configurations goes back to the previous configuration when entries are cut off", () => {
  const configurations = known(4, 7);
  configurations.cut(8);
  assertEquals(configurations.latest.index, 7);
  configurations.cut(7);
  assertEquals(configurations.latest.index, 4);
  configurations.cut(1);
  assertEquals(configurations.latest.index, 0);
  const both = known(4, 7);
  both.cut(4);
  assertEquals(both.latest.index, 0);
});

Deno.test("Configurations forgets configurations that no cut can bring back, and keeps the newest of them", () => {
  const configurations = known(4, 7);
  configurations.forget(6);
  assertEquals([configurations.at(1).index, configurations.at(6).index], [4, 4]);
  configurations.forget(3);
  configurations.cut(1);
  assertEquals(configurations.latest.index, 4);
});
