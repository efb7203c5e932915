/** `subresources.kubevirt.io`: requests that kube-apiserver passes on to virt-api (kube-aggregator pkg/apiserver/handler_proxy.go). */
import { isMap } from "../fields.ts";
import { isAllowed } from "./authorization.ts";
import { readBody } from "./body.ts";
import { type ApiContext, type Call, isDryRun, type Reply } from "./call.ts";

export const aggregatedGroup = "subresources.kubevirt.io";
export const aggregatedVersions: readonly string[] = ["v1", "v1alpha3"];

/** What virt-api lists of itself (kubevirt pkg/virt-api/api.go). */
export const aggregatedResources: readonly string[] = [
  "expand-vm-spec",
  ...[
    "vnc",
    "vnc/screenshot",
    "console",
    "portforward",
    "backup",
    "redefine-checkpoint",
    "pause",
    "unpause",
    "freeze",
    "unfreeze",
    "reset",
    "softreboot",
  ].map((name) => `virtualmachineinstances/${name}`),
  ...["start", "stop", "restart", "migrate", "expand-spec", "objectgraph", "evacuate/cancel"].map(
    (name) => `virtualmachines/${name}`,
  ),
  ...[
    "guestosinfo",
    "userlist",
    "filesystemlist",
    "addvolume",
    "removevolume",
    "objectgraph",
    "sev/fetchcertchain",
    "sev/querylaunchmeasurement",
    "sev/setupsession",
    "sev/injectlaunchsecret",
    "evacuate/cancel",
  ].map((name) => `virtualmachineinstances/${name}`),
];

/** The proxy's answer while no endpoint of virt-api is ready: plain text, not a Status. */
export const serviceUnavailable: Reply = {
  status: 503,
  text: "service unavailable\n",
  contentType: "text/plain; charset=utf-8",
};

/** True while virt-api can be reached. */
export function isAggregatedUp(context: ApiContext): boolean {
  const probe = {
    method: "GET",
    version: "v1",
    path: [],
    accept: "",
    body: undefined,
    dryRun: false,
    user: "",
    groups: [],
  };
  return context.aggregated({ ...probe, mayAlso: () => true }) !== undefined;
}

/** Passes a request on; kube-apiserver has authorised its first subresource by now. */
export function proxyAggregated(context: ApiContext, call: Call): Reply {
  const { namespace, version, parts, subresource, verb, group } = call.info;
  const [resource, name, ...path] = parts;
  const body = call.body.length === 0 ? undefined : readBody(call);
  const dryRunInBody = isMap(body) && Array.isArray(body.dryRun) && body.dryRun[0] === "All";
  const answer = context.aggregated({
    method: call.method,
    version,
    namespace: namespace || undefined,
    resource,
    name,
    path,
    accept: call.header("accept"),
    body,
    dryRun: isDryRun(call) || dryRunInBody,
    user: call.user.name,
    groups: call.user.groups,
    mayAlso: (joined) =>
      isAllowed(context.store, call.user, {
        verb,
        group,
        version,
        namespace,
        resource: resource ?? "",
        subresource: joined || subresource,
        name: name ?? "",
      }),
  });
  if (answer === undefined) return serviceUnavailable;
  const { status, body: found } = answer;
  if (typeof found === "string") return { status, text: found, contentType: "text/plain; charset=utf-8" };
  return found === undefined ? { status, text: "" } : { status, value: found };
}
