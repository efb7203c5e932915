/** Tells apart what the API server answers to an eviction: KubeVirt's webhooks, budgets, and everything else. */
import type { EvictionAnswer, EvictionAnswerKind } from "../model/eviction.ts";
import { objectOf, objectsOf, textOf } from "../model/json.ts";
import { hotplugWebhook, launcherWebhook } from "./names.ts";

interface StatusBody {
  readonly message: string;
  readonly causes: readonly { readonly type: string; readonly message: string }[];
  readonly retryAfterSeconds?: number | undefined;
}

/**
 * Classifies the answer to an eviction. `code` is the HTTP status (0 when no answer came), `body` the decoded JSON, normally a
 * Status, or the text that came instead. Follows pkg/registry/core/pod/storage/eviction.go of Kubernetes and KubeVirt's
 * pkg/virt-api/webhooks/validating-webhook/admitters/pod-eviction-admitter.go; the numeric code is decisive, because the
 * refusals of a webhook carry no reason.
 */
export function classifyEviction(code: number, body: unknown): EvictionAnswer {
  const status = readStatus(body);
  const budget = budgetNamed(status);
  return {
    kind: kindOf(code, status),
    code,
    // The server's own word is "Unauthorized", which tells nobody what to do.
    message:
      code === 401 ? "You must be logged in to the server: log in again, then repeat the command" : status.message,
    ...(budget === undefined ? {} : { budget }),
    ...(status.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: status.retryAfterSeconds }),
  };
}

function kindOf(code: number, status: StatusBody): EvictionAnswerKind {
  if (code >= 200 && code < 300) return "evicted";
  if (code === 404) return "gone";
  // A UID precondition that is not met: another pod has the name now.
  if (code === 409) return /uid/i.test(status.message) ? "gone" : "retry";
  if (code === 0 || code === 408) return "retry";
  if (isFromOtherWebhook(status.message)) return "refused";
  if (code === 429) return kindOf429(status);
  if (code === 401) return "forbidden";
  if (code === 403) return kindOf403(status);
  if (status.message.includes("more than one PodDisruptionBudget")) return "several-budgets";
  if (status.message.includes("failed calling webhook")) return "webhook-unreachable";
  if (status.message.includes("Non-matching dry-run options")) return "refused";
  return code >= 500 ? "retry" : "refused";
}

/** Texts of the launcher's and the hotplug pod's webhook, in the words of KubeVirt's source. */
const refusals: readonly (readonly [RegExp, EvictionAnswerKind])[] = [
  [/Eviction triggered evacuation of VMI/, "evacuating"],
  [/is configured with an eviction strategy but is not live-migratable/, "not-migratable"],
  [/Eviction request for target Pod/, "migration-target"],
  [/cannot evict hotplug pod:/, "hotplug"],
  [/kubevirt failed getting the vmi:.*not found/s, "orphan"],
  [/kubevirt failed |failed to parse the eviction object|failed getting owner for hotplug pod/, "retry"],
];

function kindOf429(status: StatusBody): EvictionAnswerKind {
  for (const [text, kind] of refusals) if (text.test(status.message)) return kind;
  if (status.causes.some((cause) => cause.type === "DisruptionBudget")) return "budget";
  if (status.message.includes("violate the pod's disruption budget")) return "budget";
  // What is left is the API server itself, which asks everybody to slow down.
  return "retry";
}

function kindOf403(status: StatusBody): EvictionAnswerKind {
  if (status.causes.some((cause) => cause.type === "NamespaceTerminating")) return "namespace-terminating";
  if (/pdb disruptions allowed is negative|DisruptedPods map too big/.test(status.message)) return "budget";
  return "forbidden";
}

function isFromOtherWebhook(message: string): boolean {
  const name = /admission webhook "([^"]*)" denied the request/.exec(message)?.[1];
  return name !== undefined && name !== launcherWebhook && name !== hotplugWebhook;
}

/** The budget's name stands only in the texts of the causes: `The disruption budget X needs 1 healthy pods and has 1 currently`. */
function budgetNamed(status: StatusBody): string | undefined {
  const texts = [...status.causes.map((cause) => cause.message), status.message];
  for (const text of texts) {
    const name = /[Tt]he disruption budget (\S+) /.exec(text)?.[1] ?? /PodDisruptionBudget "([^"]+)"/.exec(text)?.[1];
    if (name !== undefined) return name;
  }
  return undefined;
}

function readStatus(body: unknown): StatusBody {
  if (typeof body === "string") return { message: body, causes: [] };
  const fields = objectOf(body);
  const details = objectOf(fields.details);
  const causes = objectsOf(details.causes);
  const seconds = details.retryAfterSeconds;
  return {
    message: textOf(fields.message),
    causes: causes.map((cause) => ({ type: textOf(cause.reason), message: textOf(cause.message) })),
    retryAfterSeconds: typeof seconds === "number" && seconds > 0 ? seconds : undefined,
  };
}
