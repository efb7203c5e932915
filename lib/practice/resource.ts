/** How a served resource is described: names, kind, scope and the server's rules for it. */

export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export interface Resource {
  readonly group: string;
  readonly version: string;
  /** Older versions that are served as well, with the same fields. */
  readonly alsoServed?: readonly string[];
  readonly resource: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly string[];
  /** Cannot be deleted as a collection. */
  readonly oneByOne?: true;
  /** What raises metadata.generation: a change of the spec, any change outside metadata, or nothing. */
  readonly generation: "spec" | "content" | "none";
  /** Defined by a CustomResourceDefinition: no strategic merge patches, no shapes of its own. */
  readonly custom?: true;
  /** additionalPrinterColumns of its definition. */
  readonly printerColumns?: readonly PrinterColumn[];
  /** Kept under another resource's name: core events and those of events.k8s.io are one. */
  readonly storedAs?: { readonly group: string; readonly resource: string };
  /** Deleting answers with the deleted object instead of a Status (registry stores with ReturnDeletedObject). */
  readonly returnsDeleted?: true;
}

export type Traits = Omit<Partial<Resource>, "kind" | "resource">;

/** A namespaced resource without generations, unless the traits say otherwise. */
export function define(group: string, version: string, resource: string, kind: string, traits: Traits = {}): Resource {
  return {
    group,
    version,
    resource,
    singular: kind.toLowerCase(),
    kind,
    listKind: `${kind}List`,
    namespaced: true,
    generation: "none",
    ...traits,
  };
}
