/** Command lines that contradict themselves, or lack something, are refused with exit code 2 before a cluster is looked for. */
import { expect, test } from "vitest";
import { ExpectedError } from "../../../lib/model/errors.ts";
import { run } from "./fake-world.ts";

test.each([
  ["list pod/web", '"pod/web" is not a node; name nodes as NODE or node/NODE'],
  ["list worker-1 -l zone=b", "cannot specify both a node name and a --selector option"],
  ["check", "USAGE: check NODE [flags]"],
  ["check worker-1 -l zone=b", "cannot specify both a node name and a --selector option"],
  ["check worker-1 -n prod", "check looks at the VMs of all namespaces: it takes no --namespace"],
  ["check worker-1 -o wide", 'invalid argument "wide" for "--output" flag: must be one of: json, yaml'],
  ["check worker-1 --waive NotLiveMigratable", "--waive: NotLiveMigratable cannot be waived"],
  ["check worker-1 --pod-selector 'a in'", "--pod-selector=a in must be a valid label selector"],
  ["check worker-1 --grace-period 0", "--grace-period=0 would cut off guests without a shutdown"],
  ["drain", "USAGE: drain NODE [flags]"],
  ["drain worker-1 -l zone=b --yes", "cannot specify both a node name and a --selector option"],
  ["drain worker-1 -n prod --yes", "drain looks at the VMs of all namespaces: it takes no --namespace"],
  ["drain worker-1 -o json", "nobody is asked with -o json: pass --yes, or --dry-run for the plan alone"],
  ["drain worker-1 -o yaml", 'invalid argument "yaml" for "--output" flag: must be one of: json'],
  ["drain worker-1 --max-parallel=-1", 'invalid argument "-1" for "--max-parallel" flag: must be 0 or more'],
  ["drain worker-1 --timeout 5", 'invalid argument "5" for "--timeout" flag: must be a duration'],
  ["drain worker-1 --dry-run=maybe", 'invalid argument "maybe" for "--dry-run" flag: must be one of: none, client'],
  ["abort", "USAGE: abort NODE [flags]"],
  ["abort worker-1 worker-2", "USAGE: abort NODE [flags]"],
  ["abort worker-1 -n prod", "abort looks at the VMs of all namespaces: it takes no --namespace"],
  ["uncordon", "USAGE: uncordon NODE [flags]"],
  ["uncordon worker-1 -n prod", "uncordon looks at the VMs of all namespaces: it takes no --namespace"],
  ["uncordon worker-1 --waive HeldByNobody", '--waive: there is no code "HeldByNobody"'],
  ["practice --nodes 5", "the scenario maintenance says which nodes there are: --nodes is for the scenario fleet"],
  ["practice --scenario calm", 'there is no scenario "calm"'],
  ["practice --speed 0", 'invalid argument "0" for "--speed" flag: must be a number above 0'],
  ["practice kubectl get nodes", "practice takes no arguments: kubectl get nodes"],
])("%s", async (line, message) => {
  const { code, stdout, stderr } = await run(line);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(`error: ${message}`);
  expect(stderr).toContain(`See 'kubectl vmnode ${line.split(" ")[0]} -h' for help and examples`);
});

test("practice takes a number of nodes that is none for the scenario's own, whatever the scenario", async () => {
  const temporaryDirectory = async () => {
    throw new ExpectedError("here it would start");
  };
  expect((await run("practice --nodes 0", { temporaryDirectory })).stderr).toBe("error: here it would start");
});

test("drain says why there is no --disable-eviction", async () => {
  const { code, stderr } = await run("drain worker-1 --disable-eviction");
  expect(code).toBe(2);
  expect(stderr).toContain("unknown flag: --disable-eviction");
  expect(stderr).toContain("passes by KubeVirt's protection");
});

test("flags of kubectl drain that guides paste are accepted", async () => {
  const line =
    "drain worker-1 --ignore-daemonsets --delete-emptydir-data --delete-local-data --force --chunk-size=0 --yes";
  expect(await run(line)).toMatchObject({ code: 1, stderr: "error: this test has no cluster" });
});
