/** Tests of {@linkcode FileStorage} on a simulated disk; crashes and damage are in `tests/`. @module */

import { storageSuite } from "../tests/harness/storage_suite.ts";
import { IDENTITY, smallStorage } from "../tests/harness/file_storage_home.ts";
import { SimDisk } from "../tests/harness/sim_disk.ts";
import { FileStorage } from "./file_storage.ts";

storageSuite("FileStorage with small limits", () => {
  const disk = new SimDisk();
  return Promise.resolve({
    open: () => Promise.resolve(smallStorage(disk.open())),
    remove: () => Promise.resolve(),
  });
});

storageSuite("FileStorage after power cuts", () => {
  const disk = new SimDisk();
  return Promise.resolve({
    open: () => {
      disk.cutPowerHard();
      return Promise.resolve(new FileStorage({ files: disk.open(), identity: IDENTITY }));
    },
    remove: () => Promise.resolve(),
  });
});
