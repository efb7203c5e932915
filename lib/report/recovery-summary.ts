/** The end of a recovery: where the VMs run, which stay down and what a person must do about it. */
import type { RecoverySummary, VmProgress } from "../model/progress.ts";
import { runningTime } from "./duration.ts";
import { sanitised } from "./sanitise.ts";
import { stepLines } from "./steps.ts";
import { type Layout, plain, type Style } from "./style.ts";
import { type Trouble, troubleLines } from "./summary.ts";
import { wrapSentence } from "./width.ts";
import { count, vmName } from "./wording.ts";

/** The last lines of `recover`; text is broken to fit into `columns`, commands are not. */
export function recoverySummaryReport(summary: RecoverySummary, { style = plain, columns }: Layout = {}): string[] {
  const safe = sanitised(summary);
  return [
    "",
    ...endLines(safe, style).flatMap((line) => wrapSentence(line, columns)),
    ...runningLines(safe.running).flatMap((line) => wrapSentence(line, columns)),
    ...section("stay down", safe.down, columns),
    ...section(style("bad", "failed"), safe.failed, columns),
    ...section("not at their end yet", safe.open, columns),
    ...section(
      "held, for a person to decide",
      safe.held.map((vm) => ({ ...vm, detail: vm.reason })),
      columns,
    ),
    ...(safe.taintLeft ? ["", ...wrapSentence(taintLine(safe), columns)] : []),
    ...stepLines(safe.nextSteps, columns),
  ];
}

function endLines(summary: RecoverySummary, style: Style): string[] {
  const { end, node, detail } = summary;
  switch (end) {
    case "complete":
      return [style("good", `${node} is recovered.`)];
    case "incomplete":
      return [style("warn", `${node} is not recovered completely.`)];
    case "alive":
      return [style("bad", `STOPPED: ${node} shows life: ${detail}`), ...lifeLines(summary, style)];
    case "withdrawn":
      return [style("bad", `STOPPED: ${detail}`), ...lifeLines(summary, style)];
    case "unreadable":
      return [style("bad", `Stopped: whether ${node} is dead could not be read any more: ${detail}`)];
    case "interrupted":
      return [style("warn", "Interrupted: nothing more is removed; what Kubernetes and KubeVirt have begun goes on.")];
  }
}

/** What its life means for VMs that were started again, and for those that were not reached. */
function lifeLines({ node, running, open, rebooted, condemned }: RecoverySummary, style: Style): string[] {
  const lines = ["Nothing more is removed."];
  if (condemned)
    lines.push(
      `The out-of-service taint was on ${node}: Kubernetes goes on ending the pods that it found there, VMs among them.`,
    );
  if (rebooted) return lines;
  const again = [...running, ...open.filter(({ state }) => state === "starting")].filter(
    ({ state }) => state !== "moved",
  );
  if (again.length === 0) return [...lines, "Look at the host: VMs may run on it."];
  const names = again.map(vmName).join(", ");
  const twice = `MAY RUN TWICE, until the kubelet of ${node} ends the copies there: ${names}. Look at the host now, and at their disks.`;
  return [...lines, style("bad", twice)];
}

function runningLines(running: readonly VmProgress[]): string[] {
  if (running.length === 0) return [];
  return [
    "",
    `${count(running.length, "VM")} ${running.length === 1 ? "runs" : "run"}:`,
    ...running.map((vm) => {
      const where =
        vm.target === undefined
          ? (vm.detail ?? "elsewhere")
          : [`on ${vm.target}`, vm.detail].filter((part) => part !== undefined).join(", ");
      const when = vm.seconds === undefined ? "" : `, ${runningTime(vm.seconds)} after the confirmation`;
      return `  ${vmName(vm)}   ${where}${when}`;
    }),
  ];
}

function section(title: string, vms: readonly Trouble[], columns: number | undefined): string[] {
  if (vms.length === 0) return [];
  return ["", `${title}:`, ...vms.flatMap((vm) => troubleLines(vm, columns))];
}

function taintLine({ node }: RecoverySummary): string {
  return `${node} keeps the taint node.kubernetes.io/out-of-service, under which no pod may run there, until it is uncordoned.`;
}
