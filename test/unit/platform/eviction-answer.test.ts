/** What an answer to an eviction means, in the wording of every release that sends it. */
import { describe, expect, it } from "vitest";
import type { EvictionAnswerKind } from "../../../lib/model/eviction.ts";
import { classifyEviction } from "../../../lib/platform/eviction-answer.ts";

const launcher = 'admission webhook "virt-launcher-eviction-interceptor.kubevirt.io" denied the request: ';
const hotplug = 'admission webhook "hotplug-pod-eviction-interceptor.kubevirt.io" denied the request: ';

interface Row {
  readonly answer: string;
  readonly code: number;
  readonly message?: string;
  readonly reason?: string;
  readonly cause?: { readonly reason: string; readonly message: string };
  readonly retryAfterSeconds?: number;
  readonly kind: EvictionAnswerKind;
  readonly budget?: string;
}

const violated = "Cannot evict pod as it would violate the pod's disruption budget.";

const rows: readonly Row[] = [
  { answer: "201", code: 201, kind: "evicted" },
  { answer: "200", code: 200, kind: "evicted" },
  { answer: "404", code: 404, message: 'pods "virt-launcher-a-x" not found', reason: "NotFound", kind: "gone" },
  {
    answer: "a UID that no longer fits",
    code: 409,
    message: "Precondition failed: UID in precondition: a, UID in object meta: b",
    reason: "Conflict",
    kind: "gone",
  },
  {
    answer: "the mark was set",
    code: 429,
    message: `${launcher}Eviction triggered evacuation of VMI "prod/web"`,
    kind: "evacuating",
  },
  {
    answer: "the mark was there already",
    code: 429,
    message: `${launcher}Evacuation in progress: Eviction triggered evacuation of VMI "prod/web"`,
    kind: "evacuating",
  },
  {
    answer: "LiveMigrate, not migratable",
    code: 429,
    message: `${launcher}VMI web is configured with an eviction strategy but is not live-migratable`,
    kind: "not-migratable",
  },
  {
    answer: "the target pod of a migration",
    code: 429,
    message: `${launcher}Eviction request for target Pod`,
    kind: "migration-target",
  },
  {
    answer: "a hotplug pod",
    code: 429,
    message: `${hotplug}cannot evict hotplug pod: hp-volume-x associated with running vmi: web in namespace prod`,
    kind: "hotplug",
  },
  {
    answer: "a launcher pod without VMI",
    code: 429,
    message: `${launcher}kubevirt failed getting the vmi: virtualmachineinstances.kubevirt.io "web" not found`,
    kind: "orphan",
  },
  {
    answer: "the VMI cannot be read",
    code: 429,
    message: `${launcher}kubevirt failed getting the vmi: etcdserver: request timed out`,
    kind: "retry",
  },
  {
    answer: "the mark could not be set",
    code: 429,
    message: `${launcher}kubevirt failed marking the vmi for eviction: conflict`,
    kind: "retry",
  },
  {
    answer: "the webhook could not parse",
    code: 429,
    message: `${launcher}failed to parse the eviction object: unexpected end of JSON input`,
    kind: "retry",
  },
  {
    answer: "the hotplug pod's owner cannot be read",
    code: 429,
    message: `${hotplug}failed getting owner for hotplug pod: timeout`,
    kind: "retry",
  },
  {
    answer: "a spent budget",
    code: 429,
    message: violated,
    reason: "TooManyRequests",
    cause: {
      reason: "DisruptionBudget",
      message: "The disruption budget ledger needs 1 healthy pods and has 1 currently",
    },
    kind: "budget",
    budget: "ledger",
  },
  {
    answer: "a budget that is still being processed",
    code: 429,
    message: violated,
    reason: "TooManyRequests",
    cause: {
      reason: "DisruptionBudget",
      message: "The disruption budget ledger is still being processed by the server.",
    },
    retryAfterSeconds: 10,
    kind: "budget",
    budget: "ledger",
  },
  {
    answer: "a budget with negative allowance",
    code: 403,
    message: 'pods "a" is forbidden: pdb disruptions allowed is negative',
    reason: "Forbidden",
    kind: "budget",
  },
  {
    answer: "several budgets",
    code: 500,
    message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    kind: "several-budgets",
  },
  {
    answer: "virt-api is down",
    code: 500,
    message:
      'Internal error occurred: failed calling webhook "virt-launcher-eviction-interceptor.kubevirt.io": connection refused',
    reason: "InternalError",
    kind: "webhook-unreachable",
  },
  {
    answer: "conflicts while counting the budget",
    code: 504,
    message: `couldn't update PodDisruptionBudget "ledger" due to conflicts`,
    kind: "retry",
    budget: "ledger",
  },
  { answer: "another fault of the server", code: 500, message: "etcdserver: leader changed", kind: "retry" },
  {
    answer: "the server asks to slow down",
    code: 429,
    message: "Too many requests, please try again later.",
    kind: "retry",
  },
  { answer: "no answer", code: 0, message: "socket hang up", kind: "retry" },
  {
    answer: "a namespace that is being deleted",
    code: 403,
    message: 'pods "a" is forbidden: unable to create new content in namespace prod because it is being terminated',
    reason: "Forbidden",
    cause: { reason: "NamespaceTerminating", message: "namespace prod is being terminated" },
    kind: "namespace-terminating",
  },
  {
    answer: "a user without the right",
    code: 403,
    message: 'pods "a" is forbidden: User "jo" cannot create resource "pods/eviction"',
    reason: "Forbidden",
    kind: "forbidden",
  },
  {
    answer: "another admission webhook",
    code: 403,
    message: 'admission webhook "policy.example.com" denied the request: not on Fridays',
    kind: "refused",
  },
  {
    answer: "another admission webhook that answers 429",
    code: 429,
    message: 'admission webhook "policy.example.com" denied the request: later',
    kind: "refused",
  },
  {
    answer: "dry run in the body but not in the query",
    code: 500,
    message: "Non-matching dry-run options in request and content: [] vs [All]",
    kind: "refused",
  },
  {
    answer: "a bad request",
    code: 400,
    message: "name in URL does not match name in Eviction object",
    kind: "refused",
  },
];

describe("classifyEviction", () => {
  it.each(rows)(
    "takes $code, $answer, for $kind",
    ({ code, message, reason, cause, retryAfterSeconds, kind, budget }) => {
      const details = { causes: cause === undefined ? undefined : [cause], retryAfterSeconds };
      const answer = classifyEviction(code, { kind: "Status", message, reason, details });
      expect(answer).toEqual({
        kind,
        code,
        message: message ?? "",
        ...(budget === undefined ? {} : { budget }),
        ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      });
    },
  );

  it("of a credential that has expired tells what to do, which the server's word does not", () => {
    expect(classifyEviction(401, { kind: "Status", message: "Unauthorized" })).toEqual({
      kind: "forbidden",
      code: 401,
      message: "You must be logged in to the server: log in again, then repeat the command",
    });
  });

  it("reads an answer that is text instead of a Status", () => {
    expect(classifyEviction(502, "<html>Bad Gateway</html>")).toEqual({
      kind: "retry",
      code: 502,
      message: "<html>Bad Gateway</html>",
    });
  });

  it.each([undefined, null, 7, [], { details: { causes: [null, 3] } }, { message: {} }])(
    "survives a body of %j",
    (body) => {
      expect(classifyEviction(429, body)).toMatchObject({ kind: "retry", message: "" });
    },
  );
});
