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
    await removeFolder(folder);
  }
}

/** Removes a folder that a process which is about to end may still write to. */
export async function removeFolder(folder: string): Promise<void> {
  for (let left = 100;; left--) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      // The only sign of "directory not empty" is in the message.
      if (left === 0 || !/not empty/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
