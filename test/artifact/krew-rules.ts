/** What krew asks of a manifest: its own validation, and what the index adds to it (krew's internal/index/validation and cmd/validate-krew-manifest). */
import { load as parse } from "js-yaml";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly shortDescription: string;
    readonly description: string;
    readonly caveats: string;
    readonly homepage: string;
    readonly platforms: readonly ManifestPlatform[];
  };
}

export interface ManifestPlatform {
  readonly uri: string;
  readonly sha256: string;
  readonly bin: string;
  readonly selector: Selector;
  readonly files?: readonly { readonly from: string; readonly to: string }[];
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

export interface OsArch {
  readonly os: string;
  readonly arch: string;
}

const knownPlatforms: readonly OsArch[] = [
  ...["386", "amd64", "arm64"].map((arch) => ({ os: "windows", arch })),
  ...["386", "amd64", "arm", "arm64", "ppc64le"].map((arch) => ({ os: "linux", arch })),
  ...["386", "amd64", "arm64"].map((arch) => ({ os: "darwin", arch })),
];

/** The names that Windows keeps for devices. */
const deviceName = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;
/** semver.org, with the v that krew wants in front. */
const semanticVersion =
  /^v(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/;

/** Every rule that the manifest in the file called `name`.yaml breaks; none when krew and its index would take it. */
export function brokenRules(name: string, text: string): string[] {
  const { apiVersion, kind, metadata, spec } = parse(text) as Manifest;
  const rules: readonly (readonly [string, boolean])[] = [
    ["apiVersion", apiVersion === "krew.googlecontainertools.github.com/v1alpha2"],
    ["kind", kind === "Plugin"],
    ["a name of letters, digits, - and _", /^[\w-]+$/.test(name) && !deviceName.test(name)],
    ["the name of the file", metadata.name === name],
    ["a short description", Boolean(spec.shortDescription)],
    ["a short description of one line", !/[\r\n]/.test(spec.shortDescription)],
    ["a short description of at most 50 characters, without a full stop", /^.{0,49}[^.]$/.test(spec.shortDescription)],
    ["a semantic version with v", semanticVersion.test(spec.version)],
    ["at least one platform", spec.platforms.length > 0],
  ];
  const overlapping = knownPlatforms.filter((each) => spec.platforms.filter((one) => selects(one, each)).length > 1);
  return [
    ...rules.filter(([, kept]) => !kept).map(([rule]) => rule),
    ...spec.platforms.flatMap(brokenPlatformRules),
    ...overlapping.map(({ os, arch }) => `one platform for ${os}/${arch}`),
  ];
}

function brokenPlatformRules(platform: ManifestPlatform): string[] {
  const { uri, sha256, bin, files, selector } = platform;
  const { matchLabels, matchExpressions } = selector ?? {};
  const keys = [...Object.keys(matchLabels ?? {}), ...(matchExpressions ?? []).map(({ key }) => key)];
  const rules: readonly (readonly [string, boolean])[] = [
    ["a uri", Boolean(uri)],
    ["a sha256 of 64 hexadecimal digits", /^[a-f0-9]{64}$/.test(sha256)],
    ["a bin", Boolean(bin)],
    ["files absent or not empty", files === undefined || files.length > 0],
    ["a selector that is not empty", keys.length > 0],
    ["no empty matchLabels", matchLabels === undefined || Object.keys(matchLabels).length > 0],
    ["no empty matchExpressions", matchExpressions === undefined || matchExpressions.length > 0],
    ["a selector of os and arch only", keys.every((key) => key === "os" || key === "arch")],
    ["a selector that some platform satisfies", knownPlatforms.some((known) => selects(platform, known))],
  ];
  return rules.filter(([, kept]) => !kept).map(([rule]) => rule);
}

/** Whether krew would take this platform's archive on such a machine (a label selector of Kubernetes). */
export function selects({ selector }: ManifestPlatform, machine: OsArch): boolean {
  const value = (key: string): string | undefined => (machine as unknown as Record<string, string>)[key];
  const labels = Object.entries(selector?.matchLabels ?? {}).every(([key, wanted]) => value(key) === wanted);
  const expressions = (selector?.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const listed = values.includes(value(key) ?? "");
    if (operator === "In") return listed;
    if (operator === "NotIn") return !listed;
    return operator === "Exists" && value(key) !== undefined;
  });
  return labels && expressions;
}
