/** Documents for programs (`-o json|yaml|name`); what makes them is loaded by who asks for one. */
import type { MachineDocument, MachineFormat } from "../lib/report/machine.ts";

type Documents = typeof import("../lib/report/machine.ts");

/** The lines of the document that `make` makes. */
export async function documentLines(
  format: MachineFormat,
  make: (documents: Documents) => MachineDocument,
): Promise<string[]> {
  const documents = await import("../lib/report/machine.ts");
  return documents.machineLines(make(documents), format);
}
