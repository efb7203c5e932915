/** What keeps a VM of a dead node from starting elsewhere, or makes it wait: its disks, room, and KubeVirt's age (C9 to C12, C19). */
import type { RecoveryRow } from "../model/dossier.ts";
import {
  isFinishedPod,
  keyOf,
  type PersistentVolumeClaim,
  type Pod,
  type VolumeAttachment,
} from "../model/kubernetes.ts";
import { matchesNode } from "../model/selectors.ts";
import { restartArrival } from "./arrivals.ts";
import { listing, named } from "./findings.ts";
import { type Fit, PlacesInOrder, placeAll, type Request } from "./placement.ts";
import type { Casualty, RowVerdict } from "./recovery-rows.ts";
import { placesOf } from "./room.ts";
import { findGap, type Index } from "./subjects.ts";

export interface HintContext {
  readonly index: Index;
  readonly node: string;
  readonly attachments: readonly VolumeAttachment[];
  readonly method: "taint" | "delete";
  /** It is proven that the host is off. */
  readonly proven: boolean;
  /** KubeVirt fails a VMI as soon as its pod is gone (1.2). */
  readonly failsAtOnce: boolean;
}

/** Where the VMs that are started again would find room, by the casualty's UID. */
export function placeCasualties(index: Index, verdicts: ReadonlyMap<Casualty, RowVerdict>): ReadonlyMap<string, Fit> {
  // Without the other nodes nothing can be said of room there.
  if (findGap(index.facts, "nodes") !== undefined) return new Map();
  const requests: Request[] = [];
  for (const [{ uid, vmi, launchers }, { outcome }] of verdicts) {
    const pod = launchers.find((launcher) => !isFinishedPod(launcher));
    if (outcome !== "restarts" || vmi === undefined || pod === undefined) continue;
    requests.push({ key: uid, arrival: restartArrival(index, pod, vmi), moves: false });
  }
  return requests.length === 0 ? new Map() : placeAll(requests, new PlacesInOrder(placesOf(index))).fits;
}

/** The verdict with what its disks, room elsewhere and KubeVirt's version add. */
export function withHints(
  context: HintContext,
  casualty: Casualty,
  verdict: RowVerdict,
  { fit, disks }: { readonly fit: Fit | undefined; readonly disks: Disks },
): RowVerdict {
  if (verdict.outcome !== "restarts" && verdict.outcome !== "stays-down") return verdict;
  const stuck = boundDisk(context, casualty, disks);
  if (verdict.outcome === "stays-down") {
    // Whoever starts it by hand needs to know.
    const also = stuck === undefined ? [] : [`Its disk ${stuck} exists only on ${context.node}.`];
    return { ...verdict, sentences: [...verdict.sentences, ...also] };
  }
  if (stuck !== undefined)
    return downBecause("C9", verdict, {
      sentence: `Its disk ${stuck} exists only on ${context.node}: it stays down until the node returns.`,
      fix: `kubectl vmnode uncordon ${context.node}`,
    });
  if (fit?.kind === "none")
    return downBecause("C10", verdict, {
      sentence: `No other node fits: ${fit.summary}. It stays down until one does.`,
      fix: `kubectl edit vm ${named(casualty)}`,
    });
  const hints = [...waitHints(context, disks), ...sharedHint(context, disks), ...lateHint(context)];
  const [first] = hints;
  return {
    ...verdict,
    row: isOwnersRow(verdict.row) ? (first?.row ?? verdict.row) : verdict.row,
    sentences: [...verdict.sentences, ...hints.map(({ sentence }) => sentence)],
  };
}

/** C13 and C17 say no more than that it starts again; a row before them says what it was doing and stays. */
function isOwnersRow(row: RecoveryRow): boolean {
  return row === "C13" || row === "C17";
}

interface Obstacle {
  readonly sentence: string;
  /** What a person can do about it. */
  readonly fix: string;
}

function downBecause(row: RecoveryRow, verdict: RowVerdict, { sentence, fix }: Obstacle): RowVerdict {
  const keeps = !isOwnersRow(verdict.row);
  return {
    row: keeps ? verdict.row : row,
    outcome: "stays-down",
    sentences: keeps ? [...verdict.sentences.slice(0, 1), sentence] : [sentence],
    fix,
  };
}

/** The claims of a VM, and what of them is still attached to the node. */
export interface Disks {
  readonly claims: readonly PersistentVolumeClaim[];
  /** Those that only one node, or one pod, may use at a time and whose volume is attached here. */
  readonly attached: readonly PersistentVolumeClaim[];
}

/** The disks of a VM: those of its VMI, and those of its pods on the node (hotplugged ones among them). */
export function disksOfCasualty(
  index: Index,
  attachments: readonly VolumeAttachment[],
  { namespace, vmi }: Pick<Casualty, "namespace" | "vmi">,
  pods: readonly Pod[],
): Disks {
  const names = new Set(
    [...(vmi?.spec.volumes ?? []), ...pods.flatMap((pod) => pod.spec.volumes)].flatMap(
      ({ claimName }) => claimName ?? [],
    ),
  );
  const claims = [...names].flatMap((name) => index.claims.get(keyOf({ namespace, name })) ?? []);
  const onNode = new Set(attachments.flatMap(({ persistentVolumeName }) => persistentVolumeName ?? []));
  const attached = claims.filter((claim) => !isShared(claim) && onNode.has(claim.volumeName ?? ""));
  return { claims, attached };
}

function isShared({ accessModes }: PersistentVolumeClaim): boolean {
  return isWrittenFromAnywhere(accessModes) || accessModes.includes("ReadOnlyMany");
}

function isWrittenFromAnywhere(accessModes: readonly string[]): boolean {
  return accessModes.includes("ReadWriteMany");
}

/** C9: a file on the node, or a volume that no other node reaches. */
function boundDisk({ index, node }: HintContext, { vmi }: Casualty, { claims }: Disks): string | undefined {
  const file = vmi?.spec.volumes.find(({ hostDisk }) => hostDisk);
  if (file !== undefined) return file.name;
  if (findGap(index.facts, "nodes") !== undefined) return undefined;
  const others = index.facts.nodes.filter(({ metadata }) => metadata.name !== node);
  return claims.find(({ volumeName }) => {
    const affinity = volumeName === undefined ? undefined : index.volumes.get(volumeName)?.nodeAffinity;
    return affinity !== undefined && !others.some(({ metadata }) => matchesNode(metadata, affinity));
  })?.metadata.name;
}

interface Hint {
  readonly row?: RecoveryRow | undefined;
  readonly sentence: string;
}

/** C11 and C12. */
function waitHints({ method }: HintContext, { claims, attached }: Disks): Hint[] {
  const hints: Hint[] = [];
  const single = claims.find(({ accessModes }) => accessModes.includes("ReadWriteOncePod"));
  if (single !== undefined) {
    const sentence = `Disk ${single.metadata.name} is ReadWriteOncePod: it waits until the old pod is removed.`;
    hints.push({ row: "C11", sentence });
  }
  if (attached.length > 0) {
    const how =
      method === "taint"
        ? "at once under the out-of-service taint"
        : "when its attachment is deleted, or after about 6 min";
    const disks = listing(attached.map(({ metadata }) => metadata.name));
    const which = attached.length === 1 ? `its disk ${disks}` : `its disks ${disks}`;
    hints.push({ row: "C12", sentence: `Waits for ${which} to be detached: ${how}.` });
  }
  return hints;
}

/** Shared disks are attached to both hosts without any exclusion. */
function sharedHint({ proven }: HintContext, { claims }: Disks): Hint[] {
  if (proven || !claims.some(({ accessModes }) => isWrittenFromAnywhere(accessModes))) return [];
  return [{ sentence: "Nothing but a host that is off keeps two copies of it from writing to its shared disk." }];
}

/** C19. */
function lateHint({ index, failsAtOnce }: HintContext): Hint[] {
  if (failsAtOnce) return [];
  const version = index.facts.versions.kubevirt ?? "this version";
  return [{ sentence: `KubeVirt ${version} notices only when the heartbeat is 5 min old that its pod is gone.` }];
}
