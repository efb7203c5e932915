/** Addresses are shown without who logs in there. */
import { expect, test } from "vitest";
import { withoutUser } from "../../../lib/model/address.ts";

test.each([
  ["https://10.0.0.1:6443/k8s", "https://10.0.0.1:6443/k8s"],
  ["https://jane:secret@10.0.0.1", "https://10.0.0.1"],
  ["gopher://jane:secret@:bad", "gopher://:bad"],
  ["jane:secret@10.0.0.1", "10.0.0.1"],
  ["https://10.0.0.1/clusters/a@b", "https://10.0.0.1/clusters/a@b"],
])("%s is shown as %s", (address, shown) => {
  expect(withoutUser(address)).toBe(shown);
});
