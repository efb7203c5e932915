/** What keeps a VM of a dead node from starting elsewhere, or makes it wait: its disks, room, and KubeVirt's age (C9 to C12, C19). */
import type { RecoveryRow } from "../model/dossier.ts";
import {
  isFinishedPod,
  keyOf,
  type PersistentVolumeClaim,
  type Pod,
  type VolumeAttachment,
} from "../model/kubernetes.ts";
import type { Obstacle } from "../model/record.ts";
import { matchesNode } from "../model/selectors.ts";
import { restartArrival } from "./arrivals.ts";
import { listing, named } from "./findings.ts";
import { type Fit, PlacesInOrder, placeAll, type Request } from "./placement.ts";
import { type Casualty, followsOf, type RowVerdict } from "./recovery-rows.ts";
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

export interface HintInput {
  readonly fit: Fit | undefined;
  readonly disks: Disks;
  /** What a recovery that is taken up has seen, where the pods that tell it are gone. */
  readonly recorded: Obstacle | undefined;
}

/** The verdict with what its disks, room elsewhere and KubeVirt's version add. */
export function withHints(
  context: HintContext,
  casualty: Casualty,
  verdict: RowVerdict,
  { fit, disks, recorded }: HintInput,
): RowVerdict {
  if (verdict.outcome !== "restarts" && verdict.outcome !== "stays-down") return verdict;
  const disk = boundDisk(context, casualty, disks) ?? recorded?.disk;
  if (disk !== undefined) return hindered(verdict, { disk }, casualty, context.node);
  if (verdict.outcome === "stays-down") return verdict;
  const pushesOut = fit?.kind === "none" && fit.victims.length > 0 ? fit.victims : undefined;
  const noFit = fit?.kind === "none" ? fit.summary : recorded?.noFit;
  if (noFit !== undefined && pushesOut === undefined) return hindered(verdict, { noFit }, casualty, context.node);
  const hints = [...waitHints(context, disks), ...sharedHint(context, disks), ...lateHint(context)];
  const [first] = hints;
  return {
    ...verdict,
    row: isOwnersRow(verdict.row) ? (first?.row ?? verdict.row) : verdict.row,
    sentences: [...verdict.sentences, ...hints.map(({ sentence }) => sentence)],
    pushesOut,
  };
}

/** C9 and C10: the verdict on a VM that cannot start elsewhere. One that stays down anyway keeps its row and its command. */
export function hindered(
  verdict: RowVerdict,
  obstacle: Obstacle,
  vm: { readonly namespace: string; readonly name: string },
  node: string,
): RowVerdict {
  const { disk, noFit } = obstacle;
  if (verdict.outcome === "stays-down") {
    // Whoever starts it by hand needs to know.
    const also = disk === undefined ? [] : [`Its disk ${disk} exists only on ${node}.`];
    const follows = [...followsOf(verdict), ...also];
    return { ...verdict, sentences: [...verdict.sentences, ...also], follows, obstacle };
  }
  const because =
    disk === undefined
      ? downBecause("C10", verdict, {
          sentence: `No other node fits: ${noFit}. It stays down until one does.`,
          fix: `kubectl edit vm ${named(vm)}`,
        })
      : downBecause("C9", verdict, {
          sentence: `Its disk ${disk} exists only on ${node}: it stays down until the node returns.`,
          fix: `kubectl vmnode uncordon ${node}`,
        });
  return { ...because, obstacle };
}

/** C13 and C17 say no more than that it starts again; a row before them says what it was doing and stays. */
function isOwnersRow(row: RecoveryRow): boolean {
  return row === "C13" || row === "C17";
}

interface Cause {
  readonly sentence: string;
  /** What a person can do about it. */
  readonly fix: string;
}

function downBecause(row: RecoveryRow, verdict: RowVerdict, { sentence, fix }: Cause): RowVerdict {
  const keeps = !isOwnersRow(verdict.row);
  return {
    row: keeps ? verdict.row : row,
    outcome: "stays-down",
    sentences: keeps ? [...verdict.sentences.slice(0, 1), sentence] : [sentence],
    follows: [sentence],
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

export const sharedDisk = "Nothing but a host that is off keeps two copies of it from writing to its shared disk.";

/** Shared disks are attached to both hosts without any exclusion. */
function sharedHint({ proven }: HintContext, { claims }: Disks): Hint[] {
  if (proven || !claims.some(({ accessModes }) => isWrittenFromAnywhere(accessModes))) return [];
  return [{ sentence: sharedDisk }];
}

/** C19. */
function lateHint({ index, failsAtOnce }: HintContext): Hint[] {
  if (failsAtOnce) return [];
  const version = index.facts.versions.kubevirt ?? "this version";
  return [{ sentence: `KubeVirt ${version} notices only when the heartbeat is 5 min old that its pod is gone.` }];
}
