/** How a shell is led to the practice cluster. */
import { expect, test } from "vitest";
import { useLine } from "../../../cmd/practice.ts";

test.each([
  ["a shell", "linux", "/tmp/vmnode-1/kubeconfig", "export KUBECONFIG=/tmp/vmnode-1/kubeconfig"],
  ["a shell, though the folder has a blank", "darwin", "/my tmp/kubeconfig", "export KUBECONFIG='/my tmp/kubeconfig'"],
  ["PowerShell", "win32", "C:\\My Temp\\kubeconfig", '$env:KUBECONFIG = "C:\\My Temp\\kubeconfig"'],
])("the line to paste is one of %s", (_shell, platform, kubeconfig, line) => {
  expect(useLine(kubeconfig, platform)).toBe(line);
});
