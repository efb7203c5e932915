/** Dossiers from objects that are incomplete, broken or malicious: nothing throws, and nothing is taken for dead by mistake. */
import { describe, expect, it } from "vitest";
import { assessLiveness, gateOf } from "../../../lib/assess/liveness.ts";
import { recoveryRoomWanted } from "../../../lib/assess/recovery.ts";
import type { LostNodeFacts } from "../../../lib/model/lost-node.ts";
import { decodeNode, decodePod } from "../../../lib/observe/decode/core.ts";
import { decodeVmi } from "../../../lib/observe/decode/kubevirt.ts";
import { someFacts } from "../../builders/facts.ts";
import { death, dossierOf, lostNode, readingAt } from "./lost-node.ts";
import { aHotplugPod, anAttachment, recoveryCases } from "./recovery-cases.ts";
import { generator, thinned } from "./thinned.ts";

/** All the cases of the decision table on one node, and whatever else a dossier looks at. */
function richNode(): LostNodeFacts {
  const cases = recoveryCases.map(({ lost }) => lost.facts);
  return lostNode(
    someFacts({
      pods: [...cases.flatMap(({ pods }) => pods), aHotplugPod()],
      vmis: cases.flatMap(({ vmis }) => vmis),
      virtualMachines: cases.flatMap(({ virtualMachines }) => virtualMachines),
      migrations: cases.flatMap(({ migrations }) => migrations),
      claims: cases.flatMap(({ claims }) => claims),
      volumes: cases.flatMap(({ volumes }) => volumes),
    }),
    {
      attachments: [anAttachment("pv-data")],
      controlPlane: [aHotplugPod("api")],
      power: [{ source: "Machine", state: "off", since: "2026-08-22T14:31:00Z", detail: "reports the instance off" }],
    },
  );
}

describe("whatever the objects lack", () => {
  it("there is a dossier, with a row and a reason for every VM", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const rich = richNode();
      const random = generator(seed);
      // What the program itself puts into a picture does not come from the cluster.
      const facts = { ...thinned(rich.facts, random), targets: ["worker-1"], time: rich.facts.time };
      const thin: LostNodeFacts = {
        ...thinned(rich, random),
        facts,
        node: "worker-1",
        signs: rich.signs,
        power: rich.power,
      };
      const dossier = dossierOf(thin);
      expect(JSON.parse(JSON.stringify(dossier)), `seed ${seed}`).toMatchObject({ node: "worker-1" });
      for (const vm of dossier.vms) expect(vm.reason, `seed ${seed}, ${vm.name}`).toMatch(/\w+.*\.$/);
      recoveryRoomWanted(facts);
    }
  });

  it("no sign that makes no sense is life or death", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const signs = readingAt(600, death);
      const { object, lease, containers } = signs;
      const thin = { ...signs, ...thinned({ time: signs.time, heartbeat: signs.heartbeat }, random) };
      const broken = {
        ...thin,
        object: thinnedSeen(object),
        lease: thinnedSeen(lease),
        containers: thinnedSeen(containers),
      };
      function thinnedSeen<T>(seen: T): T {
        return { ...seen, ...thinned({ value: (seen as { value?: unknown }).value }, random) };
      }
      expect(["unproven", "undecided"], `seed ${seed}`).toContain(assessLiveness(broken).verdict);
      assessLiveness(broken, readingAt(620, death));
      gateOf(readingAt(600, death), broken);
    }
  });
});

describe("objects as bare as the API can send them", () => {
  it("a VMI and a pod without spec and status, on a node without status", () => {
    const metadata = { name: "x", namespace: "prod", uid: "u" };
    const vmi = decodeVmi({ metadata });
    const pod = decodePod({
      metadata: { ...metadata, labels: { "kubevirt.io": "virt-launcher" }, annotations: { "kubevirt.io/domain": "x" } },
      spec: { nodeName: "worker-1" },
    });
    const node = decodeNode({ metadata: { name: "worker-1", uid: "n" } });
    if (vmi === undefined || pod === undefined || node === undefined) throw new Error("not decoded");
    const lost = lostNode(someFacts({ vmis: [vmi], pods: [pod], nodes: [node], kubevirt: undefined }));
    expect(dossierOf(lost).vms).toMatchObject([{ name: "x", row: "C18", outcome: "stays-down" }]);
  });
});
