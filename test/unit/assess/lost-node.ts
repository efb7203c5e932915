/** A node that is lost, in tests: what its signs of life look like at any moment of a story, and the facts around it. */

import { assessLiveness, type Evidence } from "../../../lib/assess/liveness.ts";
import { assessRecovery, type RecoveryOptions } from "../../../lib/assess/recovery.ts";
import type { Dossier, Liveness, VmRecovery } from "../../../lib/model/dossier.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Node, Taint } from "../../../lib/model/kubernetes.ts";
import type { LostNodeFacts, NodeSigns, Seen, WrittenField } from "../../../lib/model/lost-node.ts";
import { someFacts } from "../../builders/facts.ts";
import { aCondition, aNode, at } from "../../builders/kubernetes.ts";

export const failed = { kind: "unreadable", forbidden: false, reason: "connection refused" } as const;
export const forbidden = { kind: "unreadable", forbidden: true, reason: "forbidden: get leases" } as const;
export const absent = { kind: "absent" } as const;

/** What happened to worker-1. Times are seconds on the API server's clock; 0 is `now` of the builders. */
export interface Story {
  /** When the kubelet stopped; absent: it goes on. */
  readonly kubeletStops?: number;
  readonly handlerStops?: number;
  /** When a host that was lost is up again, with another bootID. */
  readonly backAt?: number;
  /** Seconds by which the node's clock is fast. */
  readonly nodeClock?: number;
  /** Seconds by which our own clock is fast. */
  readonly ourClock?: number;
  /** False: the API server keeps no managedFields. */
  readonly managedFields?: boolean;
  /** False: the API server tells no time. */
  readonly serverTime?: boolean;
  readonly heartbeat?: "written" | "never";
  readonly lease?: "there" | Seen<never>;
  readonly node?: "there" | Seen<never>;
  readonly taints?: readonly Taint[];
  /** When the containers of a pod there were last reported. */
  readonly containers?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

const renewalSeconds = 10;
const heartbeatSeconds = 132;
const graceSeconds = 50;

/** The host dies as a whole at 0. */
export const death: Story = { kubeletStops: 0, handlerStops: 0 };

/** What a reading `seconds` after 0 sees. */
export function readingAt(seconds: number, story: Story): NodeSigns {
  const isBack = story.backAt !== undefined && seconds >= story.backAt;
  const write = (every: number, stops: number | undefined, phase: number): WrittenField => {
    const begin = isBack ? (story.backAt ?? 0) : -100_000;
    const until = isBack ? seconds : Math.min(seconds, stops ?? seconds);
    const written = begin + phase + Math.floor((until - begin - phase) / every) * every;
    return field(story, written, seconds);
  };
  const lease = write(renewalSeconds, story.kubeletStops, 3);
  const heartbeat = write(heartbeatSeconds, story.handlerStops, 70);
  return {
    node: "worker-1",
    time: story.serverTime === false ? undefined : at(seconds),
    localTime: at(seconds + (story.ourClock ?? 0)),
    object: story.node === undefined || story.node === "there" ? seen(nodeAt(seconds, story, isBack)) : story.node,
    heartbeat: story.heartbeat === "never" || (story.node ?? "there") !== "there" ? undefined : heartbeat,
    lease: story.lease === undefined || story.lease === "there" ? seen(lease) : story.lease,
    containers: seen([
      { ...field(story, story.containers ?? -5000, seconds), pod: { namespace: "prod", name: "virt-launcher-a" } },
    ]),
  };
}

function field({ nodeClock = 0, managedFields, serverTime }: Story, written: number, read: number): WrittenField {
  return {
    value: at(written + nodeClock),
    writtenAt: managedFields === false ? undefined : at(written),
    readAt: serverTime === false ? undefined : at(read),
  };
}

function nodeAt(seconds: number, story: Story, isBack: boolean): Node {
  const missedAt = (story.kubeletStops ?? Number.POSITIVE_INFINITY) + graceSeconds;
  const missed = !isBack && seconds >= missedAt;
  const node = aNode("worker-1", { taints: story.taints ?? [], annotations: story.annotations ?? {} });
  const since = missed ? missedAt : isBack ? (story.backAt ?? 0) : -90_000;
  const ready = aCondition("Ready", missed ? "Unknown" : "True", { lastTransitionTime: at(since) });
  return { ...node, status: { ...node.status, conditions: [ready], bootID: isBack ? "boot-after" : "boot-before" } };
}

function seen<T>(value: T): Seen<T> {
  return { kind: "seen", value };
}

export const nothingElse: Evidence = { power: [], record: { kind: "none" }, gaps: [] };

/** The verdict from one reading. */
export function verdictAt(seconds: number, story: Story, evidence: Partial<Evidence> = {}): Liveness {
  return assessLiveness(readingAt(seconds, story), undefined, { ...nothingElse, ...evidence });
}

export function signOf(liveness: Pick<Liveness, "signs">, source: string) {
  const sign = liveness.signs.find((one) => one.source === source);
  if (sign === undefined) throw new Error(`no sign ${source}`);
  return sign;
}

/** worker-1, dead for ten minutes, with these facts around it. */
export function lostNode(facts: Facts = someFacts(), fields: Partial<LostNodeFacts> = {}): LostNodeFacts {
  return {
    node: "worker-1",
    facts,
    signs: readingAt(600, { ...death, ...(facts.nodes.some(isLost) ? {} : { node: absent }) }),
    power: [],
    attachments: [],
    controlPlane: [],
    record: { kind: "none" },
    mayPatchNode: true,
    ...fields,
  };
}

function isLost({ metadata }: Node): boolean {
  return metadata.name === "worker-1";
}

export function dossierOf(lost: LostNodeFacts, options?: RecoveryOptions): Dossier {
  const { power, record, facts } = lost;
  return assessRecovery(lost, assessLiveness(lost.signs, undefined, { power, record, gaps: facts.gaps }), options);
}

/** What becomes of the VM with that name, or of the only one. */
export function recoveryOf(lost: LostNodeFacts, name?: string, options?: RecoveryOptions): VmRecovery {
  const { vms } = dossierOf(lost, options);
  const vm = name === undefined ? vms[0] : vms.find((one) => one.name === name);
  if (vm === undefined || (name === undefined && vms.length > 1)) throw new Error(`${vms.length} VMs, none ${name}`);
  return vm;
}
