/** Versions of KubeVirt, and what each can do. */
import { describe, expect, it } from "vitest";
import { type Capabilities, capabilitiesOf, parseKubeVirtVersion } from "../../../lib/platform/version.ts";

describe("parseKubeVirtVersion", () => {
  it.each([
    ["v1.6.2", { major: 1, minor: 6, patch: 2, prerelease: false }],
    ["1.6.2", { major: 1, minor: 6, patch: 2, prerelease: false }],
    ["v1.6.2-v12n.92", { major: 1, minor: 6, patch: 2, prerelease: false }],
    ["v1.9.0-rc.0", { major: 1, minor: 9, patch: 0, prerelease: true }],
    ["v1.9.0-beta.0-123-gabcdef", { major: 1, minor: 9, patch: 0, prerelease: true }],
    ["v0.59.0", { major: 0, minor: 59, patch: 0, prerelease: false }],
    ["v1.5", { major: 1, minor: 5, patch: 0, prerelease: false }],
  ])("reads %s", (text, version) => {
    expect(parseKubeVirtVersion(text)).toEqual(version);
  });

  it.each([undefined, "", "sha256:1.6.2abc", "latest", "v4.19.3", "devel", "v1", "1.2.3.4"])(
    "does not guess at %s",
    (text) => {
      expect(parseKubeVirtVersion(text)).toBeUndefined();
    },
  );
});

describe("capabilitiesOf", () => {
  const since: readonly (readonly [keyof Capabilities, string, string])[] = [
    ["failsVmiWithItsPod", "v1.1.1", "v1.2.0"],
    ["dryRunIsSafe", "v1.3.9", "v1.4.0"],
    ["refusesAlways", "v1.4.1", "v1.5.0"],
    ["failsClosed", "v1.4.1", "v1.5.0"],
    ["guardsHotplugPods", "v1.6.0", "v1.6.1"],
    ["queuesMigrations", "v1.8.2", "v1.9.0"],
  ];

  it.each(since)("%s: not with %s, but with %s and later", (capability, before, first) => {
    expect(capabilitiesOf(before)[capability]).toBe(false);
    expect(capabilitiesOf(`${first}-rc.1`)[capability]).toBe(false);
    expect(capabilitiesOf(first)[capability]).toBe(true);
    expect(capabilitiesOf("v1.20.0")[capability]).toBe(true);
    expect(capabilitiesOf("v0.59.2")[capability]).toBe(false);
  });

  it("gives an unknown version the more dangerous answer", () => {
    expect(capabilitiesOf("sha256:abc")).toEqual({
      failsVmiWithItsPod: true,
      dryRunIsSafe: false,
      refusesAlways: true,
      failsClosed: true,
      guardsHotplugPods: false,
      queuesMigrations: false,
    });
  });

  it("a digest on a server that offers evacuate/cancel is 1.7 or later", () => {
    const { dryRunIsSafe, guardsHotplugPods, queuesMigrations } = capabilitiesOf("sha256:abc", {
      evacuateCancel: true,
    });
    expect({ dryRunIsSafe, guardsHotplugPods, queuesMigrations }).toEqual({
      dryRunIsSafe: true,
      guardsHotplugPods: true,
      queuesMigrations: false,
    });
    expect(capabilitiesOf("sha256:abc", { evacuateCancel: false }).dryRunIsSafe).toBe(false);
  });
});
