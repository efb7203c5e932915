/** Reads all VMIs of a large cluster for a forecast: of each only what a rule looks at, so that ten thousand weigh little. */
import type { Gap } from "../model/facts.ts";
import type { VirtualMachineInstance } from "../model/kubevirt.ts";
import { appLabel, createdByLabel, evictionSourceAnnotation, launcherApp } from "../platform/names.ts";
import { decodeVmi } from "./decode/kubevirt.ts";
import type { Reading } from "./reading.ts";
import { resourceTypes } from "./resource-types.ts";

/** The objects are large: so that a page is reduced and dropped before it weighs. */
const vmisAtATime = 96;

export interface LeanVmis {
  /**
   * Of all namespaces, those included that have ended; undefined when they could not be listed. Each has the labels of its launcher
   * pod, so that the pod can have the same.
   */
  readonly items: readonly VirtualMachineInstance[] | undefined;
  /** What is missing among them. */
  readonly gaps: readonly Gap[];
}

/** Reads them page by page; what cannot be listed is a gap. */
export async function readLeanVmis(reading: Reading): Promise<LeanVmis> {
  const items = await reading.list(resourceTypes.vmis, { limit: vmisAtATime }, decodeLean);
  return { items, gaps: reading.gaps.filter(({ resource }) => resource === resourceTypes.vmis.plural) };
}

function decodeLean(object: unknown): VirtualMachineInstance | undefined {
  const vmi = decodeVmi(object);
  if (vmi === undefined) return undefined;
  const { metadata } = vmi;
  const source = metadata.annotations[evictionSourceAnnotation];
  const annotations: Record<string, string> = source === undefined ? {} : { [evictionSourceAnnotation]: source };
  const labels = { ...metadata.labels, [appLabel]: launcherApp, [createdByLabel]: metadata.uid };
  return { ...vmi, metadata: { ...metadata, annotations, labels, finalizers: [] } };
}
