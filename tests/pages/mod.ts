/**
 * Pages that show a history or a soak run.
 *
 * @module
 */

export { timelinePage } from "./timeline.ts";
