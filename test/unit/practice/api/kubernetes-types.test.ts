/** The practice server's knowledge of Kubernetes' types is that of the client library. */
import { expect, it } from "vitest";
import { kubernetesTypes } from "../../../../lib/practice/api/kubernetes-types.ts";
import { kubernetesTypesOfClient, releaseOfClient } from "../../../kubernetes-types.ts";

it("knows the fields of every built-in kind that is served; `node test/kubernetes-types.ts` brings them up to date", async () => {
  const types = Object.fromEntries(await kubernetesTypesOfClient());
  const stale = Object.keys({ ...types, ...kubernetesTypes }).filter((name) => types[name] !== kubernetesTypes[name]);
  expect(stale).toEqual([]);
});

it("takes them from the Kubernetes release whose server it imitates", () => {
  expect(releaseOfClient()).toBe("release-1.36");
});
