/**
 * A folder for one test, gone when the test is over.
 *
 * @module
 */

/** Gives the work a new folder, and removes it whatever happened. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
