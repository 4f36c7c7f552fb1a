/**
 * The members of a cluster as values: a configuration with its quorums, the steps of a change, the
 * configurations of a log, and their bytes in an entry.
 *
 * @module
 */
export { checkChange, entered, left } from "./change.ts";
export { Configuration, type Member, type Members, type TargetMembers } from "./configuration.ts";
export { Configurations, type Placed } from "./configurations.ts";
export { decodeMembers, encodeMembers } from "./members_codec.ts";
