/** Reads objects whose names are known, by whichever way costs less: one by one, by namespace, or all at once. */
import type { ResourceType } from "../kube/api.ts";
import type { ExpectedError } from "../model/errors.ts";
import { keyOf } from "../model/kubernetes.ts";
import { type Attempt, type Decoder, gapOf, isForbidden, type Reading } from "./reading.ts";

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

/**
 * A list is given up as soon as it turns out to hold more objects than this, and more than so many for each that is wanted: what it
 * costs must not grow with the rest of the cluster.
 */
const listed = { atLeast: 100, forEach: 4 };
/** The first page, which tells how many there are, has as many objects as are wanted, but not fewer than this. */
const smallestPage = 50;
const pageSize = 500;

/** Those of the named objects that exist; what could not be read is noted as a gap. Empty namespaces mean cluster-scoped objects. */
export async function readNamed<T extends Named>(
  reading: Reading,
  kind: NamedKind<T>,
  names: Iterable<ObjectName>,
): Promise<readonly T[]> {
  const wanted = new Map<string, ObjectName>();
  for (const name of names) wanted.set(keyOf(name), name);
  const groups = [...Map.groupBy(wanted.values(), (name) => name.namespace)];
  const isSmall = (group: readonly ObjectName[]) => group.length <= kind.singlesAtMost;
  const requests = groups.reduce((sum, [, group]) => sum + (isSmall(group) ? group.length : 1), 0);

  if (requests > kind.requestsAtMost) {
    const everywhere = await readByList(reading, kind, undefined, [...wanted.values()]);
    if (everywhere.ok) return everywhere.value;
    if (!isForbidden(everywhere.error)) return noteFailure(reading, kind, everywhere.error);
  }
  const read = groups.map(async ([namespace, group]) => {
    if (isSmall(group)) return await readSingly(reading, kind, group);
    const list = await readByList(reading, kind, namespace === "" ? undefined : namespace, group);
    return list.ok ? list.value : noteFailure(reading, kind, list.error, namespace === "" ? undefined : namespace);
  });
  return (await Promise.all(read)).flat();
}

interface Named {
  readonly metadata: ObjectName;
}

/** By list while that is not much larger than what is wanted of it, the others one by one. */
async function readByList<T extends Named>(
  reading: Reading,
  kind: NamedKind<T>,
  namespace: string | undefined,
  wanted: readonly ObjectName[],
): Promise<Attempt<readonly T[]>> {
  const only = new Set(wanted.map(keyOf));
  const enough = Math.max(listed.atLeast, listed.forEach * wanted.length);
  const found: T[] = [];
  let left = enough;
  let limit = Math.min(pageSize, Math.max(smallestPage, wanted.length));
  let from: string | undefined;
  do {
    const page = await reading.attemptPage(kind.type, { namespace, only }, kind.decode, { limit, from });
    if (!page.ok) return page;
    found.push(...page.value.items);
    const { rest } = page.value;
    if (rest === undefined || found.length === only.size) return { ok: true, value: found };
    left -= limit;
    limit = Math.min(pageSize, left);
    from = (rest.count ?? 0) <= left ? rest.from : undefined;
  } while (from !== undefined && left > 0);
  const known = new Set(found.map(({ metadata }) => keyOf(metadata)));
  const others = wanted.filter((name) => !known.has(keyOf(name)));
  return { ok: true, value: [...found, ...(await readSingly(reading, kind, others))] };
}

async function readSingly<T>(
  reading: Reading,
  { type, decode }: NamedKind<T>,
  names: readonly ObjectName[],
): Promise<readonly T[]> {
  const objects = names.map(({ namespace, name }) =>
    reading.get({ type, namespace: namespace === "" ? undefined : namespace, name }, decode),
  );
  return (await Promise.all(objects)).filter((object) => object !== undefined);
}

function noteFailure<T>(
  reading: Reading,
  { type }: NamedKind<T>,
  error: ExpectedError,
  namespace?: string,
): readonly T[] {
  reading.noteGap(gapOf(type, "list", namespace, error));
  return [];
}
