/** Finds contradictions and gaps in the configuration in use, in kubectl's words (client-go `tools/clientcmd/validation.go`). */
import { withoutUser } from "../model/address.ts";
import type { ClusterEntry, UserEntry } from "./kubeconfig.ts";
import { readFile } from "./read-file.ts";

/** What is wrong with the cluster in use, one sentence each. `name` is that of its entry. */
export async function clusterFaults(name: string, cluster: ClusterEntry): Promise<readonly string[]> {
  const faults: string[] = [];
  if (cluster.proxyUrl !== undefined && !/^(https?|socks5h?):\/\/[^/]+/.test(cluster.proxyUrl)) {
    const shown = withoutUser(cluster.proxyUrl);
    faults.push(`invalid 'proxy-url' "${shown}" for cluster "${name}": use http, https or socks5`);
  }
  if (cluster.certificateAuthority && cluster.certificateAuthorityData) {
    faults.push(`certificate-authority-data and certificate-authority are both specified for ${name}`);
  }
  faults.push(...(await unreadable("certificate-authority", cluster.certificateAuthority, name)));
  if (cluster.insecureSkipTlsVerify && (cluster.certificateAuthority || cluster.certificateAuthorityData)) {
    faults.push("specifying a root certificates file with the insecure flag is not allowed");
  }
  return faults;
}

/** What is wrong with the user in use, one sentence each. */
export async function userFaults(name: string, user: UserEntry): Promise<readonly string[]> {
  const faults: string[] = [];
  const certificate = user.clientCertificate ?? user.clientCertificateData;
  if (user.clientCertificate && user.clientCertificateData) {
    faults.push(`client-cert-data and client-cert are both specified for ${name}`);
  }
  if (certificate && user.clientKey && user.clientKeyData) {
    faults.push(`client-key-data and client-key are both specified for ${name}`);
  }
  if (certificate && !user.clientKey && !user.clientKeyData) {
    faults.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method`,
    );
  }
  if (certificate) {
    faults.push(...(await unreadable("client-cert", user.clientCertificate, name)));
    faults.push(...(await unreadable("client-key", user.clientKey, name)));
  }
  faults.push(...execFaults(name, user));
  if (user.token && (user.username || user.password)) {
    faults.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
  }
  if ((user.asUid || user.asGroups || user.asUserExtra) && !user.as) {
    faults.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  }
  return faults;
}

function execFaults(name: string, user: UserEntry): readonly string[] {
  if (user.exec === undefined) return [];
  const { command, apiVersion, interactiveMode, env } = user.exec;
  const mustHave = (what: string) => `${what} must be specified for ${name} to use exec authentication plugin`;
  const faults: string[] = [];
  if (user.authProvider) faults.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
  if (command === "") faults.push(mustHave("command"));
  if (apiVersion === undefined) faults.push(mustHave("apiVersion"));
  if (env.some((variable) => variable.name === "")) faults.push(mustHave("env variable name"));
  if (interactiveMode === undefined) faults.push(mustHave("interactiveMode"));
  else if (!["Never", "IfAvailable", "Always"].includes(interactiveMode)) {
    faults.push(`invalid interactiveMode for ${name}: "${interactiveMode}"`);
  }
  return faults;
}

async function unreadable(what: string, file: string | undefined, name: string): Promise<readonly string[]> {
  if (file === undefined) return [];
  try {
    await readFile(file);
    return [];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason =
      code === "ENOENT" ? "no such file or directory" : code === "EACCES" ? "permission denied" : String(code);
    return [`unable to read ${what} ${file} for ${name} due to open ${file}: ${reason}`];
  }
}

/** Whether there is anything to log in with; without it kubectl would ask for a user name. */
export function identifies(user: UserEntry): boolean {
  return [
    user.token,
    user.tokenFile,
    user.username,
    user.clientCertificate,
    user.clientCertificateData,
    user.authProvider,
    user.exec,
  ].some((credential) => credential !== undefined);
}
