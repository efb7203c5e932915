/** What `doctor` finds out: what runs here, what the cluster offers, and what the user may do there. Nothing in it is secret or names anybody. */
export interface Diagnosis {
  readonly client: ClientDiagnosis;
  readonly completion: CompletionDiagnosis;
  /** Undefined when the cluster could not be asked; `problems` says why. */
  readonly cluster?: ClusterDiagnosis | undefined;
  /** What keeps the program from working, the gravest first. */
  readonly problems: readonly string[];
}

export interface ClientDiagnosis {
  /** With a leading `v`. */
  readonly version: string;
  /** `linux/amd64`, in the words of Go. */
  readonly platform: string;
  /** The version of Node inside. */
  readonly runtime: string;
  /** `kubectl` or `oc`. */
  readonly startedBy: string;
}

export interface CompletionDiagnosis {
  readonly state: "installed" | "missing" | "stale" | "foreign" | "shadowed" | "unknown";
  /** The link would be found. */
  readonly onPath: boolean;
}

export interface ClusterDiagnosis {
  readonly kubernetes: string | undefined;
  readonly kubevirt: string | undefined;
  /** `Deployed`, and what else KubeVirt says of itself. */
  readonly kubevirtPhase: string | undefined;
  readonly flavour: string;
  readonly apis: readonly ApiDiagnosis[];
  /** How far the server's clock is ahead of ours, to a second or two; undefined when it told no time. */
  readonly clockAheadSeconds: number | undefined;
  readonly roles: readonly RoleDiagnosis[];
}

export interface ApiDiagnosis {
  readonly name: string;
  readonly state: "served" | "unavailable" | "absent";
  /** What is missing without it. */
  readonly purpose: string;
}

export interface RoleDiagnosis {
  /** As in docs/rbac. */
  readonly role: string;
  readonly commands: readonly string[];
  /** As `list pods`, or `delete volumeattachments.storage.k8s.io`. */
  readonly missing: readonly string[];
  /** Rights of which the server did not say whether we have them. */
  readonly unknown: readonly string[];
}
