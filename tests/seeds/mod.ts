/**
 * Runs that failed, as pages to look at.
 *
 * @module
 */

export { labPage } from "./lab_page.ts";
export { kvSeedPages, swarmPage, writePages } from "./seed_pages.ts";
