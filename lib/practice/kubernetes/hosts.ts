/** The machines behind the nodes: what really runs on them, whatever the API says. Faults are made here. */
import { randomUUID } from "node:crypto";
import type { KubeObject } from "../store.ts";

/** A pod's containers on a host, from the start of the first to the end of the last. */
export interface HostedPod {
  /** The pod as the kubelet last saw it. */
  pod: KubeObject;
  state: "starting" | "running" | "stopping" | "killed" | "ended";
  startedAt?: string;
  endedAt?: string;
  exitCode?: number;
  /** What the kubelet waits for next: the start, the end, or the moment to kill. */
  cancel?: () => void;
}

export interface Host {
  readonly name: string;
  powered: boolean;
  /** The kubelet process; its containers go on without it. */
  kubelet: boolean;
  /** The virt-handler process. */
  handler: boolean;
  /** False when the host cannot reach the API server. */
  connected: boolean;
  /** How far the host's clock is ahead. */
  clockSkewMs: number;
  bootId: string;
  /** By pod UID. */
  readonly pods: Map<string, HostedPod>;
}

export type HostFault = Partial<Pick<Host, "powered" | "kubelet" | "handler" | "connected" | "clockSkewMs">>;

export class Hosts {
  readonly #hosts = new Map<string, Host>();
  readonly #listeners: ((host: Host, before: Host) => void)[] = [];

  add(name: string): Host {
    const host: Host = {
      name,
      powered: true,
      kubelet: true,
      handler: true,
      connected: true,
      clockSkewMs: 0,
      bootId: randomUUID(),
      pods: new Map(),
    };
    this.#hosts.set(name, host);
    return host;
  }

  get(name: string | undefined): Host | undefined {
    return name === undefined ? undefined : this.#hosts.get(name);
  }

  all(): Host[] {
    return [...this.#hosts.values()];
  }

  /** Called after a change of a host with the state before it. */
  onChange(listener: (host: Host, before: Host) => void): void {
    this.#listeners.push(listener);
  }

  /** Applies a fault or takes it back. Without power everything on the host is gone; with it again the host has booted anew. */
  change(name: string, fault: HostFault): void {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    const before = { ...host };
    Object.assign(host, fault);
    if (before.powered && !host.powered) {
      for (const pod of host.pods.values()) pod.cancel?.();
      host.pods.clear();
    }
    if (!before.powered && host.powered) host.bootId = randomUUID();
    for (const listener of this.#listeners) listener(host, before);
  }
}

/** True when the host's kubelet works and reaches the API server. */
export function kubeletServes(host: Host | undefined): host is Host {
  return host?.powered === true && host.connected && host.kubelet;
}

/** True when the host's virt-handler works and reaches the API server. */
export function handlerServes(host: Host | undefined): host is Host {
  return host?.powered === true && host.connected && host.handler;
}
