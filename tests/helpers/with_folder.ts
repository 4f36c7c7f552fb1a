/**
 * Temporary folders of tests.
 *
 * @module
 */

/** Runs `work` with a new folder, which is removed afterwards in any case. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "kontiki-" });
  try {
    return await work(folder);
  } finally {
    await removeFolder(folder);
  }
}

/** Removes a folder, retrying while an ending process still writes to it. */
export async function removeFolder(folder: string): Promise<void> {
  for (let left = 100;; left--) {
    try {
      return await Deno.remove(folder, { recursive: true });
    } catch (error) {
      // Only the message of the error tells "directory not empty" apart.
      if (left === 0 || !/not empty/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
