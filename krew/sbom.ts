/** What the executables are made of, for programs that look for known faults in it (a CycloneDX SBOM): the packages in the bundles, and Node. */
import type { BundledPackage } from "./notices.ts";
import type { Platform } from "./platforms.ts";

interface Component {
  readonly type: "library" | "platform";
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly licenses: readonly [{ readonly expression: string }];
  readonly purl: string;
  /** By which faults of it are published. */
  readonly cpe?: string;
}

/** The text of sbom.cdx.json, for all platforms at once. The same input gives the same bytes: it has no time and no number of its own. */
export function sbom(packages: readonly BundledPackage[], platforms: readonly Platform[], version: string): string {
  const nodes = [...new Set(platforms.map(({ node }) => node.version))].sort().map((node) => nodeOf(node, platforms));
  const components = [...packages.map(library), ...nodes].map((each) => ({ "bom-ref": each.purl, ...each }));
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: { type: "application", name: "kubectl-vmnode", version } },
    components,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function library({ name, version, license }: BundledPackage): Component {
  // https://github.com/package-url/purl-spec: the @ of a scope is escaped.
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return { type: "library", name, version, licenses: [{ expression: license }], purl };
}

function nodeOf(version: string, platforms: readonly Platform[]): Component {
  const carriers = platforms.filter(({ node }) => node.version === version);
  return {
    type: "platform",
    name: "node",
    version,
    description: `Node.js, in the executables for ${carriers.map(({ system, arch }) => `${system}/${arch}`).join(", ")}`,
    licenses: [{ expression: "MIT" }],
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
  };
}
