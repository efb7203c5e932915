/** The plugin manifest for Krew, rendered from krew/vmnode.yaml.tmpl in the way krew-release-bot renders it. */

/**
 * Fills in the two things that the template may contain: the tag, and `addURIAndSha`, which is the address of an archive with its
 * checksum below it (krew-release-bot, pkg/source/template.go). `sha256` is asked by the name of the archive, and throws when there is none.
 */
export function renderManifest(template: string, tag: string, sha256: (archive: string) => string): string {
  const withTag = (text: string) => text.replace(/\{\{\s*\.TagName\s*\}\}/g, () => tag);
  const withArchives = template.replace(/\{\{\s*addURIAndSha "([^"]+)" \.TagName\s*\}\}/g, (_all, address: string) => {
    const uri = withTag(address);
    return `uri: ${uri}\n    sha256: ${sha256(uri.slice(uri.lastIndexOf("/") + 1))}`;
  });
  const manifest = withTag(withArchives);
  const left = /\{\{.*?\}\}/.exec(manifest);
  if (left !== null) throw new Error(`the template contains something unknown: ${left[0]}`);
  return manifest;
}
