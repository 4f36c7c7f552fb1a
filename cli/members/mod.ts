/**
 * Changes of a cluster's members, by commands and by nodes that ask to be added.
 *
 * @module
 */

export { added, changeMembers } from "./member_change.ts";
