/** Which flavour of KubeVirt a cluster runs is told from what it serves. */
import { describe, expect, it } from "vitest";
import { detectPlatform, isHyperConverged } from "../../../lib/platform/platform.ts";
import { aMeta, anOwner } from "../../builders/kubernetes.ts";
import { aKubeVirt } from "../../builders/kubevirt.ts";

describe("detectPlatform", () => {
  it.each([
    ["upstream", ["apps", "kubevirt.io", "subresources.kubevirt.io"]],
    ["hyperconverged", ["kubevirt.io", "hco.kubevirt.io"]],
    ["harvester", ["kubevirt.io", "harvesterhci.io"]],
  ])("supports %s", (flavour, groups) => {
    expect(detectPlatform(groups)).toEqual({ flavour });
  });

  it.each([
    ["its own group", ["internal.virtualization.deckhouse.io"]],
    ["a group below it", ["migrations.internal.virtualization.deckhouse.io"]],
    ["an upstream KubeVirt beside it", ["kubevirt.io", "internal.virtualization.deckhouse.io"]],
  ])("refuses renamed groups: %s", (_, groups) => {
    const platform = detectPlatform(groups);
    expect(platform.flavour).toBe("deckhouse");
    expect(platform.refusal).toContain("internal.virtualization.deckhouse.io");
  });

  it("refuses a cluster without KubeVirt", () => {
    expect(detectPlatform(["apps"])).toEqual({
      flavour: "none",
      refusal:
        "this cluster does not serve the API group kubevirt.io: KubeVirt is not installed, or its API cannot be seen",
    });
  });

  it("does not take the aggregated API alone for KubeVirt", () => {
    expect(detectPlatform(["subresources.kubevirt.io"]).refusal).toContain(
      "although subresources.kubevirt.io is served",
    );
  });
});

describe("isHyperConverged", () => {
  it("tells by the owner", () => {
    const metadata = aMeta("kubevirt", { ownerReferences: [anOwner("HyperConverged", "kubevirt-hyperconverged")] });
    expect(isHyperConverged({ ...aKubeVirt(), metadata })).toBe(true);
  });

  it("tells by the name that HCO gives", () => {
    expect(isHyperConverged({ ...aKubeVirt(), metadata: aMeta("kubevirt-kubevirt-hyperconverged") })).toBe(true);
  });

  it("does not take a plain installation for one", () => {
    expect(isHyperConverged(aKubeVirt())).toBe(false);
  });
});
