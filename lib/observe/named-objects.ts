/** Reads objects whose names are known, by whichever way costs the cluster less: one by one, by namespace, or all at once. */
import type { ResourceType } from "../kube/api.ts";
import { type Decoder, isForbidden, keyOf, type Reading } from "./reading.ts";

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

export interface NamedKind<T> {
  readonly type: ResourceType;
  readonly decode: Decoder<T>;
  /** With more wanted objects than this in a namespace, the namespace is listed. */
  readonly singlesAtMost: number;
  /** With more requests than this, the whole cluster is listed in one. The larger the objects, the later that pays. */
  readonly requestsAtMost: number;
}

/** Those of the named objects that exist; what could not be read is noted as a gap. Empty namespaces mean cluster-scoped objects. */
export async function readNamed<T>(
  reading: Reading,
  kind: NamedKind<T>,
  names: Iterable<ObjectName>,
): Promise<readonly T[]> {
  const wanted = new Map<string, ObjectName>();
  for (const name of names) wanted.set(keyOf(name), name);
  const only = new Set(wanted.keys());
  const groups = [...Map.groupBy(wanted.values(), (name) => name.namespace)];
  const listed = groups.filter(([, group]) => group.length > kind.singlesAtMost);
  const singles = groups.filter(([, group]) => group.length <= kind.singlesAtMost).flatMap(([, group]) => group);

  if (listed.length + singles.length > kind.requestsAtMost) {
    const everywhere = await reading.attemptList(kind.type, { only }, kind.decode);
    if (everywhere.ok) return everywhere.value;
    if (!isForbidden(everywhere.error)) return noteFailure(reading, kind, everywhere.error.message);
  }
  const read = await Promise.all([
    ...listed.map(([namespace]) =>
      reading.list(kind.type, { namespace: namespace === "" ? undefined : namespace, only }, kind.decode),
    ),
    ...singles.map(async ({ namespace, name }) => {
      const path = { type: kind.type, namespace: namespace === "" ? undefined : namespace, name };
      const object = await reading.get(path, kind.decode);
      return object === undefined ? [] : [object];
    }),
  ]);
  return read.flatMap((objects) => objects ?? []);
}

function noteFailure<T>(reading: Reading, kind: NamedKind<T>, reason: string): readonly T[] {
  reading.noteGap({ resource: kind.type.plural, reason });
  return [];
}
