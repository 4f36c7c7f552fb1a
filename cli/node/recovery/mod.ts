/**
 * A new cluster out of a folder that survived.
 *
 * @module
 */

export {
  finish,
  isCutOff,
  lastOf,
  type Old,
  openOld,
  recover,
  type Recovered,
  TABLES_FOLDER,
} from "./recovery.ts";
export { realDisk, type RecoveryDisk } from "./recovery_disk.ts";
