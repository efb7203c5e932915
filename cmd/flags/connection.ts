/** The flags that every command takes: kubectl's connection flags with kubectl's names and meaning (cli-runtime `ConfigFlags`), and --color. */
import type { ConnectionOptions } from "../../lib/kube/effective-config.ts";
import type { Flags, FlagValues } from "../command.ts";

export const connectionFlags = {
  as: {
    kind: "string",
    description: "Username to impersonate. It can be a regular user or a service account in a namespace.",
  },
  asGroup: { kind: "list", description: "Group to impersonate; may be repeated to give several groups." },
  asUid: { kind: "string", description: "UID to impersonate." },
  asUserExtra: { kind: "list", description: "Extra of the impersonated user, as key=value; may be repeated." },
  cacheDir: { kind: "string", hidden: true, description: "Accepted as kubectl's; nothing is cached." },
  certificateAuthority: { kind: "string", description: "Path to a certificate file of the certificate authority." },
  clientCertificate: { kind: "string", description: "Path to a client certificate file for TLS." },
  clientKey: { kind: "string", description: "Path to a client key file for TLS." },
  cluster: { kind: "string", description: "The name of the kubeconfig cluster to use." },
  color: {
    kind: "choice",
    choices: ["auto", "always", "never"],
    default: "auto",
    description: "Colour the output: auto (on a terminal, unless NO_COLOR is set), always or never.",
  },
  context: { kind: "string", description: "The name of the kubeconfig context to use." },
  disableCompression: { kind: "boolean", hidden: true, description: "Accepted as kubectl's; has no effect." },
  insecureSkipTlsVerify: {
    kind: "boolean",
    description: "Do not check the server's certificate. This makes your HTTPS connections insecure.",
  },
  kubeconfig: { kind: "string", description: "Path to the kubeconfig file to use." },
  namespace: { kind: "string", short: "n", description: "The namespace whose VMs are shown; only for list." },
  password: { kind: "string", hidden: true, description: "Password for basic authentication." },
  requestTimeout: {
    kind: "string",
    default: "30s",
    description:
      "How long to wait for one answer of the server: a number of seconds, or a number with its unit (1s, 2m, 3h). 0 waits for ever.",
  },
  server: { kind: "string", short: "s", description: "The address and port of the Kubernetes API server." },
  tlsServerName: {
    kind: "string",
    description: "Name to expect in the server's certificate; the host of the address when not given.",
  },
  token: { kind: "string", description: "Bearer token for authentication to the API server." },
  user: { kind: "string", description: "The name of the kubeconfig user to use." },
  username: { kind: "string", hidden: true, description: "Username for basic authentication." },
  v: {
    kind: "integer",
    short: "v",
    default: "0",
    atLeast: 0,
    description: "How much to tell about requests: 0 to 10.",
  },
} as const satisfies Flags;

type ConnectionValues = FlagValues<typeof connectionFlags>;

/** The part of a command's options that says where to connect, and as whom. A false --insecure-skip-tls-verify leaves the kubeconfig's word. */
export function connectionOptions(options: ConnectionValues): ConnectionOptions {
  return { ...options, insecureSkipTlsVerify: options.insecureSkipTlsVerify || undefined };
}
