/** Shortcuts for tests of the assessment: from a picture to one VM's or one node's verdict. */
import { type AssessOptions, assess } from "../../../lib/assess/check.ts";
import type { Facts } from "../../../lib/model/facts.ts";
import type { Finding, FindingCode } from "../../../lib/model/finding.ts";
import type { Node, Pod } from "../../../lib/model/kubernetes.ts";
import type { NodeVerdict, VmVerdict } from "../../../lib/model/verdict.ts";
import { factsWith } from "../../builders/facts.ts";
import { aNode } from "../../builders/kubernetes.ts";
import { aRunningVm, type VmOptions } from "../../builders/kubevirt.ts";

type Options = Partial<Omit<AssessOptions, "waived">> & { readonly waived?: readonly string[] };

function assessed(facts: Facts, { waived = [], ...options }: Options = {}) {
  return assess(facts, { ...options, waived: new Set(waived) });
}

/** The verdict on the first target. */
export function nodeVerdict(facts: Facts, options?: Options): NodeVerdict {
  const [node] = assessed(facts, options).nodes;
  if (node === undefined) throw new Error("no target");
  return node;
}

/** The verdict on the VM with that name, or the only one on the first target. */
export function vmVerdict(facts: Facts, name?: string, options?: Options): VmVerdict {
  const { vms } = nodeVerdict(facts, options);
  const vm = name === undefined ? vms[0] : vms.find((entry) => entry.name === name);
  if (vm === undefined) throw new Error(`no verdict on ${name ?? "any VM"}`);
  return vm;
}

/** What matters of a verdict: the row, the outcome and the codes of its findings. */
export function brief(vm: VmVerdict): readonly [string, string, ...FindingCode[]] {
  return [vm.row, vm.outcome, ...vm.findings.map((finding) => finding.code)];
}

export function codes(findings: readonly Finding[]): FindingCode[] {
  return findings.map((finding) => finding.code);
}

/** The finding with that code. */
export function findingOf(findings: readonly Finding[], code: FindingCode): Finding {
  const finding = findings.find((entry) => entry.code === code);
  if (finding === undefined) throw new Error(`no finding ${code} among ${codes(findings).join(", ") || "none"}`);
  return finding;
}

/** Why the one other node does not take a VM that must migrate; undefined when it does. */
export function refusal(options: VmOptions, other: Node, pods: readonly Pod[] = [], source = aNode("worker-1")) {
  const facts = factsWith([aRunningVm("web", options)], { nodes: [source, other], roomKnown: ["worker-2"], pods });
  const vm = vmVerdict(facts, "web");
  if (vm.outcome === "moves") return undefined;
  return /no other node fits: (.*)\. The target pod/.exec(vm.findings[0]?.reason ?? "")?.[1];
}
