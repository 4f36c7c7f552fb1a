/**
 * Feature levels: what all members of a cluster must know before it may enter the log.
 *
 * @module
 */

export { featuresOf, levelOf, levelOfFeatures, LEVELS, type Levels } from "./levels.ts";
