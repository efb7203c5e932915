/** Documents for programs (`-o json|yaml|name`); what makes them is loaded by who asks for one. */
import type { MachineDocument, MachineFormat } from "../lib/report/machine.ts";

/** The lines of the document in the format. */
export async function documentLines(document: MachineDocument, format: MachineFormat): Promise<string[]> {
  const { machineLines } = await import("../lib/report/machine.ts");
  return machineLines(document, format);
}
