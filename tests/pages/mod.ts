/**
 * Pages that show a history or a soak run.
 *
 * @module
 */

export { type SeedPage, seedPage } from "./seed_page.ts";
export { SeedRecorder } from "./seed_recorder.ts";
export { timelinePage } from "./timeline.ts";
